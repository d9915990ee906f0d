"""Codes of an authenticator app (TOTP, RFC 6238), and the QR code by which an app learns them."""

import base64
import secrets
import time
from urllib.parse import quote, urlencode, urlsplit

import segno
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django_otp.oath import TOTP


def new_secret() -> str:
    """Return 160 random bits, in base32 as people type them where they cannot scan."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def step_of(secret: str, code: str, *, after: int = -1) -> int | None:
    """Return the step for which this code is right, later than `after`; None where it is wrong."""
    digits = "".join(code.split())
    if not (len(digits) == 6 and digits.isascii() and digits.isdigit()):
        return None
    totp = TOTP(base64.b32decode(secret))
    totp.time = time.time()  # one moment, else it could end between its two answers
    is_right = totp.verify(int(digits), tolerance=settings.APP_CLOCK_STEPS, min_t=after + 1)
    return totp.t() if is_right else None


def qr_code(secret: str, *, issuer: str, name: str = "") -> SafeString:
    """Return the picture, as SVG, from which an app takes the secret.

    It shows the code under the issuer's name and this one, or the site's.
    """
    issuer = issuer.replace(":", " ")
    name = name or urlsplit(settings.SITE_URL).hostname or ""
    query = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    code = segno.make(f"otpauth://totp/{quote(issuer)}:{quote(name)}?{query}", error="m")
    # Light and dark as they are, whatever the page's colours: else no app reads it.
    svg = code.svg_inline(omitsize=True, dark="#000", light="#fff", border=4)
    return mark_safe(svg)  # noqa: S308  of squares alone


def in_groups(secret: str, separator: str = " ") -> str:
    """Return a secret as people can type it.

    >>> in_groups("ABCDEFGHIJ")
    'ABCD EFGH IJ'
    """
    return separator.join(secret[start : start + 4] for start in range(0, len(secret), 4))
