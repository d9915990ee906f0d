"""Who does something: a member of staff, a patient, or the system."""

from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest

from clinic_site.access.models import User
from clinic_site.claims import client_address, hashed_address

# No account can have these names: Django takes no brackets in one.
PATIENT = "(patient)"  # whoever sends a public form or opens a link
SYSTEM = "(system)"  # the worker, a command
STRANGER = "(stranger)"  # about to sign in: who it is was not shown yet
SHELL = "(shell)"  # whoever runs the site, at its command line


@dataclass(frozen=True)
class Actor:
    """Who does something: a name for the record, the account of staff, and from where.

    `source` is the address of staff, and a keyed hash of anyone else's; "" where it is not known.
    """

    name: str
    account: User | None = None
    source: str = ""

    @classmethod
    def staff(cls, request: HttpRequest) -> "Actor":
        user = cast(User, request.user)
        return cls(user.get_username(), user, client_address(request))

    @classmethod
    def patient(cls, request: HttpRequest) -> "Actor":
        return cls(PATIENT, source=hashed_address(request))

    @classmethod
    def stranger(cls, request: HttpRequest) -> "Actor":
        return cls(STRANGER, source=hashed_address(request))
