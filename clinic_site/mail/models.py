"""The kinds of mail, mail that is to be sent, who wants which, and the worker's own rows."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import models, transaction
from django.db.models import CheckConstraint, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.crypto.fields import EncryptedTextField


class NotWanted(Exception):
    """Nobody is to get this mail any more; its text says why, and names nobody."""


@dataclass(frozen=True)
class MailKind:
    """One kind of mail, made of an outbox row when it is sent.

    It goes to staff who have the right `permission` (where it needs one) and ticked the box
    `offer`, or to someone else, whose address `address` returns. The first line of `template` is
    its subject. `context` returns what the template needs. Both may raise NotWanted.
    """

    name: str
    label: Any
    template: str
    context: Callable[[Any], dict[str, Any]]
    address: Callable[[Any], str] | None = None
    permission: str = ""
    offer: Any = ""

    def is_for(self, user: User) -> bool:
        """Whether this member of staff may get it, and can."""
        can = user.is_active and user.is_staff and bool(user.email)
        return can and (not self.permission or user.has_perm(self.permission))


kinds: dict[str, MailKind] = {}


def adds_mail(kind: MailKind) -> MailKind:
    """Register a kind of mail."""
    kinds[kind.name] = kind
    return kind


class MailState(models.TextChoices):
    """Where a mail stands."""

    WAITING = "waiting", _("waiting")
    SENT = "sent", _("sent")
    DEAD = "dead", _("given up")
    SET_ASIDE = "set_aside", _("not to be sent")


def given_up_at() -> dt.datetime:
    """Return when a mail whose clock starts now is given up."""
    return timezone.now() + settings.MAIL_GIVE_UP_AFTER


class MailChoice(models.Model):
    """A kind of mail that a member of staff wants."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("who")
    )
    kind = models.CharField(_("what"), max_length=20)

    class Meta:
        verbose_name = _("choice of mail")
        verbose_name_plural = _("who gets mail")
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="mail_choice_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    """Mails, in named selections."""

    def about(self, subject_kind: str, *references: str) -> "OutboxQuerySet":
        return self.filter(subject_kind=subject_kind, reference__in=references)

    def waiting(self) -> "OutboxQuerySet":
        return self.filter(state=MailState.WAITING)

    def dead(self) -> "OutboxQuerySet":
        return self.filter(state=MailState.DEAD)

    def late(self) -> "OutboxQuerySet":
        """Those that should have been sent a while ago, and may still be."""
        return self.waiting().filter(created_at__lte=timezone.now() - settings.MAIL_LATE_AFTER)

    def free(self) -> "OutboxQuerySet":
        """Those that no worker has in hand."""
        now = timezone.now()
        wrong = now + 2 * settings.MAIL_LEASE  # a clock was set back; workers' may differ a little
        ends = Q(leased_until__lte=now) | Q(leased_until__gt=wrong)
        return self.filter(Q(leased_until=None) | ends)

    def due(self) -> "OutboxQuerySet":
        """Those that a worker may send now, the longest due first.

        None waits for its first try, nor for a time that only a wrong clock can have set.
        """
        now = timezone.now()
        wrong = now + settings.MAIL_LONGEST_RETRY + settings.MAIL_LEASE
        due = Q(tries=0) | Q(due_at__lte=now) | Q(due_at__gt=wrong)
        held = models.Exists(MailHold.objects.all())
        return self.waiting().free().filter(due, ~held).order_by("due_at", "pk")

    def unsent(self) -> "OutboxQuerySet":
        """Those waiting or given up that no worker has in hand."""
        return self.free().filter(state__in=[MailState.WAITING, MailState.DEAD])

    def lease_next(self) -> "OutboxMessage | None":
        """Take the next mail that is due, for this worker alone, and commit; None where none is."""
        if not self.due().exists():
            return None  # so that an idle worker takes no lock
        with transaction.atomic():
            if message := self.due().select_for_update(skip_locked=True).first():
                message.lease = uuid.uuid4()
                message.leased_until = timezone.now() + settings.MAIL_LEASE
                message.tries += 1
                message.save(update_fields=["lease", "leased_until", "tries"])
        return message

    def try_again(self) -> int:
        """Start the clock anew for those unsent, and send them at once; return how many."""
        return self.unsent().update(
            state=MailState.WAITING,
            due_at=timezone.now(),
            give_up_at=given_up_at(),
            tries=0,
            lease=None,
            leased_until=None,
        )


class OutboxMessage(models.Model):
    """One mail to one person, written in the transaction of what it tells of.

    It holds no text and no address: they are made when it is sent. What it tells of is named by
    its kind and reference, without a foreign key: who deletes that deletes its mails. It goes to
    `user`, or to whoever the kind of mail knows.

    A worker leases a row, commits, sends, then settles it. A worker that dies in between leaves a
    row whose lease runs out; it is then sent again under the same Message-ID.
    """

    kind = models.CharField(_("what"), max_length=20)
    subject_kind = models.CharField(max_length=20, blank=True, editable=False)
    reference = models.CharField(_("about"), max_length=50, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", verbose_name=_("to")
    )
    secret = EncryptedTextField(blank=True, editable=False)  # that it tells, until it is sent
    message_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=MailState.choices, default=MailState.WAITING
    )
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    due_at = models.DateTimeField(_("to be sent"), default=timezone.now)
    give_up_at = models.DateTimeField(_("given up at"), default=given_up_at)
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
            CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state_known"),
            CheckConstraint(
                condition=Q(state=MailState.SENT) ^ Q(sent_at=None), name="mail_sent_has_time"
            ),
            CheckConstraint(
                condition=Q(user__isnull=False) | ~Q(reference=""), name="mail_is_for_someone"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="mail_due"),
            models.Index(fields=["reference"], name="mail_reference"),
        ]

    def __str__(self) -> str:
        return self.what

    @property
    @admin.display(description=_("what"))
    def what(self) -> str:
        return str(kinds[self.kind].label) if self.kind in kinds else self.kind

    def settle(self, state: MailState, fault: str = "") -> bool:
        """Write what came of a leased mail; False where the lease had gone to another worker.

        One that is WAITING again is tried twice as long after each try, and last when it is to be
        given up. `fault` must hold nothing personal.
        """
        values: dict[str, Any] = {"state": state, "fault": fault[:100]}
        if state == MailState.WAITING:
            wait = settings.MAIL_FIRST_RETRY * 2 ** min(self.tries - 1, 20)
            due_at = timezone.now() + min(wait, settings.MAIL_LONGEST_RETRY)
            values["due_at"] = min(due_at, self.give_up_at)
        else:
            values["secret"] = ""  # nobody needs it any more
        if state == MailState.SENT:
            values["sent_at"] = timezone.now()
        leased = OutboxMessage.objects.filter(pk=self.pk, lease=self.lease)
        return bool(leased.update(**values, lease=None, leased_until=None))


def new_mail(
    kind: MailKind, subject_kind: str, reference: str, user_id: int | None = None, secret: str = ""
) -> OutboxMessage:
    """Return a mail, not saved, to a member of staff or to whoever its kind knows.

    A `secret` that it tells, or its address, is kept encrypted, until it is sent or given up.
    Raises ValueError for a kind that is not registered, and for a mail to nobody.
    """
    if kind.name not in kinds or not (user_id or (kind.address and reference)):
        raise ValueError(f"There is no such mail: {kind.name} to {user_id}.")
    return OutboxMessage(
        kind=kind.name,
        subject_kind=subject_kind,
        reference=reference,
        user_id=user_id,
        secret=secret,
    )


def to_staff(kind: MailKind, subject_kind: str = "", reference: str = "") -> list[OutboxMessage]:
    """Return mails, not saved, to the staff who want them; if they may is asked on sending."""
    wanted = MailChoice.objects.filter(
        kind=kind.name, user__is_active=True, user__is_staff=True, user__email__gt=""
    )
    user_ids = wanted.values_list("user_id", flat=True)
    return [new_mail(kind, subject_kind, reference, user_id) for user_id in user_ids]


def who_gets(kind: MailKind) -> list[User]:
    """Return the staff who want this kind of mail, and may and can get it."""
    wanted = MailChoice.objects.filter(kind=kind.name).select_related("user")
    return [choice.user for choice in wanted if kind.is_for(choice.user)]


class MailHold(models.Model):
    """A row, for as long as no mail goes out: from a restore until a person releases it."""

    at = models.DateTimeField(default=timezone.now)


class WorkerBeat(models.Model):
    """The one row in which the worker says that it is alive."""

    at = models.DateTimeField()

    class Meta:
        constraints = [CheckConstraint(condition=Q(pk=1), name="worker_beat_is_one_row")]

    @property
    def is_silent(self) -> bool:
        """Whether no worker has said so lately; a future time is none: a clock was set back."""
        return abs(timezone.now() - self.at) >= settings.WORKER_SILENT_AFTER


class DailyRun(models.Model):
    """The last day on which something that is due once a day was done."""

    name = models.CharField(max_length=20, primary_key=True)
    day = models.DateField()
