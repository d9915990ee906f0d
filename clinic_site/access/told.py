"""What an account's person is told by mail, at the address known before, when others changed it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.clinic import read_clinic
from clinic_site.mail.kinds import MailKind, NotWanted, adds_mail
from clinic_site.mail.models import OutboxMessage
from clinic_site.mail.outbox import new_mail


def _address(message: OutboxMessage) -> str:
    if not message.secret:
        raise NotWanted("its address was kept until it was given up")
    return message.secret


def _context(message: OutboxMessage) -> dict[str, Any]:
    return {"kind": message.kind, "user": message.user, "clinic": read_clinic()}


def _kind(name: str, label: Any) -> MailKind:
    template = "admin/access/changed_mail.txt"
    return adds_mail(MailKind(name, label, template, _context, address=_address))


ACCESS_RESET = _kind("access_reset", _("that an account was reset, to its person"))
ADDRESS_CHANGED = _kind("address_changed", _("that an account's address changed, to the old one"))


def tell(user: User, kind: MailKind, address: str) -> None:
    """Write a mail to the address that this account had, if any, in the caller's transaction.

    By the time it is sent, whoever changed the account could have changed its address as well.
    """
    if address:
        new_mail(kind, "", "", user.pk, secret=address).save()
