"""Accounts of staff, what they sign in with, and the form that an ended session left behind."""

import base64
import math
import re
import time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from clinic_site.access.roles import Role
from clinic_site.crypto.fields import EncryptedTextField

FIRST_NAME = "first"  # of the first account, until its person chooses one
SHARED_NAME = "staff"  # of an account that nobody is alone with


def refuse_shared_name(name: str) -> None:
    """Raise ValidationError, on a server, for a name that several people would use."""
    if not settings.LOOPBACK and name.lower() == SHARED_NAME:
        text = _("“%(name)s” is everybody's name. Give each person an account of their own.")
        raise ValidationError(text, params={"name": name})


NAME_TAKEN = _("Somebody else has this name. Choose another.")


def refuse_taken_name(name: str, owner: "User | None" = None) -> None:
    """Raise ValidationError where an account, not the owner's, has this name in any case.

    Only where a name is typed: two who type it at the same moment can both get it.
    """
    others = User.objects.exclude(pk=owner.pk) if owner else User.objects.all()
    # In Python, as SQLite folds no letter beyond ASCII.
    if name.casefold() in map(str.casefold, others.values_list("username", flat=True)):
        raise ValidationError(NAME_TAKEN)


class User(AbstractUser):  # type: ignore[django-manager-missing]  # of devices: untyped
    """An account of one member of staff. What it may do, its roles tell, and nothing else."""

    # A session holds for the epoch in which it began.
    epoch = models.PositiveIntegerField(default=0, editable=False)
    credentials = models.CharField(
        _("credentials"), max_length=60, blank=True, help_text=_("As patients read them: MD")
    )
    physician = models.ForeignKey(
        "clinic_site.Physician",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("physician"),
        help_text=_("Where this is a physician of the site: they sign pages by the name there."),
    )
    # What another manager said is right, word for word: any change of it is to be confirmed anew.
    confirmed_name = models.CharField(
        max_length=settings.NAME_CHARACTERS, blank=True, editable=False
    )
    name_confirmed_by = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(username=""), name="user_has_username"),
            models.CheckConstraint(
                condition=~Q(name_confirmed_by=F("pk")), name="user_name_confirmed_by_another"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_name="") ^ Q(name_confirmed_by__isnull=False),
                name="user_confirmed_name_has_confirmer",
            ),
        ]

    def clean(self) -> None:
        super().clean()
        if self.is_active:
            refuse_shared_name(self.username)
        if len(self.name_to_sign) > settings.NAME_CHARACTERS:
            raise ValidationError(_("Name and credentials are too long to stand under a page."))

    def read_roles(self) -> frozenset[Role]:
        """Return the roles that this account has in the database now."""
        names = self.groups.filter(name__in=Role).values_list("name", flat=True)
        return frozenset(map(Role, names))

    roles = cached_property(read_roles)

    @property
    def name_to_sign(self) -> str:
        """The name as patients would read it under a page; "" where none was entered."""
        if self.physician is not None:
            return self.physician.name
        name = self.get_full_name()
        return f"{name}, {self.credentials}" if name and self.credentials else name

    @property
    def signs_as(self) -> str:
        """The name under the pages that this account signs; "" until another manager confirmed it.

        The first account, a manager while there is no other, has nobody who could.
        """
        name = self.name_to_sign
        if self.is_superuser or not name:
            return ""
        return name if name == self.confirmed_name or self._is_only_manager else ""

    @property
    def _is_only_manager(self) -> bool:
        # Who has only been invited looks after nobody yet.
        others = active_with(Role.MANAGER).exclude(pk=self.pk).exclude(last_login=None)
        return Role.MANAGER in self.roles and not others.exists()

    # Django's own say yes to a superuser, before they ask any backend.

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return perm in self.get_all_permissions(obj)

    def has_module_perms(self, app_label: str) -> bool:
        return any(each.startswith(f"{app_label}.") for each in self.get_all_permissions())

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        # Django ends the sessions in which this is another one, as after a change of password.
        value = f"{self.password} {self.epoch}"
        return salted_hmac(
            "clinic_site.access.User", value, secret=secret, algorithm="sha256"
        ).hexdigest()

    def end_sessions(self) -> None:
        self.epoch = F("epoch") + 1
        self.save(update_fields=["epoch"])
        self.refresh_from_db(fields=["epoch"])


def shared_accounts() -> models.QuerySet[User]:
    """Return the active accounts, on a server, that several people use, by their name."""
    named = User.objects.filter(username__iexact=SHARED_NAME, is_active=True)
    return User.objects.none() if settings.LOOPBACK else named


def active_with(role: Role) -> models.QuerySet[User]:
    """Return the active accounts that have this role; a superuser is none of them."""
    return User.objects.filter(groups__name=role, is_active=True, is_superuser=False)


class TotpDevice(TimestampMixin, ThrottlingMixin, Device):
    """An app on a phone that shows codes (TOTP, RFC 6238)."""

    secret = EncryptedTextField()
    last_step = models.BigIntegerField(default=-1)  # of the code used last, which is used up

    class Meta:
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(confirmed=True), name="totp_device_once_an_account"
            ),
        ]

    def get_throttle_factor(self) -> int:
        return 1  # second after the first wrong code, and twice as long after each

    def verify_is_allowed(self) -> Any:
        at = self.throttling_failure_timestamp
        if at and at > timezone.now() + settings.CODE_WRONG_AHEAD:  # a clock was set back since
            return True, None
        return super().verify_is_allowed()

    def step_of(self, code: str) -> int | None:
        """Return the step for which this code is right, later than the last; else None."""
        digits = "".join(code.split())
        if not re.fullmatch("[0-9]{6}", digits):
            return None
        totp = TOTP(base64.b32decode(self.secret))
        totp.time = time.time()  # one moment, else it could end between its two answers
        tolerance, first = settings.APP_CLOCK_STEPS, self.last_step + 1
        return totp.t() if totp.verify(int(digits), tolerance=tolerance, min_t=first) else None

    def verify_token(self, token: str, *, waits: bool = True) -> bool:
        """Whether this is a code of the app that was not used yet; a wrong one makes one wait.

        Not where it `waits` for none of that, as another limit holds there. Asked in a transaction
        that holds the row.
        """
        if waits and not self.verify_is_allowed()[0]:
            return False
        step = self.step_of(token)
        if step is None:
            if waits:
                self.throttle_increment()
            return False
        self.last_step = step
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def seconds_to_wait(self) -> int:
        """Return how long no code is looked at, after wrong ones."""
        refused = self.verify_is_allowed()[1]
        left = refused["locked_until"] - timezone.now() if refused else None
        return math.ceil(max(left.total_seconds(), 1)) if left else 0


class RecoveryCode(models.Model):
    """A code that stands in for a lost factor, once: a used one is deleted."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(hash__length=64), name="recovery_code_hash_is_sha256"
            ),
        ]


class InvitationReason(models.TextChoices):
    """Why somebody is invited: they are new, or their way in was taken away."""

    FIRST = "first", _("the first account")
    NEW = "new", _("a new colleague")
    LOST = "lost", _("the second factor was lost")
    REPLACED = "replaced", _("the device was replaced")
    MISUSE = "misuse", _("somebody else may have used the account")
    SHELL = "shell", _("reset by whoever runs the site")


class Invitation(models.Model):
    """A link by which one person sets up their account, once and within a day."""

    user = models.ForeignKey(User, models.CASCADE, related_name="invitations")
    hash = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=10, choices=InvitationReason.choices)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(hash__length=64), name="invitation_hash_is_sha256"),
            models.CheckConstraint(
                condition=Q(reason__in=InvitationReason.values), name="invitation_reason_known"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(used_at=None), name="invitation_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.reason}"


class KeptForm(models.Model):
    """The forms that somebody sent in one browser and that were not done, as JSON, newest first."""

    key = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    sent = EncryptedTextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(key__length=64), name="kept_form_key_is_sha256"),
        ]

    @classmethod
    def clear_expired(cls) -> None:
        """Delete what nobody gets back: a row lasts as long as its newest form."""
        cls.objects.filter(at__lte=timezone.now() - settings.KEPT_FOR).delete()
