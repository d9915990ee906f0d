"""The one door: what a browser brings along to it, how a session begins, and what it has proved."""

import datetime as dt
import enum
import secrets
import time
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import django_otp
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login, update_session_auth_hash
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_otp.models import Device

from clinic_site.access.factors import factors_of
from clinic_site.access.models import User
from clinic_site.access.record import AccountAction, record_of
from clinic_site.actor import Actor
from clinic_site.claims import is_loopback, was_forwarded
from clinic_site.crypto.key_ring import blind_index


class Problem(Exception):
    """Why somebody is not let in, or nothing is changed, in words for them."""

    def __init__(self, text: str, *, status: int = 200) -> None:
        super().__init__(text)
        self.status = status  # of the page that tells it


pages = require_http_methods(["GET", "HEAD", "POST"])


def page(
    request: HttpRequest,
    template: str,
    *,
    problem: Problem | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Return a page of this package, in the admin's frame."""
    context = {**admin.site.each_context(request), "problem": problem, **context}
    status = problem.status if problem else status
    return render(request, f"admin/access/{template}.html", context, status=status)


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

    @property
    def _salt(self) -> str:
        return f"clinic_site.access.{self.what}"

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """Return its values; {} where there is none, or it is over, or not of ours."""
        sent = request.COOKIES.get(self.name, "")
        try:
            return cast(dict[str, Any], signing.loads(sent, salt=self._salt, max_age=self.lasts))
        except signing.BadSignature:
            return {}

    def write(self, response: HttpResponse, **values: Any) -> None:
        response.set_cookie(
            self.name,
            signing.dumps(values, salt=self._salt),
            max_age=self.lasts,
            secure=not settings.LOOPBACK,
            httponly=True,
            samesite=self.samesite,
        )


PASSKEY = SignedCookie("passkey", settings.PASSKEY_FOR)
_PENDING = SignedCookie("pending", settings.PENDING_FOR)
_DEVICE = SignedCookie("device", settings.DEVICE_KNOWN_FOR, samesite="Lax")


def set_pending(response: HttpResponse, user: User, next_page: str) -> None:
    """Note that the password of this account was right, and where its person wants to go."""
    _PENDING.write(response, user=user.pk, hash=user.get_session_auth_hash(), next=next_page)


def read_pending(request: HttpRequest) -> tuple[User | None, str]:
    """Return whose password was right in this browser, and where they want to go."""
    found = _PENDING.read(request)
    user = User.objects.filter(pk=found["user"], is_active=True).first() if found else None
    # As with a session: another password, or another epoch, ends it.
    if user is None or user.get_session_auth_hash() != found["hash"]:
        return None, ""
    return user, str(found["next"])


def remember(response: HttpResponse, user: User) -> None:
    """Know this browser as one in which this account signed in, which strangers do not lock out."""
    _DEVICE.write(response, user=user.pk, opened_by=_opened_by(user), id=secrets.token_hex(16))


def known_device(request: HttpRequest, name: str) -> str:
    """Return the id of this browser where the account of that name signed in here; else ""."""
    found = _DEVICE.read(request)
    user = User.objects.filter(pk=found["user"], username=name).first() if found else None
    return found["id"] if user and _opened_by(user) == found.get("opened_by") else ""


def _opened_by(user: User) -> str:
    """Return what another password or factor changes, and another role does not."""
    factors = sorted(each.persistent_id for each in factors_of(user))
    return blind_index("device", f"{user.password} {factors}")


def is_own(request: HttpRequest) -> bool:
    """Whether a page of this site sent this, as the browser says."""
    return request.headers.get("Origin") == settings.SITE_URL


def page_after(request: HttpRequest) -> str:
    """Return the page of the admin that was asked for before the sign-in; else the first one.

    Written as addresses are sent, and where that is too long for a cookie the first one, too.
    """
    index = reverse("admin:index")
    wanted = iri_to_uri(request.POST.get("next") or request.GET.get("next") or "")
    is_safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)  # and is not too long
    return wanted if is_safe and wanted.startswith(index) else index


class Proof(enum.StrEnum):
    """What somebody proved, beside a password or, with a passkey, by itself; as on record."""

    PASSKEY = "passkey"
    APP = "app"
    RECOVERY_CODE = "recovery code"
    PUT_OFF = "second factor put off"


def enter(request: HttpRequest, user: User, proof: Proof, device: Device | None = None) -> None:
    """Begin the session of an account that has shown who it is; every way in ends here."""
    request.session.flush()  # nothing of an earlier session comes along
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    if device is not None:
        django_otp.login(request, device)
    now = dict.fromkeys(["signed_in_at", "seen_at", "proved_at"], int(time.time()))
    weak = {"by_code": proof is Proof.RECOVERY_CODE, "put_off": proof is Proof.PUT_OFF}
    request.session.update(now | weak)
    record_of(user, AccountAction.SIGNED_IN, by=Actor.staff(request), detail=proof)


def let_in(
    request: HttpRequest, user: User, proof: Proof, device: Device | None, to: str
) -> HttpResponse:
    """Begin the session, and lead to the page that was asked for."""
    enter(request, user, proof, device)
    response = HttpResponseRedirect(to, status=303)
    remember(response, user)
    response.delete_cookie(_PENDING.name, samesite=_PENDING.samesite)
    return response


def refuse_unless_held(request: HttpRequest, user: User) -> None:
    """Raise Problem where this session has ended since the request came in.

    Another password, or another epoch, ends it; `user` is its account, read just now.
    """
    asking = cast(User, request.user)
    if user.get_session_auth_hash() != asking.get_session_auth_hash():
        raise Problem(
            _(
                "Your account was changed a moment ago, by a second click or by a manager, so this "
                "was not done. Look at it before you try again."
            )
        )


def keep_session(request: HttpRequest, user: User, device: Device | None = None) -> None:
    """Go on in this browser after what ended every session of the account; `device` is proved."""
    update_session_auth_hash(request, user)
    if device is not None:
        django_otp.login(request, device)
        request.session.update({"put_off": False, "by_code": False})


def is_proved(request: HttpRequest) -> bool:
    """Whether this session has proved a second factor, or need not on this machine."""
    user, session = cast(User, request.user), request.session
    if getattr(user, "otp_device", None) is not None or session.get("by_code"):
        return True
    return bool(session.get("put_off") and can_put_off(request, user))


def may_put_off(request: HttpRequest) -> bool:
    """Whether site and browser are on one machine, and nothing tells of another between them."""
    return (
        settings.LOOPBACK
        and is_loopback(request.META.get("REMOTE_ADDR", ""))
        and urlsplit(f"//{request.get_host()}").hostname == "localhost"
        and not was_forwarded(request)
    )


def can_put_off(request: HttpRequest, user: User) -> bool:
    """Whether somebody need have no second factor yet, where their browser is."""
    return may_put_off(request) and not factors_of(user)


def needs_another_factor(request: HttpRequest) -> bool:
    """Whether somebody who looks after accounts has but one device, whose loss would end that."""
    user = cast(User, request.user)
    looks_after = not settings.LOOPBACK and user.has_perm("clinic_site.change_user")
    return looks_after and len(factors_of(user)) < 2
