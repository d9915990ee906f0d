"""A patient's request for an appointment, or a question; what people typed is encrypted."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.answers import Answer, AnswersField
from appointments.audit import REQUEST
from appointments.choices import Origin, Suspicion
from appointments.references import new_reference
from appointments.states import (
    ENDED,
    STATES,
    WAITING,
    WHILE_VISIT_STANDS,
    CloseReason,
    State,
    Status,
    Words,
)
from clinic_site.crypto.fields import EncryptedTextField
from clinic_site.crypto.key_ring import CannotRead
from clinic_site.mail.models import OutboxMessage, OutboxQuerySet


class AppointmentRequestQuerySet(models.QuerySet["AppointmentRequest"]):
    """Requests, in named selections."""

    def waiting(self) -> "AppointmentRequestQuerySet":
        """Those that nobody has dealt with yet."""
        # The second part bounds the look, whatever the database makes of the first.
        return self.filter(status__in=WAITING, queue_order__lt=BEFORE_ALL_OTHERS)

    def to_acknowledge(self) -> "AppointmentRequestQuerySet":
        """Those whose patient asked for a change, or canceled, and staff have not seen to it."""
        return self.filter(change_requested_at__isnull=False)

    def likely_spam(self) -> "AppointmentRequestQuerySet":
        """Suspected spam whose sender has not asked for a change, and was not answered yet."""
        return self.filter(
            status=Status.QUARANTINED, change_requested_at=None, first_answer_at=None
        )

    def visits_over(self, now: dt.datetime) -> "AppointmentRequestQuerySet":
        """Those still scheduled for a day that has passed, in the active time zone."""
        today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        return self.filter(status=Status.SCHEDULED, visit_at__lt=today)

    def to_purge(self, *, days: int, now: dt.datetime) -> "AppointmentRequestQuerySet":
        """Those that ended `days` days ago or earlier, and of which staff have nothing to do."""
        old = self.filter(status__in=ENDED, status_at__lte=now - dt.timedelta(days=days))
        return old.filter(change_requested_at=None)


def _known(field: str, choices: type[models.TextChoices], *more: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q((f"{field}__in", [*choices.values, *more])),
        name=f"request_{field}_known",
    )


# Both are greater than any time in microseconds since 1970 that a request can have.
BEFORE_ALL_OTHERS = 10**17  # what waits stands before this, and all else behind it
_AFTER_ALL_TIME = 10**18


class AppointmentRequest(models.Model):
    """One request, as one attempt to send the form made it, and where it stands.

    Its status changes through appointments.services only. In FHIR R4 it is an Appointment: new and
    contacting are `proposed`, scheduled is `booked`, closed is `fulfilled`, `noshow` or `cancelled`
    by its reason, cancelled is `cancelled`.
    """

    reference = models.CharField(
        _("reference"), max_length=13, unique=True, default=new_reference, editable=False
    )
    attempt = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    content_hash = models.CharField(max_length=64, editable=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    origin = models.CharField(
        _("came by"), max_length=10, choices=Origin.choices, default=Origin.WEB, editable=False
    )
    status = models.CharField(
        _("status"), max_length=20, choices=Status.choices, default=Status.NEW
    )
    status_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    queue_order = models.BigIntegerField(default=0, editable=False)  # save() sets it
    version = models.PositiveIntegerField(default=1, editable=False)
    suspicion = models.CharField(
        _("looks like spam"), max_length=20, choices=Suspicion.choices, blank=True, editable=False
    )
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("taken by"),
    )
    set_aside_until = models.DateField(_("set aside until"), null=True, blank=True)
    set_aside_reason = EncryptedTextField(_("set aside because"), blank=True)
    first_answer_at = models.DateTimeField(_("first answer"), null=True, editable=False)
    visit_at = models.DateTimeField(_("visit"), null=True, blank=True)
    visit_minutes = models.PositiveSmallIntegerField(
        _("minutes of the visit"), null=True, blank=True
    )
    visit_place = EncryptedTextField(_("place of the visit"), blank=True)
    reminded_of = models.DateTimeField(null=True, editable=False)  # the visit, the day before it
    found_late_at = models.DateTimeField(null=True, editable=False)
    close_reason = models.CharField(
        _("closed because"), max_length=20, choices=CloseReason.choices, blank=True
    )
    change_request = EncryptedTextField(_("change the patient asks for"), blank=True)
    change_requested_at = models.DateTimeField(_("change asked for"), null=True, editable=False)
    answers: "models.Field[Any, dict[str, Answer]]" = AnswersField(_("answers"))
    # What finds it, as the answers cannot be searched.
    phone_index = models.CharField(max_length=64, blank=True, editable=False)
    phone_end_index = models.CharField(max_length=64, blank=True, editable=False)
    email_index = models.CharField(max_length=64, blank=True, editable=False)

    objects = AppointmentRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reference__startswith="VIS-"), name="request_has_reference"
            ),
            models.CheckConstraint(
                condition=models.Q(content_hash__length=64),
                name="request_content_hash_is_sha256",
            ),
            _known("status", Status),
            _known("origin", Origin),
            _known("suspicion", Suspicion, ""),
            _known("close_reason", CloseReason, ""),
            models.CheckConstraint(
                condition=~models.Q(status=Status.SCHEDULED) | models.Q(visit_at__isnull=False),
                name="request_scheduled_has_visit",
            ),
            models.CheckConstraint(
                condition=models.Q(status=Status.CLOSED) ^ models.Q(close_reason=""),
                name="request_closed_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["queue_order", "id"], name="request_queue_order"),
            models.Index(fields=["status", "status_at"], name="request_status"),
            models.Index(fields=["status", "queue_order", "id"], name="request_status_order"),
            models.Index(fields=["received_at"], name="request_received"),
            models.Index(
                fields=["received_at"],
                condition=models.Q(suspicion=""),
                name="request_unsuspected",
            ),
            models.Index(
                fields=["change_requested_at"],
                condition=models.Q(change_requested_at__isnull=False),
                name="request_to_acknowledge",
            ),
            models.Index(
                fields=["visit_at", "id"],
                condition=models.Q(status=Status.SCHEDULED),
                name="request_visits",
            ),
            models.Index(
                fields=["received_at", "id"],
                condition=models.Q(queue_order__lt=BEFORE_ALL_OTHERS),
                name="request_waits",
            ),
            models.Index(fields=["phone_index", "received_at"], name="request_phone"),
            models.Index(fields=["phone_end_index"], name="request_phone_end"),
            models.Index(fields=["email_index", "received_at"], name="request_email"),
        ]

    def __str__(self) -> str:
        return self.reference

    def save(self, **kwargs: Any) -> None:
        # Its place in the queue stays true to the status and the day.
        self.queue_order = self.place_in_queue()
        super().save(**kwargs)

    def place_in_queue(self) -> int:
        """Return its `queue_order`, of which the least is the first: what waits, then all else.

        One that was set aside until a day stands before the others, and is out of sight before it.
        One ascending number, so that one index serves the queue however many requests there are.
        """
        microseconds = int(self.received_at.timestamp() * 1_000_000)
        if self.status not in WAITING:
            return _AFTER_ALL_TIME - microseconds
        return self.set_aside_until.toordinal() if self.set_aside_until else microseconds

    @property
    def state(self) -> State:
        """What the table of states says of it."""
        return STATES[Status(self.status)]

    def words_for_patient(self, now: dt.datetime, *, late: bool) -> Words:
        """Return what its patient is to read about it; `late` as services.waiting tells it."""
        state = self.state
        if state.over and not self.has_visit_ahead(now):
            return state.over
        if state.late and late:
            return state.late
        if state.change_requested and self.change_requested_at:
            return state.change_requested
        reason = state.closed.get(CloseReason(self.close_reason)) if self.close_reason else None
        return dataclasses.replace(state.words, next=reason) if reason else state.words

    def has_visit_ahead(self, now: dt.datetime) -> bool:
        """Whether a visit is set that has not ended."""
        ends_at = self.visit_ends_at if self.status == Status.SCHEDULED else None
        return ends_at is not None and ends_at > now

    def is_over(self, now: dt.datetime) -> bool:
        """Whether the visit that is set has ended."""
        return self.status == Status.SCHEDULED and not self.has_visit_ahead(now)

    def has_visit_off(self, now: dt.datetime) -> bool:
        """Whether a visit that was set is off, and would not have begun yet.

        Not where it took place earlier, nor where the patient's other request may have it, too.
        """
        stands = self.status == Status.SCHEDULED or self.close_reason in WHILE_VISIT_STANDS
        return self.visit_at is not None and self.visit_at > now and not stands

    @property
    def visit_ends_at(self) -> dt.datetime | None:
        """When the visit ends, where one is set."""
        minutes = self.visit_minutes or settings.VISIT_MINUTES
        return self.visit_at and self.visit_at + dt.timedelta(minutes=minutes)

    @property
    def mails(self) -> OutboxQuerySet:
        """The mails that tell of it."""
        return OutboxMessage.objects.about(REQUEST, self.reference)

    def answer(self, name: str) -> Any:
        """Return the value of the answer to a question; None where there is none.

        Raises CannotRead.
        """
        given = self.answers.get(name)
        return given.value if given else None

    @property
    def phone(self) -> str:
        """The number to dial, in E.164 with its extension. Raises CannotRead."""
        return (self.answer("phone") or {}).get("number", "")

    @property
    def agrees_to_mail(self) -> bool:
        """Whether its patient agreed to mail, and gave an address; not where no key opens it."""
        try:
            return bool(self.answer("email_ok") and self.answer("email"))
        except CannotRead:
            return False


class NameWord(models.Model):
    """A word of a name of a request as its blind index, to find the request by."""

    request = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="name_words")
    index = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "index"], name="name_word_once"),
            models.CheckConstraint(
                condition=models.Q(index__length=64), name="name_word_is_sha256"
            ),
        ]
        indexes = [models.Index(fields=["index"], name="name_word_index")]
