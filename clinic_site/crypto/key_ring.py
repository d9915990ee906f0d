"""The key ring, settings.FIELD_KEYS: Fernet keys, the first one encrypts, each one decrypts."""

import contextlib
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotRead(Exception):
    """A stored value cannot be read: no key of the ring opens it, or a newer release stored it."""


def _ring() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def encrypt(text: str) -> str:
    """Return `text` encrypted under the current key."""
    return _ring().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Return the text that `encrypt` was given; raise CannotRead where no key opens it."""
    try:
        return _ring().decrypt(token.encode()).decode()
    except InvalidToken:
        raise CannotRead("No key of FIELD_KEYS opens this value.") from None


def key_number(token: str) -> int | None:
    """Return which key of the ring opens a value, the current one being 1; None where none does."""
    for number, key in enumerate(settings.FIELD_KEYS, start=1):
        with contextlib.suppress(InvalidToken):
            Fernet(key).decrypt(token.encode())
            return number
    return None


def fingerprint(key: str) -> str:
    """Return a short name for a key, which tells nothing of it.

    >>> fingerprint("Zm9yLXRlc3RzLW9ubHktZm9yLXRlc3RzLW9ubHktMDE=")
    'fea03496'
    """
    return hashlib.sha256(key.encode()).hexdigest()[:8]
