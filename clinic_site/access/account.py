"""A person's own account: passkeys, app, codes, password, and the sessions elsewhere.

Each change of these ends every other session of the account.
"""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_otp.models import Device

from clinic_site.access import browser
from clinic_site.access.again import asked_again
from clinic_site.access.codes import first_codes
from clinic_site.access.entry import keep_session, needs_another_factor
from clinic_site.access.factors import app_of, factors_of, passkeys_of
from clinic_site.access.forms import AppForm, NewPasswordForm
from clinic_site.access.hashing import in_thread
from clinic_site.access.models import User
from clinic_site.access.passkeys import NoPasskey, begin, take_answer
from clinic_site.access.record import AccountAction, record_of
from clinic_site.access.sign_in import page, pages
from clinic_site.actor import Actor

BRINGS_CODES = {
    *(AccountAction.FACTOR_ADDED, AccountAction.PASSWORD_CHANGED, AccountAction.CODES_MADE),
}


class CannotChange(Exception):
    """It would leave nobody a way in, or is there no more; the text says what to do."""


@never_cache
@pages
@asked_again
def account(request: HttpRequest) -> HttpResponse:
    """Show how one signs in; on POST change one thing of it."""
    user = User.objects.get(username=request.user.get_username())  # a fresh copy
    do = request.POST.get("do", "")
    app = AppForm(
        request.POST if do == "app" else None, purpose=f"account {user.pk}", name=user.username
    )
    password = NewPasswordForm(request.POST if do == "password" else None, user=user)
    problem, codes, done = "", [], ""
    try:
        if do == "passkey":
            answer = take_answer(request, purpose=f"account {user.pk}")
            codes = _change(request, user, AccountAction.FACTOR_ADDED, answer.enrol)
            done = _("The passkey is stored.")
        elif app.is_valid():
            codes = _change(request, user, AccountAction.FACTOR_ADDED, app.save)
            done = _("The app is stored.")
        elif do == "codes":
            codes = _new_codes(request, user)
        elif password.is_valid():
            codes = _set_password(request, user, password.cleaned_data["password"])
            done = _("The password is set. You are signed out everywhere else.")
        elif do == "remove":
            _remove(request, user, request.POST.get("factor", ""))
            done = _("It is removed.")
        elif do == "sessions":
            _change(request, user, AccountAction.SESSIONS_ENDED)
            done = _("You are signed out everywhere else.")
    except NoPasskey:
        problem = _("This passkey was not taken. Try again, or use an app.")
    except CannotChange as refused:
        problem = str(refused)
    if codes or done:
        return _answer(request, user, codes, done)
    return page(
        request,
        "account",
        title=_("Your account"),
        app=app,
        password=password,
        problem=problem,
        has_app=app_of(user),
        passkeys=passkeys_of(user),
        codes_left=user.recovery_codes.count(),
        this=request.session.get("otp_device_id"),
        alone=len(factors_of(user)) < 2,
        needs_another=needs_another_factor(request),
    )


def _answer(request: HttpRequest, user: User, codes: list[str], done: str) -> HttpResponse:
    response: HttpResponse = HttpResponseRedirect(reverse("admin:password_change"), status=303)
    if codes:
        response = page(request, "codes", title=_("Keep these codes"), codes=codes, done=done)
    else:
        messages.success(request, done)
    browser.remember(response, user)
    return response


def _change(
    request: HttpRequest,
    user: User,
    action: AccountAction,
    change: Callable[[User], object] = lambda user: None,
) -> list[str]:
    """Make a change, end every session but this one, and put it on record; or none of it.

    `change` may return a device, which this session has proved by that. Returns recovery codes
    where it is the first thing to bring any, or was to make new ones.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        made = change(user)
        codes = first_codes(user) if action in BRINGS_CODES else []
        user.end_sessions()
        record_of(user, action, by=Actor.staff(request))
    keep_session(request, user, made if isinstance(made, Device) else None)
    return codes


def _new_codes(request: HttpRequest, user: User) -> list[str]:
    """Return codes in the place of earlier ones. Raises CannotChange where they open nothing."""
    if not user.has_usable_password():
        raise CannotChange(_("A code is typed after a password. Set one first."))
    if not factors_of(user):
        raise CannotChange(_("A code stands in for a passkey or an app. Set one up first."))
    action = AccountAction.CODES_MADE
    return _change(request, user, action, lambda user: user.recovery_codes.all().delete())


def _set_password(request: HttpRequest, user: User, password: str) -> list[str]:
    hashed = in_thread(make_password, password)

    def change(user: User) -> None:
        user.password = hashed
        user.save(update_fields=["password"])

    return _change(request, user, AccountAction.PASSWORD_CHANGED, change)


def _remove(request: HttpRequest, user: User, factor: str) -> None:
    """Remove a factor; never the last, nor the one of this session. Raises CannotChange."""

    def change(user: User) -> None:
        factors = {each.persistent_id: each for each in factors_of(user)}
        if factor not in factors:
            raise CannotChange(_("It was removed before."))
        if len(factors) < 2:
            raise CannotChange(_("It is the only one. Add another one first."))
        if factor == request.session.get("otp_device_id"):
            raise CannotChange(_("You signed in with this one. Sign in with another one first."))
        factors[factor].delete()
        if not (passkeys_of(user) or user.has_usable_password()):
            raise CannotChange(_("An app needs a password beside it. Set one first."))

    _change(request, user, AccountAction.FACTOR_REMOVED, change)


@require_POST
@asked_again
def begin_account(request: HttpRequest) -> HttpResponse:
    """What a browser is asked, to make a passkey for whoever is signed in."""
    user = cast(User, request.user)
    return begin(request, purpose=f"account {user.pk}", enrol=user)
