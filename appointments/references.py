"""The names a request goes by: its reference, its attempt, and the token of its confirmation."""

import re
import secrets
import unicodedata
import uuid

from django.core import signing

# Digits and capitals, but of each set of look-alikes (0 O, 1 I L, 5 S, 2 Z, 8 B, U V) at most
# one, and no vowel and no Y, so that no word can form.
ALPHABET = "234679CDFGHJKMNPQRTWX"

_attempts = signing.Signer(salt="appointments.attempt")
_received = signing.Signer(salt="appointments.received")
_status = signing.Signer(salt="appointments.status")


def new_reference() -> str:
    """Return a random reference such as VIS-7K3M-9RQF (21^8 of them, about 38 billion)."""
    half = ["".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(2)]
    return f"VIS-{half[0]}-{half[1]}"


def typed_reference(text: str) -> str | None:
    """Return the reference that a person typed in their own way, or None where it is none.

    >>> typed_reference("7k3m 9rqf"), typed_reference(" vis 7K3M\u20119RQF")
    ('VIS-7K3M-9RQF', 'VIS-7K3M-9RQF')
    """
    typed = re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", text).upper())
    found = re.fullmatch(rf"(?:VIS)?([{ALPHABET}]{{4}})([{ALPHABET}]{{4}})", typed)
    return f"VIS-{found[1]}-{found[2]}" if found else None


def new_attempt() -> str:
    """Return a signed name for one attempt to send the form; it never expires."""
    return _attempts.sign(uuid.uuid4().hex)


def read_attempt(signed: str) -> uuid.UUID | None:
    """Return the attempt that `new_attempt` named, or None for a text it did not make."""
    return _read(_attempts, signed)


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


def _read(signer: signing.Signer, token: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(signer.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
