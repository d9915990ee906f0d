"""Attempts to send the form, as the site signs them."""

import uuid

from django.core import signing


def make_attempt(key: str | None = None) -> str:
    """A fresh attempt; signed with `key`, else the settings'."""
    return signing.Signer(key=key, salt="appointments.attempt").sign(uuid.uuid4().hex)
