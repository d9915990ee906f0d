"""The one door: how a session begins, and what it has proved."""

import enum
import time
from typing import cast

import django_otp
from django.conf import settings
from django.contrib.auth import login, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_otp.models import Device

from clinic_site.access import browser
from clinic_site.access.factors import factors_of
from clinic_site.access.models import User
from clinic_site.access.record import AccountAction, record_of
from clinic_site.actor import Actor


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
    now = int(time.time())
    values = {
        **dict.fromkeys(["signed_in_at", "seen_at", "proved_at"], now),
        "by_code": proof is Proof.RECOVERY_CODE,
        "put_off": proof is Proof.PUT_OFF,
    }
    request.session.update(values)
    record_of(user, AccountAction.SIGNED_IN, by=Actor.staff(request), detail=proof)


def let_in(
    request: HttpRequest, user: User, proof: Proof, device: Device | None, to: str
) -> HttpResponse:
    """Begin the session, and lead to the page that was asked for."""
    enter(request, user, proof, device)
    response = HttpResponseRedirect(to, status=303)
    browser.remember(response, user)
    browser.PENDING.forget(response)
    return response


def is_proved(request: HttpRequest) -> bool:
    """Whether this session has proved a second factor, or need not on this machine."""
    user, session = cast(User, request.user), request.session
    if getattr(user, "otp_device", None) is not None or session.get("by_code"):
        return True
    return bool(session.get("put_off") and can_put_off(request, user))


def can_put_off(request: HttpRequest, user: User) -> bool:
    """Whether somebody need have no second factor yet, where their browser is."""
    return browser.may_put_off(request) and not factors_of(user)


def needs_another_factor(request: HttpRequest) -> bool:
    """Whether somebody who looks after accounts has but one device, whose loss would end that."""
    user, session = cast(User, request.user), request.session
    if settings.LOOPBACK or session.get("has_two") or not user.has_perm("clinic_site.change_user"):
        return False
    if len(factors_of(user)) < 2:
        return True
    session["has_two"] = True
    return False


def keep_session(request: HttpRequest, user: User, device: Device | None = None) -> None:
    """Go on in this browser after what ended every session of the account; `device` is proved."""
    update_session_auth_hash(request, user)
    request.session.pop("has_two", None)
    if device is not None:
        django_otp.login(request, device)
        request.session.update({"put_off": False, "by_code": False})


def page_after(request: HttpRequest) -> str:
    """Return the page of the admin that was asked for before the sign-in; else the first one."""
    index = reverse("admin:index")
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if own and wanted.startswith(index) else index
