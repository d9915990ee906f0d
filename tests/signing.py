"""Attempts to send the form, as the site signed them some time ago."""

import datetime as dt
import time
import uuid

from django.core import signing


def make_attempt(age: dt.timedelta = dt.timedelta(minutes=1), key: str | None = None) -> str:
    """An attempt whose form was opened that long ago; signed with `key`, else the settings'."""
    opened = signing.b62_encode(int(time.time() - age.total_seconds()))
    signer = signing.Signer(key=key, salt="appointments.attempt")
    return signer.sign(f"{uuid.uuid4().hex}:{opened}")
