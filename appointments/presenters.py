"""A request's values as people read them; one that no key opens is told, and hides no other."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.choices import ContactBy
from appointments.mails import news_of
from appointments.models import AppointmentRequest
from appointments.models.history import NoteKind
from appointments.services.told import Told
from clinic_site.crypto.key_ring import CannotRead
from clinic_site.phones import is_known

CANNOT_BE_READ = gettext_lazy("cannot be read (no key of FIELD_KEYS opens it)")


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


def copy_of_answers(appointment_request: AppointmentRequest) -> list[tuple[str, str]]:
    """Return all that was asked and answered, in words, in the order of the form.

    Staff and patients read the same. Raises CannotRead.
    """
    return [(given.question, given.words) for given in appointment_request.answers.values()]


def facts(appointment_request: AppointmentRequest) -> list[tuple[str, str]]:
    """Return what was answered beside what stands at the top of its page, in words.

    Raises CannotRead.
    """
    shown = {"kind", "condition", "patient_name", "phone", "email", "message", "contact_name"}
    shown |= {"asking_for", "voicemail_ok", "email_ok", "interpreter_language"}
    given = appointment_request.answers.items()
    return [(answer.question, answer.words) for name, answer in given if name not in shown]


def age_of(appointment_request: AppointmentRequest) -> str:
    """Return the patient's age in years; "" where no date of birth is known. Raises CannotRead."""
    try:
        born = dt.date.fromisoformat(appointment_request.answer("date_of_birth") or "")
    except ValueError:
        return ""
    today = timezone.localdate()
    return str(today.year - born.year - ((today.month, today.day) < (born.month, born.day)))


def phone_to_dial(appointment_request: AppointmentRequest) -> str:
    """Return the phone number with what was typed beside it, as a link that dials."""
    shown = answer_of(appointment_request, "phone")
    if shown in {"", str(CANNOT_BE_READ)}:
        return shown
    return format_html('<a href="tel:{}">{}</a>', appointment_request.phone, shown)


def ask_for(appointment_request: AppointmentRequest) -> list[str]:
    """Return whom to ask for, where somebody asks for someone else."""
    who = answer_of(appointment_request, "contact_name")
    return [_("ask for %s") % who] if who else []


def ways_to_call(appointment_request: AppointmentRequest) -> list[str]:
    """Return what whoever calls has to know: voicemail, interpreter, and that email is wanted.

    Raises CannotRead.
    """
    values = {name: answer.value for name, answer in appointment_request.answers.items()}
    ways = [_("voicemail is fine") if values.get("voicemail_ok") else _("no voicemail")]
    if language := values.get("interpreter_language"):
        ways.append(_("interpreter: %s") % language)
    if values.get("contact_by") == ContactBy.EMAIL:
        ways.append(_("answer by email"))
    if not is_known(appointment_request.phone):
        ways.append(_("check the number: it may be mistyped"))
    return ways


def told_in_words(told: Told) -> SafeString:
    """Return what a patient was told last, by mail, and whether they must be called."""
    lines = []
    if told.must_be_called:
        must = _("must be called")
        lines.append(format_html('<strong class="overdue">{}</strong>', must))
    if (mail := told.mail) is not None:
        at = date_format(timezone.localtime(mail.sent_at or mail.created_at), "M j, g:i A")
        state = mail.get_state_display()
        lines.append(format_html("{} “{}”: {}, {}", _("mail"), news_of(mail).label, state, at))
    return format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines))


@dataclass(frozen=True)
class Happened:
    """One thing that happened to a request; `by` is a member of staff, or empty."""

    at: dt.datetime
    what: str
    by: str = ""
    text: str = ""


def history(appointment_request: AppointmentRequest) -> list[Happened]:
    """Return what happened to a request, in order: steps, calls, notes, what its patient was told.

    Mails to staff are no part of it.
    """
    received = _("received by %s") % appointment_request.get_origin_display()
    happened = [Happened(appointment_request.received_at, received)]
    for change in appointment_request.changes.all():
        before, after = change.get_from_status_display(), change.get_to_status_display()
        what = f"{before} → {after}" if before else after
        if change.is_undone:
            what = f"{_('undone')}: {what}"
        elif change.close_reason:
            what += f", {change.get_close_reason_display()}"
        if change.visit_at:
            visit = date_format(timezone.localtime(change.visit_at), "D, M j, Y, g:i A")
            length = _("%d minutes") % (change.visit_minutes or settings.VISIT_MINUTES)
            what += f" ({_('visit')}: {visit}, {length})"
        happened.append(Happened(change.at, what, change.by))
    for note in appointment_request.notes.select_related("by"):
        by = note.by.get_username() if note.by else ""
        what = note.get_kind_display()
        if note.until:
            again = _("undone: set aside until %s again")
            aside = again if note.is_undone else _("set aside until %s")
            what = aside % date_format(note.until, "l, M j")
        elif note.kind == NoteKind.SET_ASIDE:
            what = _("set aside no more")
        happened.append(Happened(note.at, what, by, read(note, "text")))
    for mail in appointment_request.mails.filter(user=None):
        what = f"{_('mail to the patient')}: {news_of(mail).label}, {mail.get_state_display()}"
        if mail.sent_at:
            what = _("The patient was told: %s") % news_of(mail).label
        happened.append(Happened(mail.sent_at or mail.created_at, what))
    return sorted(happened, key=lambda each: each.at)


_AMERICAN: dict[str, Any] = {
    "E": gettext_lazy("Eastern time"),
    "C": gettext_lazy("Central time"),
    "M": gettext_lazy("Mountain time"),
    "P": gettext_lazy("Pacific time"),
    "AK": gettext_lazy("Alaska time"),
    "H": gettext_lazy("Hawaii time"),
}


def zone_as_read(at: dt.datetime) -> str:
    """Return the name of the current time zone at that moment, as people say it.

    >>> with timezone.override("America/Chicago"):
    ...     zone_as_read(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    'Central time'
    >>> with timezone.override("Europe/Berlin"):
    ...     zone_as_read(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    'Berlin time'
    """
    zone = timezone.get_current_timezone()
    key = getattr(zone, "key", "")
    name = timezone.localtime(at).tzname() or ""
    american = re.fullmatch(r"(E|C|M|P|AK|H)[SD]T", name)
    if american and key.startswith(("America/", "US/", "Pacific/")):
        return str(_AMERICAN[american[1]])
    if "/" in key:
        return str(_("%s time") % key.rpartition("/")[2].replace("_", " "))
    return name
