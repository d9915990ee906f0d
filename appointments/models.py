"""A patient's request for an appointment, or a question; personal fields are encrypted."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.encryption import EncryptedDateField, EncryptedTextField
from appointments.references import new_reference
from conditions.models import Condition


class Kind(models.TextChoices):
    """What a patient asks for."""

    APPOINTMENT = "appointment", _("An appointment")
    QUESTION = "question", _("An answer to a question")


class AskingFor(models.TextChoices):
    """For whom it is asked."""

    SELF = "self", _("Myself")
    SOMEONE_ELSE = "someone_else", _("Someone else")


class ContactBy(models.TextChoices):
    """How the clinic should answer."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("Email")


class PatientStatus(models.TextChoices):
    """Whether the patient is known to the clinic."""

    NEW = "new", _("No, this is the first time")
    RETURNING = "returning", _("Yes")
    UNSURE = "unsure", _("Not sure")


class VisitTime(models.TextChoices):
    """The part of the day that suits a visit."""

    ANY = "any", _("Any time")
    MORNING = "morning", _("Morning")
    AFTERNOON = "afternoon", _("Afternoon")


class VisitDay(models.TextChoices):
    """The days that suit a visit."""

    MON = "mon", _("Monday")
    TUE = "tue", _("Tuesday")
    WED = "wed", _("Wednesday")
    THU = "thu", _("Thursday")
    FRI = "fri", _("Friday")


class Status(models.TextChoices):
    """Where a request stands."""

    NEW = "new", _("new")
    CONTACTING = "contacting", _("contacting the patient")
    SCHEDULED = "scheduled", _("scheduled")
    CLOSED = "closed", _("closed")
    WITHDRAWN = "withdrawn", _("withdrawn")
    QUARANTINED = "quarantined", _("suspected spam")


# Nobody has dealt with these yet. Suspected spam counts: it may be a patient.
WAITING = (Status.NEW, Status.CONTACTING, Status.QUARANTINED)


class AppointmentRequestQuerySet(models.QuerySet["AppointmentRequest"]):
    """Requests, in named selections."""

    def waiting(self) -> "AppointmentRequestQuerySet":
        """Those that nobody has dealt with yet."""
        return self.filter(status__in=WAITING)

    def waiting_first(self) -> "AppointmentRequestQuerySet":
        """Waiting ones first, the oldest first; then the others, the newest first."""
        waits = models.Q(status__in=WAITING)
        return self.annotate(
            rank=models.Case(models.When(waits, then=0), default=1),
            waiting_since=models.Case(models.When(waits, then=models.F("received_at"))),
        ).order_by("rank", "waiting_since", "-received_at")


def _known(field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q((f"{field}__in", choices.values)), name=f"request_{field}_known"
    )


class AppointmentRequest(models.Model):
    """One request, as one attempt to send the form made it."""

    reference = models.CharField(
        _("reference"), max_length=13, unique=True, default=new_reference, editable=False
    )
    attempt = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    status = models.CharField(
        _("status"), max_length=20, choices=Status.choices, default=Status.NEW
    )
    kind = models.CharField(_("asks for"), max_length=20, choices=Kind.choices)
    asking_for = models.CharField(
        _("for whom"), max_length=20, choices=AskingFor.choices, default=AskingFor.SELF
    )
    contact_name = EncryptedTextField(_("name of the person asking"), blank=True)
    patient_name = EncryptedTextField(_("patient's name"))
    date_of_birth = EncryptedDateField(_("date of birth"), blank=True, default=None)
    phone = EncryptedTextField(_("phone"))
    email = EncryptedTextField(_("email"), blank=True)
    email_ok = models.BooleanField(_("agrees to a confirmation by email"), default=False)
    contact_by = models.CharField(
        _("answer by"), max_length=10, choices=ContactBy.choices, default=ContactBy.PHONE
    )
    voicemail_ok = models.BooleanField(_("a voicemail is fine"), default=False)
    patient_status = models.CharField(
        _("been here before"),
        max_length=10,
        choices=PatientStatus.choices,
        default=PatientStatus.UNSURE,
    )
    condition = models.ForeignKey(
        Condition, models.SET_NULL, null=True, blank=True, verbose_name=_("condition")
    )
    visit_days = models.JSONField(_("days that suit"), default=list, blank=True)
    visit_time = models.CharField(
        _("time that suits"), max_length=10, choices=VisitTime.choices, default=VisitTime.ANY
    )
    interpreter_language = EncryptedTextField(_("interpreter for"), blank=True)
    access_needs = EncryptedTextField(_("access needs"), blank=True)
    message = EncryptedTextField(_("message"), blank=True)
    staff_notes = EncryptedTextField(_("staff notes"), blank=True)

    objects = AppointmentRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reference__startswith="VIS-"), name="request_has_reference"
            ),
            models.CheckConstraint(
                condition=models.Q(digest__length=64), name="request_digest_is_sha256"
            ),
            _known("status", Status),
            _known("kind", Kind),
            _known("asking_for", AskingFor),
            _known("contact_by", ContactBy),
            _known("patient_status", PatientStatus),
            _known("visit_time", VisitTime),
        ]
        indexes = [models.Index(fields=["status", "received_at"], name="request_queue")]

    def __str__(self) -> str:
        return self.reference

    def __repr__(self) -> str:
        return f"<AppointmentRequest {self.reference}>"

    def get_visit_days_display(self) -> str:
        """The days that suit, as people read them."""
        return ", ".join(str(VisitDay(day).label) for day in self.visit_days)
