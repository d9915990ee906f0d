"""Signing in: a passkey by itself, or a password and then a code, on two pages.

Between the two there is no session: a signed cookie tells whose password was right.
"""

import time
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from clinic_site.access import browser
from clinic_site.access.codes import use_code
from clinic_site.access.entry import Proof, can_put_off, let_in, page_after
from clinic_site.access.factors import app_of, passkeys_of
from clinic_site.access.forms import AgainForm, CodeForm, SignInForm
from clinic_site.access.limits import Refused, take_code_try, take_try
from clinic_site.access.models import TotpDevice, User
from clinic_site.access.passkeys import NoPasskey, begin, take_answer
from clinic_site.access.record import record_refused_sign_in

pages = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class Problem:
    """Why somebody is not let in, in words, and as a status of HTTP."""

    text: str
    status: int = 200


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """Return a page of this package, in the admin's frame."""
    context = {**admin.site.each_context(request), **context}
    return render(request, f"admin/access/{template}.html", context, status=status)


def check_password(request: HttpRequest, name: str, password: str) -> User | Problem:
    """Return whose name and password these are, or why nobody is told; counted, and on record."""
    tried = take_try(request, name)
    if isinstance(tried, Refused):
        record_refused_sign_in(request, name=name, detail="limit")
        text = ngettext(
            "There were too many wrong passwords. You can try again in %d minute, or use a passkey"
            " at once.",
            "There were too many wrong passwords. You can try again in %d minutes, or use a"
            " passkey at once.",
            tried.minutes,
        )
        return Problem(text % tried.minutes, status=429)
    user = authenticate(request, username=name, password=password, of_stranger=tried.of_stranger)
    if user is None:
        record_refused_sign_in(request, name=name, detail="password")
        return Problem(_("This username and this password do not belong together."))
    tried.give_back()
    return user


def no_passkey(request: HttpRequest, name: str = "") -> Problem:
    """Return what is said where a passkey was not taken, which is on record."""
    record_refused_sign_in(request, name=name, detail="passkey")
    return Problem(_("This passkey was not taken. Try again, or another way."), status=400)


@never_cache
@pages
def sign_in(request: HttpRequest) -> HttpResponse:
    """The first page: a passkey, or a name and a password."""
    to = page_after(request)
    if admin.site.has_permission(request):
        return HttpResponseRedirect(to, status=303)
    form, problem = SignInForm(), None
    if "passkey" in request.POST:
        try:
            device = take_answer(request, purpose="sign in").recognise()
        except NoPasskey:
            problem = no_passkey(request)
        else:
            return let_in(request, device.user, Proof.PASSKEY, device, to)
    elif request.method == "POST":
        form = SignInForm(request.POST)
        if form.is_valid():
            found = check_password(
                request, form.cleaned_data["username"], form.cleaned_data["password"]
            )
            if isinstance(found, User):
                response = HttpResponseRedirect(reverse("admin:code"), status=303)
                browser.set_pending(response, found, to)
                return response
            problem = found
    status = problem.status if problem else 200
    title = _("Sign in")
    return page(request, "sign_in", status, title=title, form=form, problem=problem, next=to)


@require_POST
def begin_sign_in(request: HttpRequest) -> HttpResponse:
    """What a browser is asked for a passkey."""
    return begin(request, purpose="sign in")


@never_cache
@pages
def code(request: HttpRequest) -> HttpResponse:
    """The second page: a code of the app, or a recovery code."""
    user, to = browser.read_pending(request)
    if user is None:
        return HttpResponseRedirect(reverse("admin:login"), status=303)
    form, problem = CodeForm(request.POST if request.method == "POST" else None), None
    if form.is_valid():
        found = _check_code(request, user, form.cleaned_data["code"])
        if not isinstance(found, Problem):
            return let_in(request, user, *found, to)
        problem = found
    return page(
        request,
        "code",
        problem.status if problem else 200,
        title=_("One more step"),
        form=form,
        problem=problem,
        app=app_of(user),
        passkeys=passkeys_of(user),
        has_codes=user.recovery_codes.exists(),
        can_put_off=can_put_off(request, user),
        next=to,
    )


def _check_code(request: HttpRequest, user: User, typed: str) -> tuple[Proof, Any] | Problem:
    """Return what the code proves, with the device it is of, or why it proves nothing."""
    if use_code(user, typed):  # first, as it would be a wrong code of the app
        return Proof.RECOVERY_CODE, None
    waits = not take_code_try(request, user)
    with transaction.atomic():
        app = TotpDevice.objects.select_for_update().filter(user=user).first()
        if app and app.verify_token(typed, waits=waits):
            return Proof.APP, app
    record_refused_sign_in(request, name=user.username, detail="code")
    if app is None:
        return Problem(_("This is none of your recovery codes, or it was used."))
    wait = app.seconds_to_wait() if waits else 0
    if not wait:
        return Problem(_("This code was not taken. Type the one that the app shows now."))
    text = ngettext(
        "This code was not taken. Wait %d second, then type the one that the app shows.",
        "This code was not taken. Wait %d seconds, then type the one that the app shows.",
        wait,
    )
    return Problem(text % wait)


@require_POST
def put_off(request: HttpRequest) -> HttpResponse:
    """Go on without a second factor, on the machine that the site runs on, and only there."""
    user, to = browser.read_pending(request)
    if user is None or not can_put_off(request, user):
        return HttpResponseRedirect(reverse("admin:login"), status=303)
    return let_in(request, user, Proof.PUT_OFF, None, to)


@never_cache
@pages
def again(request: HttpRequest) -> HttpResponse:
    """Ask whoever is signed in to show once more who they are."""
    user, to = cast(User, request.user), page_after(request)
    form, problem = AgainForm(), None
    if "passkey" in request.POST:
        try:
            if take_answer(request, purpose=f"again {user.pk}").recognise().user_id != user.pk:
                raise NoPasskey
        except NoPasskey:
            problem = no_passkey(request, user.username)
    elif request.method == "POST":
        form = AgainForm(request.POST)
        if form.is_valid():
            found = check_password(request, user.username, form.cleaned_data["password"])
            problem = found if isinstance(found, Problem) else None
    if request.method == "POST" and problem is None and not form.errors:
        request.session["proved_at"] = int(time.time())
        return HttpResponseRedirect(to, status=303)
    return page(
        request,
        "again",
        problem.status if problem else 200,
        title=_("Is it still you?"),
        form=form,
        problem=problem,
        passkeys=passkeys_of(user),
        next=to,
    )


@require_POST
def begin_again(request: HttpRequest) -> HttpResponse:
    """What a browser is asked for a passkey of whoever is signed in."""
    return begin(request, purpose=f"again {request.user.pk}")
