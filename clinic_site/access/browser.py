"""What a browser brings along before anybody is signed in there: signed cookies, and from where."""

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from clinic_site.access.factors import factors_of
from clinic_site.access.models import User
from clinic_site.claims import is_loopback, was_forwarded
from clinic_site.crypto.blind_index import blind_index


@dataclass(frozen=True)
class SignedCookie:
    """A cookie that holds values of ours, which nobody else can make or change."""

    what: str
    lasts: dt.timedelta
    samesite: Literal["Lax", "Strict"] = "Strict"

    @property
    def name(self) -> str:
        """Its name: everything at localhost shares its cookies, whatever the port."""
        return f"clinic_{self.what}" if settings.LOOPBACK else f"__Host-{self.what}"

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """Return its values; {} where there is none, or it is over, or not of ours."""
        sent, salt = request.COOKIES.get(self.name, ""), f"clinic_site.access.{self.what}"
        try:
            return cast(dict[str, Any], signing.loads(sent, salt=salt, max_age=self.lasts))
        except signing.BadSignature:
            return {}

    def write(self, response: HttpResponse, **values: Any) -> None:
        response.set_cookie(
            self.name,
            signing.dumps(values, salt=f"clinic_site.access.{self.what}"),
            max_age=self.lasts,
            secure=not settings.LOOPBACK,
            httponly=True,
            samesite=self.samesite,
        )

    def forget(self, response: HttpResponse) -> None:
        response.delete_cookie(self.name, samesite=self.samesite)
        response.cookies[self.name]["secure"] = "" if settings.LOOPBACK else True


PASSKEY = SignedCookie("passkey", settings.PASSKEY_FOR)
PENDING = SignedCookie("pending", settings.PENDING_FOR)
_DEVICE = SignedCookie("device", settings.DEVICE_KNOWN_FOR, samesite="Lax")


# Whose password was right, while their second factor is not proved yet.


def set_pending(response: HttpResponse, user: User, next_page: str) -> None:
    """Note that the password of this account was right, and where its person wants to go."""
    PENDING.write(response, user=user.pk, hash=user.get_session_auth_hash(), next=next_page)


def read_pending(request: HttpRequest) -> tuple[User | None, str]:
    """Return whose password was right in this browser, and where they want to go."""
    found = PENDING.read(request)
    user = User.objects.filter(pk=found["user"], is_active=True).first() if found else None
    # As with a session: another password, or another epoch, ends it.
    if user is None or user.get_session_auth_hash() != found["hash"]:
        return None, ""
    return user, str(found["next"])


# Which account signed in here: so strangers' tries do not lock its person out.


def remember(response: HttpResponse, user: User) -> None:
    """Know this browser again as one in which this account signed in; the newest one counts."""
    values = {"user": user.pk, "opened_by": _opened_by(user), "id": secrets.token_hex(16)}
    _DEVICE.write(response, **values)


def known_device(request: HttpRequest, name: str) -> str:
    """Return the id of this browser where the account of that name signed in here; else ""."""
    found = _DEVICE.read(request)
    user = User.objects.filter(pk=found["user"], username=name).first() if found else None
    return found["id"] if user and _opened_by(user) == found.get("opened_by") else ""


def _opened_by(user: User) -> str:
    """Return what another password or factor changes, and another role does not."""
    factors = sorted(each.persistent_id for each in factors_of(user))
    return blind_index("device", f"{user.password} {factors}")


# Where the second factor can be put off.


def may_put_off(request: HttpRequest) -> bool:
    """Whether site and browser are on one machine, and nothing tells of another between them."""
    return (
        settings.LOOPBACK
        and is_loopback(request.META.get("REMOTE_ADDR", ""))
        and urlsplit(f"//{request.get_host()}").hostname == "localhost"
        and not was_forwarded(request)
    )


def is_own(request: HttpRequest) -> bool:
    """Whether a page of this site sent this, as the browser says."""
    return request.headers.get("Origin") == settings.SITE_URL
