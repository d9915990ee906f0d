"""A person's own account: passkeys, app, codes, password, and the sessions elsewhere."""

from collections.abc import Callable
from functools import partial
from typing import cast

from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_otp.models import Device

from clinic_site.access import entry
from clinic_site.access.backend import in_thread
from clinic_site.access.entry import Problem, page, pages
from clinic_site.access.factors import app_of, factors_of, first_codes, passkeys_of
from clinic_site.access.forms import AppForm, NewPasswordForm
from clinic_site.access.kept import asked_again
from clinic_site.access.models import User
from clinic_site.access.passkeys import begin, make_passkey
from clinic_site.access.record import AccountAction, record_of
from clinic_site.actor import Actor


@pages
@asked_again
def account(request: HttpRequest) -> HttpResponse:
    """Show how one signs in; on POST change one thing of it."""
    user = User.objects.get(username=request.user.get_username())  # a fresh copy
    do = request.POST.get("do", "")
    sent = request.POST if do == "app" else None
    app = AppForm(sent, purpose=f"account {user.pk}", name=user.username)
    password = NewPasswordForm(request.POST if do == "password" else None, user=user)
    action: AccountAction | None = None
    change: Callable[[User], object] | None = None
    done, problem = "", None
    match do:
        case "passkey":
            action, done = AccountAction.FACTOR_ADDED, _("The passkey is stored.")
            change = partial(make_passkey, request, purpose="account")
        case "app" if app.is_valid():
            action, done = AccountAction.FACTOR_ADDED, _("The app is stored.")
            change = app.save
        case "codes":
            action = AccountAction.CODES_MADE
            change = _drop_codes
        case "password" if password.is_valid():
            action = AccountAction.PASSWORD_CHANGED
            done = _("The password is set. You are signed out everywhere else.")
            hashed = in_thread(make_password, password.cleaned_data["password"])
            change = partial(_set_password, hashed=hashed)
        case "remove":
            action, done = AccountAction.FACTOR_REMOVED, _("It is removed.")
            change = partial(_remove, request)
        case "sessions":
            action, done = AccountAction.SESSIONS_ENDED, _("You are signed out everywhere else.")
    if action:
        try:
            return _done(request, user, action, change, done)
        except Problem as refused:
            problem = refused
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
        needs_another=entry.needs_another_factor(request),
    )


def _done(
    request: HttpRequest,
    user: User,
    action: AccountAction,
    change: Callable[[User], object] | None,
    done: str,
) -> HttpResponse:
    """Make a change, end every session but this one, and put it on record; or raise Problem.

    It is raised as well where a manager has ended this session while the request was on its way.
    `change` may return a device, which this session has proved by that. The answer shows the codes
    that come with the first password and factor, or in the place of earlier ones.
    """
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        entry.refuse_unless_held(request, user)
        made = change(user) if change else None
        takes_away = action in {AccountAction.FACTOR_REMOVED, AccountAction.SESSIONS_ENDED}
        codes = [] if takes_away else first_codes(user)
        user.end_sessions()
        record_of(user, action, by=Actor.staff(request))
    entry.keep_session(request, user, made if isinstance(made, Device) else None)
    if codes:
        response = page(request, "codes", title=_("Keep these codes"), codes=codes, done=done)
    else:
        messages.success(request, done)
        response = HttpResponseRedirect(reverse("admin:password_change"), status=303)
    entry.remember(response, user)
    return response


def _drop_codes(user: User) -> None:
    """Make room for new codes. Raises Problem where they would open nothing."""
    if not user.has_usable_password():
        raise Problem(_("A code is typed after a password. Set one first."))
    if not factors_of(user):
        raise Problem(_("A code stands in for a passkey or an app. Set one up first."))
    user.recovery_codes.all().delete()


def _set_password(user: User, *, hashed: str) -> None:
    user.password = hashed
    user.save(update_fields=["password"])


def _remove(request: HttpRequest, user: User) -> None:
    """Remove a factor. Raises Problem for the last one, and for the one of this session."""
    factor = request.POST.get("factor", "")
    factors = {each.persistent_id: each for each in factors_of(user)}
    if factor not in factors:
        raise Problem(_("It was removed before."))
    if len(factors) < 2:
        raise Problem(_("It is the only one. Add another one first."))
    if factor == request.session.get("otp_device_id"):
        raise Problem(_("You signed in with this one. Sign in with another one first."))
    factors[factor].delete()
    if not (passkeys_of(user) or user.has_usable_password()):
        raise Problem(_("An app needs a password beside it. Set one first."))


@asked_again
def begin_account(request: HttpRequest) -> HttpResponse:
    """What a browser is asked, to make a passkey for whoever is signed in."""
    return begin(request, purpose="account", enrol=cast(User, request.user))
