"""Invitations: a link by which one person sets up an account, and a reset that makes a new one."""

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from clinic_site.access.backend import in_thread
from clinic_site.access.factors import first_codes, remove_factors
from clinic_site.access.models import FIRST_NAME, Invitation, InvitationReason, User
from clinic_site.access.record import AccountAction, record_of, record_roles
from clinic_site.access.roles import Role
from clinic_site.actor import SHELL, Actor
from clinic_site.clinic import read_clinic
from clinic_site.crypto.key_ring import blind_index
from clinic_site.mail.models import MailKind, NotWanted, OutboxMessage, adds_mail, new_mail


class Used(Exception):
    """The invitation was used, replaced or over before this."""


def _open_invitations() -> QuerySet[Invitation]:
    after = timezone.now() - settings.INVITATION_FOR
    return Invitation.objects.filter(used_at=None, made_at__gt=after, user__is_active=True)


def find_invitation(token: str) -> Invitation | None:
    """Return the invitation that this token opens, which stays unused; None where none does."""
    return _open_invitations().filter(hash=_hash_of(token)).select_related("user").first()


def link_of(token: str) -> str:
    """Return the address that is given to whoever is invited."""
    return settings.SITE_URL + reverse("admin:invitation", args=[token])


def _hash_of(token: str) -> str:
    return blind_index("invitation", token)


def _mail_context(message: OutboxMessage) -> dict[str, Any]:
    invitation = find_invitation(message.secret)
    if invitation is None:
        raise NotWanted("the invitation is used or over")
    return {"link": link_of(message.secret), "invitation": invitation, "clinic": read_clinic()}


INVITATION_MAIL = adds_mail(
    MailKind(
        name="invitation",
        label=_("an invitation to sign in"),
        template="admin/access/invitation_mail.txt",
        context=_mail_context,
    )
)


def _address_before(message: OutboxMessage) -> str:
    if not message.secret:
        raise NotWanted("its address was kept until it was given up")
    return message.secret


def _told(name: str, label: Any) -> MailKind:
    return adds_mail(
        MailKind(
            name=name,
            label=label,
            template="admin/access/changed_mail.txt",
            context=lambda mail: {"kind": mail.kind, "user": mail.user, "clinic": read_clinic()},
            address=_address_before,
        )
    )


ACCESS_RESET = _told("access_reset", _("that an account was reset, to its person"))
ADDRESS_CHANGED = _told("address_changed", _("that an account's address changed, to the old one"))


def tell(user: User, kind: MailKind, address: str) -> None:
    """Write a mail to the address that this account had, if any, in the caller's transaction.

    By the time it is sent, whoever changed the account could have changed its address as well.
    """
    if address:
        new_mail(kind, "", "", user.pk, secret=address).save()


def invite(*, user: User, by: Actor, reason: InvitationReason) -> str:
    """Return the token of a new invitation, and mail it where there is an address.

    It replaces any that is open. Only the token's hash is kept, and the token itself, encrypted,
    in the mail until that is sent.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        user.invitations.filter(used_at=None).delete()
        Invitation.objects.create(
            user=user, hash=_hash_of(token), reason=reason, made_by=by.account
        )
        if user.email:
            new_mail(INVITATION_MAIL, "", "", user.pk, secret=token).save()
        record_of(user, AccountAction.INVITED, by=by, detail=reason)
    return token


def new_account(name: str, *, by: Actor) -> User:
    """Return a new account of staff, which nothing opens yet, and has no role."""
    user = User.objects.create_user(name, is_staff=True)
    record_of(user, AccountAction.PEOPLE_CHANGED, by=by, detail="added")
    return user


def set_roles(user: User, roles: Iterable[Role], *, by: Actor) -> None:
    """Give an account these roles and no others, on record."""
    before = user.read_roles()
    user.groups.set(Group.objects.filter(name__in=roles))
    record_roles(user, before, by=by)


def invite_first() -> str | None:
    """Return a new invitation to the first account, of all roles; None once anybody signed in."""
    if User.objects.exclude(last_login=None).exists():
        return None
    with transaction.atomic():
        user, by = User.objects.filter(username=FIRST_NAME).first(), Actor(SHELL)
        if user is None:
            user = new_account(FIRST_NAME, by=by)
            set_roles(user, Role, by=by)
        return invite(user=user, by=by, reason=InvitationReason.FIRST)


def accept_invitation(
    *,
    invitation: Invitation,
    names: dict[str, str],
    password: str,
    add_factor: Callable[[User], Device] | None,
    source: str = "",
) -> tuple[User, Device | None, list[str]]:
    """Use up an invitation, with all that it sets, or nothing of it.

    `names` are values of the account, such as its username. Without a password none opens it.
    `add_factor` stores a second factor. `source` is the address of whoever accepts it.
    Returns the account, its factor, and the recovery codes to be shown once.
    Raises Used where it is over, and IntegrityError where the name was taken meanwhile.
    """
    hashed = in_thread(make_password, password) if password else make_password(None)
    with transaction.atomic():
        # First: whoever waits for it here must see what the one before them did.
        user = User.objects.select_for_update().get(pk=invitation.user_id)
        if not _open_invitations().filter(pk=invitation.pk).update(used_at=timezone.now()):
            raise Used
        earlier = user.username
        for name, value in names.items():
            setattr(user, name, value)
        user.password = hashed
        user.save()
        user.end_sessions()
        remove_factors(user)
        device = add_factor(user) if add_factor else None
        codes = first_codes(user)
        detail = f"before: {earlier}"[:100] if user.username != earlier else ""
        by = Actor(user.username, user, source)
        record_of(user, AccountAction.ENROLLED, by=by, detail=detail)
    return user, device, codes


def reset_access(*, user: User, by: Actor, reason: InvitationReason) -> str:
    """Take every way into an account away, and return the token of an invitation to make new ones.

    The name it signs with is to be confirmed anew, as whoever opens the link could be another.
    Raises PermissionDenied for a manager's own account, and for a superuser's.
    """
    if by.account is not None and (user.is_superuser or by.account == user):
        raise PermissionDenied
    action = AccountAction.RESET if by.account else AccountAction.BREAK_GLASS
    with transaction.atomic():
        user.set_unusable_password()
        user.confirmed_name, user.name_confirmed_by = "", None
        user.save(update_fields=["password", "confirmed_name", "name_confirmed_by"])
        user.end_sessions()
        remove_factors(user)
        record_of(user, action, by=by, detail=reason)
        tell(user, ACCESS_RESET, user.email)
        return invite(user=user, by=by, reason=reason)
