"""What happened to accounts, on record; never what was typed."""

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.access.roles import Role
from clinic_site.actor import Actor
from clinic_site.audit.models import adds_actions, record, record_refused

KIND = "account"  # its reference is the account's name


@adds_actions
class AccountAction(models.TextChoices):
    """What can be done with an account."""

    PEOPLE_CHANGED = "people_changed", _("account changed")
    ROLES_CHANGED = "roles_changed", _("roles changed")
    DEACTIVATED = "deactivated", _("account deactivated")
    NAME_CONFIRMED = "name_confirmed", _("name confirmed")
    SIGNED_IN = "signed_in", _("signed in")
    SIGNED_OUT = "signed_out", _("signed out")
    INVITED = "invited", _("invited")
    ENROLLED = "enrolled", _("accepted the invitation")
    FACTOR_ADDED = "factor_added", _("second factor added")
    FACTOR_REMOVED = "factor_removed", _("second factor removed")
    CODES_MADE = "codes_made", _("recovery codes made")
    PASSWORD_CHANGED = "password_changed", _("password changed")
    RESET = "reset", _("access reset")
    SESSIONS_ENDED = "sessions_ended", _("sessions ended")
    BREAK_GLASS = "break_glass", _("access reset at the command line")
    UNLOCKED = "unlocked", _("sign-in limits lifted")
    SUPERUSER_MADE = "superuser_made", _("superuser made")


def record_of(user: User, action: AccountAction, *, by: Actor, detail: str = "") -> None:
    """Note what was done to an account."""
    record(action, KIND, [user.get_username()], by=by, detail=detail)


def record_roles(user: User, before: frozenset[Role], *, by: Actor) -> bool:
    """Note which roles an account got and lost since it had those; return whether any."""
    after = user.read_roles()
    new, gone = sorted(after - before), sorted(before - after)
    if changes := [*(f"+{role}" for role in new), *(f"-{role}" for role in gone)]:
        record_of(user, AccountAction.ROLES_CHANGED, by=by, detail=" ".join(changes))
    return bool(changes)


def record_refused_sign_in(request: HttpRequest, *, name: str = "", detail: str) -> None:
    """Note a sign-in that failed; the name only where it is an account's: else it may be more."""
    known = User.objects.filter(username=name).values_list("username", flat=True)
    record_refused(KIND, known, by=Actor.stranger(request), detail=detail)
