"""A request's values as staff read them; one that no key opens is told, and hides no other."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Field
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.choices import AskingFor, ContactBy
from appointments.models import AppointmentRequest
from clinic_site.crypto.key_ring import CannotRead
from clinic_site.people import phone_as_read

# What a patient sent, in the groups in which staff read it.
SENT = (
    ("What they ask", ("kind", "condition", "message", "change_wanted")),
    (
        "The patient",
        ("patient_name", "date_of_birth", "patient_status", "asking_for", "contact_name"),
    ),
    (
        "How to reach them",
        ("phone", "voicemail_ok", "interpreter_language", "contact_by", "email", "email_ok"),
    ),
    ("Their visit", ("visit_days", "visit_time", "access_needs")),
)
# Where the name of the column would be read as something else.
LABELS = {
    "asking_for": gettext_lazy("who asks"),
    "email_ok": gettext_lazy("wants a receipt by email"),
}


def read(row: Any, name: str) -> Any:
    """Return a field's value in words; "" for none, and what is wrong where no key opens it."""
    try:
        value = getattr(row, name)
        if name == "phone" and value:
            return format_html('<a href="tel:{}">{}</a>', value, phone_as_read(value))
    except CannotRead:
        return _("cannot be read (no key of FIELD_KEYS opens it)")
    if name == "asking_for":
        return _("The patient") if value == AskingFor.SELF else _("Someone else")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dt.date):
        return date_format(value)
    if display := getattr(row, f"get_{name}_display", None):
        return display()
    return value if value is not None else ""


def ways_to_call(row: AppointmentRequest) -> list[str]:
    """Return what whoever calls has to know: voicemail, interpreter, and that email is wanted."""
    ways = [_("voicemail is fine") if row.voicemail_ok else _("no voicemail")]
    if language := read(row, "interpreter_language"):
        ways.append(_("interpreter: %s") % language)
    if row.contact_by == ContactBy.EMAIL:
        ways.append(_("answer by email"))
    return ways


def sent(row: AppointmentRequest) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Return all that a patient sent: groups of labels and values, without what is empty."""
    groups = []
    for heading, names in SENT:
        fields = [(cast(Field, row._meta.get_field(name)), read(row, name)) for name in names]
        shown = [
            (str(LABELS.get(field.name, field.verbose_name)), value)
            for field, value in fields
            if value != ""
        ]
        groups.append((_(heading), shown))
    return groups


@dataclass(frozen=True)
class Happened:
    """One thing that happened to a request; `by` is a member of staff, or empty."""

    at: dt.datetime
    what: str
    by: str = ""
    text: str = ""


def history(row: AppointmentRequest) -> list[Happened]:
    """Return what happened to a request, in order: changes of status, calls and notes, mails."""
    happened = []
    for change in row.changes.all():
        before, after = change.get_from_status_display(), change.get_to_status_display()
        what = f"{before} → {after}" if before else after
        if change.close_reason:
            what += f", {change.get_close_reason_display()}"
        if change.visit_at:
            visit = date_format(timezone.localtime(change.visit_at), "D, M j, Y, g:i A")
            what += f" ({_('visit')}: {visit})"
        happened.append(Happened(change.at, what, change.by))
    for note in row.notes.select_related("by"):
        by = note.by.get_username() if note.by else ""
        happened.append(Happened(note.at, note.get_kind_display(), by, read(note, "text")))
    for mail in row.mails.all():
        what = f"{_('mail')}: {mail.get_kind_display()}, {mail.get_state_display()}"
        happened.append(Happened(mail.sent_at or mail.created_at, what))
    return sorted(happened, key=lambda each: each.at)
