"""Mail that is to be sent: rows written in the transaction of what they tell of.

A worker leases a row, commits, sends, then marks it. A worker that dies in between leaves a row
whose lease runs out; it is then sent again under the same Message-ID.

One that was given up, or is wanted by nobody any more, stays as a row until its request is erased.
"""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LEASE = dt.timedelta(minutes=5)  # many times what a mail takes (each step has EMAIL_TIMEOUT)
FIRST_RETRY = dt.timedelta(minutes=1)
LONGEST_RETRY = dt.timedelta(hours=6)
GIVE_UP_AFTER = dt.timedelta(hours=48)


class MailKind(models.TextChoices):
    """What a mail tells of."""

    NEW_REQUEST = "new_request", _("a new request, to staff")
    CONFIRMATION = "confirmation", _("a confirmation, to the patient")
    CHANGE = "change", _("a change the patient asks for, to staff")
    DIGEST = "digest", _("what waits too long, to staff")


class MailState(models.TextChoices):
    """Where a mail stands."""

    WAITING = "waiting", _("waiting")
    SENT = "sent", _("sent")
    DEAD = "dead", _("given up")
    SET_ASIDE = "set_aside", _("not to be sent")


def in_48_hours() -> dt.datetime:
    """Return when a mail is given up whose clock starts now."""
    return timezone.now() + GIVE_UP_AFTER


class MailChoice(models.Model):
    """Which mail a member of staff wants."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="mail_choice", verbose_name=_("who")
    )
    new_requests = models.BooleanField(
        _("a mail for each new request"),
        default=True,
        help_text=_("And for each change a patient asks for. It names no patient."),
    )
    digest = models.BooleanField(
        _("a mail on each day on which something needs someone"), default=True
    )

    class Meta:
        verbose_name = _("choice of mail")
        verbose_name_plural = _("who gets mail")

    def __str__(self) -> str:
        return str(self.user)


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    """Mails, in named selections."""

    def waiting(self) -> "OutboxQuerySet":
        """Those that are still to be sent."""
        return self.filter(state=MailState.WAITING)

    def dead(self) -> "OutboxQuerySet":
        """Those that were given up."""
        return self.filter(state=MailState.DEAD)

    def due(self, now: dt.datetime) -> "OutboxQuerySet":
        """Those that a worker may send now, the longest due first."""
        free = models.Q(leased_until=None) | models.Q(leased_until__lte=now)
        return self.waiting().filter(free, due_at__lte=now).order_by("due_at", "pk")

    def unsent(self, now: dt.datetime) -> "OutboxQuerySet":
        """Those waiting or given up that no worker has in hand."""
        free = models.Q(leased_until=None) | models.Q(leased_until__lte=now)
        return self.filter(free, state__in=[MailState.WAITING, MailState.DEAD])

    def try_again(self, now: dt.datetime | None = None) -> int:
        """Start the clock of 48 hours anew for those not sent, and send them at once.

        One that a worker has in hand is left alone. Returns how many there were.
        """
        now = now or timezone.now()
        return self.unsent(now).update(
            state=MailState.WAITING,
            due_at=now,
            give_up_at=now + GIVE_UP_AFTER,
            tries=0,
            lease=None,
            leased_until=None,
        )

    def set_aside(self) -> int:
        """Send those that were given up no more, and count them as dead no more."""
        return self.dead().update(state=MailState.SET_ASIDE)


class OutboxMessage(models.Model):
    """One mail to one person. It holds no text and no address: they are made when it is sent."""

    kind = models.CharField(_("what"), max_length=20, choices=MailKind.choices)
    request = models.ForeignKey(
        "appointments.AppointmentRequest",
        models.CASCADE,
        null=True,
        related_name="mails",
        verbose_name=_("request"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", verbose_name=_("to")
    )
    message_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=MailState.choices, default=MailState.WAITING
    )
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    due_at = models.DateTimeField(_("to be sent"), default=timezone.now)
    give_up_at = models.DateTimeField(_("given up at"), default=in_48_hours)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True)
    fault = models.CharField(_("last fault"), max_length=100, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=MailKind.values), name="mail_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=MailState.values), name="mail_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state=MailState.SENT) ^ models.Q(sent_at=None),
                name="mail_sent_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=MailKind.DIGEST) | models.Q(request__isnull=False),
                name="mail_names_its_request",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=MailKind.CONFIRMATION) ^ models.Q(user__isnull=False),
                name="mail_to_staff_or_patient",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="mail_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}"

    def delay(self) -> dt.timedelta:
        """Return how long to wait after so many tries: 1, 2, 4 … minutes, at most 6 hours."""
        return min(FIRST_RETRY * 2 ** min(max(self.tries - 1, 0), 20), LONGEST_RETRY)


class WorkerBeat(models.Model):
    """The one row in which the worker says that it is alive."""

    at = models.DateTimeField()
    digest_on = models.DateField(null=True)
    erased_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="worker_beat_is_one_row")
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"


def write_mails(request: Any) -> None:
    """Write the mails that tell of a new request, in the caller's transaction.

    Suspected spam gets none: its address may not be the sender's, and staff see it in the digest.
    """
    if request.suspicion:
        return
    mails = [
        OutboxMessage(kind=MailKind.NEW_REQUEST, request=request, user_id=user_id)
        for user_id in who_wants("new_requests")
    ]
    if request.email_index and request.agrees_to_mail:
        mails.append(OutboxMessage(kind=MailKind.CONFIRMATION, request=request))
    OutboxMessage.objects.bulk_create(mails)


def write_change_mails(request: Any) -> None:
    """Write the mails that tell staff that a patient asks for a change, or withdrew."""
    OutboxMessage.objects.bulk_create(
        OutboxMessage(kind=MailKind.CHANGE, request=request, user_id=user_id)
        for user_id in who_wants("new_requests")
    )


def who_wants(what: str) -> list[int]:
    """Return the ids of active staff with an address who chose `new_requests` or `digest`."""
    chosen = MailChoice.objects.filter(
        user__is_active=True, user__is_staff=True, user__email__gt="", **{what: True}
    )
    return list(chosen.values_list("user_id", flat=True))


def lease_next(now: dt.datetime | None = None) -> OutboxMessage | None:
    """Take the next mail that is due, for this worker alone, and commit; None where none is."""
    now = now or timezone.now()
    if not OutboxMessage.objects.due(now).exists():
        return None  # so that an idle worker takes no lock
    with transaction.atomic():
        due = OutboxMessage.objects.due(now)
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        message = due.first()
        if message is None:
            return None
        message.lease = uuid.uuid4()
        message.leased_until = now + LEASE
        message.tries += 1
        message.save(update_fields=["lease", "leased_until", "tries"])
    return message


def mark_sent(message: OutboxMessage) -> bool:
    """Note that the mail server took it; False where the lease had gone to another worker."""
    return _let_go(message, state=MailState.SENT, sent_at=timezone.now(), fault="")


def mark_failed(message: OutboxMessage, fault: str, now: dt.datetime | None = None) -> bool:
    """Note what went wrong, and when to try again; return whether it was given up instead.

    The last try is the one at 48 hours. `fault` must hold nothing personal.
    """
    now = now or timezone.now()
    given_up = now >= message.give_up_at
    _let_go(
        message,
        state=MailState.DEAD if given_up else MailState.WAITING,
        due_at=now if given_up else min(now + message.delay(), message.give_up_at),
        fault=fault[:100],
    )
    return given_up


def mark_unwanted(message: OutboxMessage, why: str) -> None:
    """Note that nobody is to get this mail any more."""
    _let_go(message, state=MailState.SET_ASIDE, fault=why[:100])


def _let_go(message: OutboxMessage, **values: Any) -> bool:
    """Write what came of a leased mail; False where the lease had gone to another worker."""
    leased = OutboxMessage.objects.filter(pk=message.pk, lease=message.lease)
    return bool(leased.update(**values, lease=None, leased_until=None))
