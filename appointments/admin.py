"""Requests from patients in Django's admin: staff read them, note what they did, set the status."""

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.db.models import Field
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appointments.encryption import CannotRead, EncryptedTextField
from appointments.models import WAITING, AppointmentRequest
from clinic_site.people import phone_as_read


def _opened(name: str) -> Callable[[Any, AppointmentRequest], str]:
    """Return an admin column that opens an encrypted field, or says that it cannot be read."""
    field = cast(EncryptedTextField, AppointmentRequest._meta.get_field(name))

    @admin.display(description=field.verbose_name)
    def column(self: Any, row: AppointmentRequest) -> str:
        try:
            value = getattr(row, name)
            return date_format(value) if isinstance(value, dt.date) else value or "-"
        except CannotRead:
            return str(_("cannot be read (key missing)"))

    return column


def _yes_or_no(name: str) -> Callable[[Any, AppointmentRequest], str]:
    """Return an admin column that says yes or no in words; Django's own is a coloured icon."""
    field = cast(Field, AppointmentRequest._meta.get_field(name))

    @admin.display(description=field.verbose_name)
    def column(self: Any, row: AppointmentRequest) -> str:
        return gettext("Yes") if getattr(row, name) else gettext("No")

    return column


@admin.register(AppointmentRequest)
class AppointmentRequestAdmin(admin.ModelAdmin):
    """The queue. What the patient sent is read only."""

    list_display = ["reference", "stands", "kind", "who"]
    list_filter = ["status", "kind"]
    list_per_page = 50
    sent = [
        (_("What they ask"), {"fields": ["kind", "condition", "message_column"]}),
        (
            _("The patient"),
            {
                "fields": [
                    *("name_column", "birth_column", "patient_status"),
                    *("asking_for", "contact_name_column"),
                ]
            },
        ),
        (
            _("How to reach them"),
            {
                "fields": [
                    *("phone_column", "voicemail_column", "email_column", "contact_by"),
                    "email_ok_column",
                ]
            },
        ),
        (
            _("Their visit"),
            {"fields": ["days_column", "visit_time", "language_column", "access_column"]},
        ),
    ]
    editable = ("status", "staff_notes")

    voicemail_column = _yes_or_no("voicemail_ok")
    email_ok_column = _yes_or_no("email_ok")
    name_column = _opened("patient_name")
    contact_name_column = _opened("contact_name")
    birth_column = _opened("date_of_birth")
    email_column = _opened("email")
    language_column = _opened("interpreter_language")
    access_column = _opened("access_needs")
    message_column = _opened("message")
    notes_column = _opened("staff_notes")

    @admin.display(description=_("phone"))
    def phone_column(self, row: AppointmentRequest) -> SafeString | str:
        """The phone number, to be tapped."""
        try:
            return format_html('<a href="tel:{}">{}</a>', row.phone, phone_as_read(row.phone))
        except CannotRead:
            return str(_("cannot be read (key missing)"))

    @admin.display(description=_("patient"))
    def who(self, row: AppointmentRequest) -> SafeString:
        """The name, cut where it would push the other columns out of sight, and the phone."""
        name = Truncator(self.name_column(row)).chars(40)
        return format_html("{}<br>{}", name, self.phone_column(row))

    @admin.display(description=_("days that suit"))
    def days_column(self, row: AppointmentRequest) -> str:
        """The days that suit, in words."""
        return row.get_visit_days_display() or "-"

    @admin.display(description=_("status"), ordering="status")
    def stands(self, row: AppointmentRequest) -> SafeString:
        """The status, and how long a request waits that nobody has dealt with yet."""
        status = format_html("<strong>{}</strong>", row.get_status_display())
        if row.status not in WAITING:
            return status
        waits = gettext("waits %s") % timesince(row.received_at, depth=1)
        return format_html("{} {}", status, waits)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Waiting first, oldest first."""
        return AppointmentRequest.objects.waiting_first()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Say in the heading in which order they stand."""
        title = _("Requests, the longest waiting first")
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Notes that no key opens are told, and cannot be typed over."""
        first = (None, {"fields": ["reference", "received_at", "status", self._notes(obj)]})
        return [first, *self.sent]

    def _notes(self, row: AppointmentRequest | None) -> str:
        try:
            if row is not None:
                _ = row.staff_notes
        except CannotRead:
            return "notes_column"
        return "staff_notes"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Everything but the status and the notes."""
        parts = self.get_fieldsets(request, obj)
        names = [str(name) for _title, part in parts for name in part["fields"]]
        return [name for name in names if name not in self.editable]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save only what was changed, so that what the patient sent stays as it came."""
        obj.save(update_fields=[name for name in form.changed_data if name in self.editable])

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Requests come from the form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A request is never lost."""
        return False
