"""What happened to accounts, on record; never what was typed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.audit.models import adds_actions
from clinic_site.audit.record import record

KIND = "account"  # its reference is the account's name


@adds_actions
class AccountAction(models.TextChoices):
    """What can be done with an account."""

    PEOPLE_CHANGED = "people_changed", _("account changed")
    ROLES_CHANGED = "roles_changed", _("roles changed")
    DEACTIVATED = "deactivated", _("account deactivated")
    NAME_CONFIRMED = "name_confirmed", _("name confirmed")


def record_of(user: User, action: AccountAction, *, by: Actor, detail: str = "") -> None:
    """Note what was done to an account."""
    record(action, KIND, [user.get_username()], by=by, detail=detail)
