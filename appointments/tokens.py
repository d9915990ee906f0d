"""Signed names: of an attempt to send the form, and of the pages that show its request."""

import uuid

from django.core import signing

_attempts = signing.Signer(salt="appointments.attempt")
_repeats = signing.Signer(salt="appointments.attempt.again")
_received = signing.Signer(salt="appointments.received")
_status = signing.Signer(salt="appointments.status")
_mail = signing.Signer(salt="appointments.mail")


def new_attempt(*, again: bool = False) -> str:
    """Return a signed name for one attempt to send the form; it never expires.

    `again`: it carries the patient's yes to sending once more what we have already.
    """
    return (_repeats if again else _attempts).sign(uuid.uuid4().hex)


def read_attempt(signed: str) -> uuid.UUID | None:
    """Return the attempt that `new_attempt` named, or None for a text it did not make."""
    return _read(_attempts, signed) or _read(_repeats, signed)


def is_again(signed: str) -> bool:
    """Whether the attempt carries that yes."""
    return _read(_repeats, signed) is not None


def received_token(attempt: uuid.UUID) -> str:
    """Return the token of the confirmation of an attempt's request, for use in an address."""
    return _received.sign(attempt.hex)


def read_received_token(token: str) -> uuid.UUID | None:
    """Return the attempt whose confirmation `token` opens, or None for a forged one."""
    return _read(_received, token)


def status_token(attempt: uuid.UUID) -> str:
    """Return the token of the status page of an attempt's request, for use in an address."""
    return _status.sign(attempt.hex)


def read_status_token(token: str) -> uuid.UUID | None:
    """Return the attempt whose status page `token` opens, or None for a forged one."""
    return _read(_status, token)


def mail_token(attempt: uuid.UUID) -> str:
    """Return the token of the page to which mails about an attempt's request lead.

    It opens only a form that asks for the phone number, as others may read the mailbox.
    """
    return _mail.sign(attempt.hex)


def read_mail_token(token: str) -> uuid.UUID | None:
    """Return the attempt that `mail_token` named, or None for a forged one."""
    return _read(_mail, token)


def _read(signer: signing.Signer, token: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(signer.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
