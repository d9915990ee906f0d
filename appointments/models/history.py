"""What happened to a request, a row for each thing; and who of staff has it open."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.states import CloseReason, Status
from clinic_site import presence
from clinic_site.crypto.fields import EncryptedTextField


class StatusChange(models.Model):
    """One change of a request's status. `by` is empty for the patient and for the system.

    `visit_at` and `visit_minutes` are of the visit that was set, or that this change takes off;
    `change_requested_at` of the patient's wish that it settled, which undoing it brings back.
    One from closed with a `close_reason` took back the closing for that reason.
    """

    request = models.ForeignKey(
        "appointments.AppointmentRequest", models.CASCADE, related_name="changes"
    )
    from_status = models.CharField(max_length=20, choices=Status.choices, blank=True)
    to_status = models.CharField(max_length=20, choices=Status.choices)
    by = models.CharField(_("by"), max_length=150, blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    visit_at = models.DateTimeField(null=True)
    visit_minutes = models.PositiveSmallIntegerField(null=True)
    change_requested_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=20, choices=CloseReason.choices, blank=True)

    class Meta:
        verbose_name = _("change of status")
        verbose_name_plural = _("changes of status")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(to_status=""), name="status_change_has_status"
            )
        ]

    @property
    def is_undone(self) -> bool:  # it took back a closing
        return self.from_status == Status.CLOSED and self.close_reason != ""


class NoteKind(models.TextChoices):
    """What a note tells of."""

    NO_ANSWER = "no_answer", _("called, no answer")
    VOICEMAIL = "voicemail", _("called, left a voicemail")
    REACHED = "reached", _("called, spoke with them")
    EMAILED = "emailed", _("wrote an email")
    NOTE = "note", _("note")
    SET_ASIDE = "set_aside", _("set aside")
    UNDONE = "undone", _("undone: set aside")
    CHANGE_REQUEST = "change_request", _("the patient asks for a change")


# With these, the patient has heard from the clinic.
ANSWERS = {NoteKind.VOICEMAIL, NoteKind.REACHED, NoteKind.EMAILED}


class Note(models.Model):
    """What staff did or noted, or a change that a patient asked for. Rows are only added.

    `until`: the day until which a request was set aside; none where it is so no more.
    `until_before`: that of before, which undoing it brings back.
    """

    request = models.ForeignKey(
        "appointments.AppointmentRequest", models.CASCADE, related_name="notes"
    )
    kind = models.CharField(
        _("what"), max_length=20, choices=NoteKind.choices, default=NoteKind.NOTE
    )
    text = EncryptedTextField(_("note"), blank=True)
    until = models.DateField(null=True)
    until_before = models.DateField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=NoteKind.values), name="note_kind_known"
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def is_undone(self) -> bool:  # it took back that a request was set aside
        return self.kind == NoteKind.UNDONE


class Presence(presence.Presence):
    """That a member of staff has a request open."""

    thing = models.ForeignKey(
        "appointments.AppointmentRequest", models.CASCADE, related_name="presences"
    )
