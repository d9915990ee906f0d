"""A request's values as people read them; one that no key opens is told, and hides no other."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.choices import ContactBy
from appointments.mails import news_of
from appointments.models import AppointmentRequest
from appointments.models.history import NoteKind
from appointments.services.told import Told, told
from appointments.services.waiting import is_overdue
from appointments.states import Status
from clinic_site.clinic import current_clinic
from clinic_site.crypto.key_ring import CannotRead
from clinic_site.phones import is_known

CANNOT_BE_READ = gettext_lazy("cannot be read (no key of FIELD_KEYS opens it)")
_VISIT_AT = "D, M j, Y, g:i A"


def read(row: Any, name: str, otherwise: Any = CANNOT_BE_READ) -> str:
    """Return the text of an encrypted column, or `otherwise` where no key opens it."""
    try:
        return str(getattr(row, name))
    except CannotRead:
        return str(otherwise)


def answer_of(appointment_request: AppointmentRequest, name: str) -> str:
    """Return an answer in words; "" for none, and what is wrong where no key opens it."""
    try:
        given = appointment_request.answers.get(name)
    except CannotRead:
        return str(CANNOT_BE_READ)
    return given.words if given else ""


# What is told apart from the other facts.
_TOLD_APART = {
    *("kind", "condition", "patient_name", "phone", "email", "message", "contact_name"),
    *("asking_for", "voicemail_ok", "email_ok", "interpreter_language"),
}


def in_short(asked: AppointmentRequest, *, is_to_be_called: bool = True) -> dict[str, Any]:
    """Return who asks for what and how to call them, and as `facts` what else was answered.

    Where no key opens it, its `name` says so, and nothing else is there.
    """
    try:
        asked.answers = answers = asked.answers  # opened once, for all that is read of it
    except CannotRead:
        return {"name": str(CANNOT_BE_READ)}
    return {
        "name": answer_of(asked, "patient_name"),
        "age": _age(asked.answer("date_of_birth")),
        "wish": [each for name in ("kind", "condition") if (each := answer_of(asked, name))],
        "phone": phone_to_dial(asked),
        "email": answer_of(asked, "email"),
        "calling": _calling(asked, is_to_be_called),
        "message": answer_of(asked, "message"),
        "facts": [
            (given.question, given.words)
            for name, given in answers.items()
            if name not in _TOLD_APART
        ],
    }


def _age(date_of_birth: str | None) -> str:
    if not date_of_birth:
        return ""
    born, today = dt.date.fromisoformat(date_of_birth), timezone.localdate()
    return str(today.year - born.year - ((today.month, today.day) < (born.month, born.day)))


def phone_to_dial(appointment_request: AppointmentRequest) -> str:
    """Return the phone number with what was typed beside it, as a link that dials."""
    shown = answer_of(appointment_request, "phone")
    if shown in {"", str(CANNOT_BE_READ)}:
        return shown
    return format_html('<a href="tel:{}">{}</a>', appointment_request.phone, shown)


def _calling(asked: AppointmentRequest, is_to_be_called: bool) -> list[str]:
    who = asked.answer("contact_name")
    ways = [_("ask for %s") % who] if who else []
    if not is_to_be_called:
        return ways
    no = format_html("<strong>{}</strong>", _("no voicemail"))
    ways.append(_("voicemail is fine") if asked.answer("voicemail_ok") else no)
    if language := asked.answer("interpreter_language"):
        ways.append(_("interpreter: %s") % language)
    if asked.answer("contact_by") == ContactBy.EMAIL:
        ways.append(_("answer by email"))
    if not is_known(asked.phone):
        ways.append(_("check the number: it may be mistyped"))
    return ways


def _urgent(words: str) -> SafeString:
    return format_html('<strong class="overdue">{}</strong>', words)


def told_in_words(news: Told) -> list[str]:
    """Return the last mail to a patient, and that they must be called."""
    lines: list[str] = [_urgent(_("must be called"))] if news.must_be_called else []
    if (mail := news.mail) is not None:
        at = date_format(timezone.localtime(mail.sent_at or mail.created_at), "M j, g:i A")
        state = mail.get_state_display()
        lines.append(format_html("{} “{}”: {}, {}", _("mail"), news_of(mail).label, state, at))
    return lines


def rows_of(requests: list[AppointmentRequest], now: dt.datetime) -> list[dict[str, Any]]:
    """Return what to know of each before it is opened; `with_people` has read them."""
    news = told(requests)
    return [_row(each, news[each.pk], now) for each in requests]


def _row(each: AppointmentRequest, news: Told, now: dt.datetime) -> dict[str, Any]:
    row = in_short(each, is_to_be_called=each.state.is_waiting)
    open_by = each.open_by  # type: ignore[attr-defined]
    people = [(_("%s has it"), each.taken_by), (_("%s has it open"), open_by)]
    return {
        **row,
        "request": each,
        "name": Truncator(row["name"]).chars(settings.ROW_NAME),
        "message": Truncator(row.get("message", "")).chars(settings.ROW_MESSAGE),
        "calling": [Truncator(way).chars(settings.ROW_NAME) for way in row.get("calling", ())],
        "stands": [*_stands(each, now), *told_in_words(news)],
        "people": [words % person for words, person in people if person],
    }


def _stands(each: AppointmentRequest, now: dt.datetime) -> list[str]:
    state, status = each.state, each.get_status_display()
    if each.close_reason:
        status = f"{status}: {each.get_close_reason_display()}"
    lines: list[str] = [format_html("<strong>{}</strong>", status)]
    if each.change_requested_at is not None:
        lines.append(_urgent(_("not dealt with yet") if state.has_ended else _("wants a change")))
    if each.status == Status.SCHEDULED and each.visit_at is not None:
        lines.append(date_format(timezone.localtime(each.visit_at), _VISIT_AT))
        if not each.has_visit_ahead(now):
            lines.append(_urgent(_("is over: close it")))
    if state.is_waiting:
        waits = _("waits %s") % timesince(each.received_at, now, depth=1)
        is_late = is_overdue(each, current_clinic(), now)
        lines.append(format_html("{}, {}", waits, _urgent(_("overdue"))) if is_late else waits)
        if each.set_aside_until is not None:
            is_due = each.set_aside_until <= timezone.localdate(now)
            aside = _("was set aside until %s") if is_due else _("set aside until %s")
            until = aside % date_format(each.set_aside_until, "D, M j")
            reason = Truncator(read(each, "set_aside_reason")).chars(settings.ROW_MESSAGE)
            lines.append(f"{until}: {reason}" if reason else until)
    return lines


@dataclass(frozen=True)
class Happened:
    """One thing that happened to a request; `by` is a member of staff, or empty."""

    at: dt.datetime
    what: str
    by: str = ""
    text: str = ""


def history(appointment_request: AppointmentRequest) -> list[Happened]:
    """Return the steps, the calls, the notes and the mails to the patient, in their order."""
    changes = appointment_request.changes.all()
    by = next((change.by for change in changes if not change.from_status), "")
    received = _("received by %s") % appointment_request.get_origin_display()
    happened = [Happened(appointment_request.received_at, received, by)]
    for change in changes:
        if (change.from_status, change.to_status) == ("", Status.NEW):
            continue
        before, after = change.get_from_status_display(), change.get_to_status_display()
        what = f"{before} → {after}" if before else after
        if change.is_undone:
            what = f"{_('undone')}: {what}"
        elif change.close_reason:
            what += f", {change.get_close_reason_display()}"
        if change.visit_at:
            visit = date_format(timezone.localtime(change.visit_at), _VISIT_AT)
            length = _("%d minutes") % (change.visit_minutes or settings.VISIT_MINUTES)
            what += f" ({_('visit')}: {visit}, {length})"
        by_patient = _("the patient") if change.to_status == Status.CANCELLED else ""
        happened.append(Happened(change.at, what, change.by or by_patient))
    for note in appointment_request.notes.select_related("by"):
        what = note.get_kind_display()
        if note.until:
            again = _("undone: set aside until %s again")
            aside = again if note.is_undone else _("set aside until %s")
            what = aside % date_format(note.until, "l, M j")
        elif note.kind == NoteKind.SET_ASIDE:
            what = _("set aside no more")
        by = note.by.get_username() if note.by else ""
        happened.append(Happened(note.at, what, by, read(note, "text")))
    for mail in appointment_request.mails.filter(user=None):
        what = f"{_('mail to the patient')}: {news_of(mail).label}, {mail.get_state_display()}"
        if mail.sent_at:
            what = _("The patient was told: %s") % news_of(mail).label
        happened.append(Happened(mail.sent_at or mail.created_at, what))
    return sorted(happened, key=lambda each: each.at)


# By how an abbreviation begins: the name, and a zone that keeps that time.
_AMERICAN: dict[str, tuple[Any, str]] = {
    "E": (gettext_lazy("Eastern time"), "America/New_York"),
    "C": (gettext_lazy("Central time"), "America/Chicago"),
    "M": (gettext_lazy("Mountain time"), "America/Denver"),
    "P": (gettext_lazy("Pacific time"), "America/Los_Angeles"),
    "AK": (gettext_lazy("Alaska time"), "America/Anchorage"),
    "H": (gettext_lazy("Hawaii time"), "Pacific/Honolulu"),
}


def zone_as_read(at: dt.datetime) -> str:
    """Return the name of the current time zone at that moment, as people say it.

    >>> with timezone.override("America/Chicago"):
    ...     zone_as_read(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    'Central time'
    >>> with timezone.override("Europe/Berlin"):
    ...     zone_as_read(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    'Berlin time'
    >>> with timezone.override("America/Phoenix"):  # an hour from Denver then
    ...     zone_as_read(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    'Phoenix time'
    """
    here = timezone.localtime(at)
    name = here.tzname() or ""
    if american := re.fullmatch(r"(E|C|M|P|AK|H)[SD]T", name):
        words, zone = _AMERICAN[american[1]]
        if at.astimezone(ZoneInfo(zone)).utcoffset() == here.utcoffset():
            return str(words)
    key = getattr(timezone.get_current_timezone(), "key", "")
    if "/" in key:
        return str(_("%s time") % key.rpartition("/")[2].replace("_", " "))
    return name
