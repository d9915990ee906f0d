"""Who does something: a member of staff, a patient, or the system."""

from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest

from clinic_site.access.models import User
from clinic_site.claims import client_address, hashed_address

# No account can have these names: Django takes no brackets in one.
PATIENT = "(patient)"
SYSTEM = "(system)"
STRANGER = "(stranger)"
SHELL = "(shell)"


@dataclass(frozen=True)
class Actor:
    """Who does something: a name for the record, the account of staff, and from where.

    `source` is the address of staff, and a keyed hash of a patient's; "" where it is not known.
    """

    name: str
    account: User | None = None
    source: str = ""

    @classmethod
    def staff(cls, request: HttpRequest) -> "Actor":
        """Return who is signed in."""
        user = cast(User, request.user)
        return cls(user.get_username(), user, client_address(request))

    @classmethod
    def patient(cls, request: HttpRequest) -> "Actor":
        """Return whoever sends a public form or opens a link; nobody is signed in there."""
        return cls(PATIENT, source=hashed_address(request))

    @classmethod
    def stranger(cls, request: HttpRequest) -> "Actor":
        """Return whoever is about to sign in, and has not shown yet who they are."""
        return cls(STRANGER, source=hashed_address(request))

    @classmethod
    def shell(cls) -> "Actor":
        """Return whoever runs the site, at its command line."""
        return cls(SHELL)

    @classmethod
    def system(cls) -> "Actor":
        """Return the system itself: the worker, a command."""
        return cls(SYSTEM)
