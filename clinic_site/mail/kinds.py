"""The kinds of mail: whom each goes to, and where its text stands. The apps register theirs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clinic_site.access.models import User


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
