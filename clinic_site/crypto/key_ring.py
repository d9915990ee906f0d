"""What is done with the keys.

The ring, settings.FIELD_KEYS, holds Fernet keys: the first one encrypts, each one decrypts.
Blind indexes are keyed digests under a key that is derived from settings.DIGEST_KEY.
"""

import contextlib
import hashlib
import hmac

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


def blind_index(kind: str, text: str) -> str:
    """Return 64 hex digits by which an encrypted text is found again, exactly; "" stays empty.

    Equal texts of one kind have equal digests; the same text as another kind has another.

    >>> blind_index("phone", "1") == blind_index("phone", "1") != blind_index("email", "1")
    True
    >>> len(blind_index("phone", "1")), blind_index("phone", "")
    (64, '')
    """
    if not text:
        return ""
    key = hmac.digest(settings.DIGEST_KEY.encode(), b"blind index", "sha256")
    return hmac.digest(key, f"{kind}\0{text}".encode(), "sha256").hex()


def fingerprint(key: str) -> str:
    """Return a short name for a key, which tells nothing of it.

    >>> fingerprint("Zm9yLXRlc3RzLW9ubHktZm9yLXRlc3RzLW9ubHktMDE=")
    'fea03496'
    """
    return hashlib.sha256(key.encode()).hexdigest()[:8]
