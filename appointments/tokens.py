"""Signed names: of an attempt to send the form, and of the pages that show its request."""

import uuid
from collections.abc import Callable

from django.core import signing


def _signed(name: str) -> tuple[Callable[[uuid.UUID], str], Callable[[str], uuid.UUID | None]]:
    """Return what signs an attempt, for use in an address, and what reads it; None if forged."""
    signer = signing.Signer(salt=f"appointments.{name}")

    def sign(attempt: uuid.UUID) -> str:
        return signer.sign(attempt.hex)

    def read(token: str) -> uuid.UUID | None:
        try:
            return uuid.UUID(signer.unsign(token))
        except (signing.BadSignature, ValueError):
            return None

    return sign, read


received_token, read_received_token = _signed("received")
status_token, read_status_token = _signed("status")
# To where mails lead. As others may read the mailbox, it opens only a form that asks for the phone.
mail_token, read_mail_token = _signed("mail")
_sign_attempt, _read_attempt = _signed("attempt")
_sign_repeat, _read_repeat = _signed("attempt.again")


def new_attempt(*, again: bool = False) -> str:
    """Return a signed name for one attempt to send the form; it never expires.

    `again`: it carries the patient's yes to sending once more what we have already.
    """
    return (_sign_repeat if again else _sign_attempt)(uuid.uuid4())


def read_attempt(signed: str) -> uuid.UUID | None:
    """Return the attempt that `new_attempt` named, or None for a text it did not make."""
    return _read_attempt(signed) or _read_repeat(signed)


def is_again(signed: str) -> bool:
    """Whether the attempt carries that yes."""
    return _read_repeat(signed) is not None
