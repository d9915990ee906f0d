"""The names a request goes by: its reference, its attempt, and the token of its confirmation."""

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core import signing

# Digits and capitals, but of each set of look-alikes (0 O, 1 I L, 5 S, 2 Z, 8 B, U V) at most
# one, and no vowel and no Y, so that no word can form.
ALPHABET = "234679CDFGHJKMNPQRTWX"

_attempts = signing.TimestampSigner(salt="appointments.attempt")
_tokens = signing.Signer(salt="appointments.received")


def new_reference() -> str:
    """Return a random reference such as VIS-7K3M-9RQF (21^8 of them, about 38 billion)."""
    half = ["".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(2)]
    return f"VIS-{half[0]}-{half[1]}"


def new_attempt() -> str:
    """Return a signed name for one attempt to send the form; it never expires."""
    return _attempts.sign(uuid.uuid4().hex)


def read_attempt(signed: str) -> uuid.UUID | None:
    """Return the attempt that `new_attempt` named, or None for a text it did not make."""
    try:
        return uuid.UUID(_attempts.unsign(signed))
    except (signing.BadSignature, ValueError):
        return None


def received_token(attempt: uuid.UUID) -> str:
    """Return the token of the confirmation of an attempt's request, for use in an address."""
    return _tokens.sign(attempt.hex)


def read_received_token(token: str) -> uuid.UUID | None:
    """Return the attempt whose confirmation `token` opens, or None for a forged one."""
    try:
        return uuid.UUID(_tokens.unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def digest(cleaned: Mapping[str, Any]) -> str:
    """Return a keyed digest of what was sent: equal for equal content, telling nothing of it."""
    text = json.dumps(cleaned, sort_keys=True, default=str)
    return hmac.new(settings.DIGEST_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
