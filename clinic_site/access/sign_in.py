"""The pages for who is not in yet, and the one that asks again whoever is.

One signs in by a passkey alone, or by a password and then a code, on two pages. Between the two
there is no session: a signed cookie tells whose password was right.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import cast

from django.contrib import admin
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_otp.models import Device

from clinic_site.access import entry, forms
from clinic_site.access.entry import Problem, Proof, page, pages
from clinic_site.access.factors import app_of, passkeys_of, use_code
from clinic_site.access.invitations import Used, accept_invitation, find_invitation
from clinic_site.access.limits import check_password, take_code_try
from clinic_site.access.models import NAME_TAKEN, TotpDevice, User
from clinic_site.access.passkeys import begin, make_passkey, use_passkey
from clinic_site.access.record import record_refused_sign_in
from clinic_site.claims import client_address


@never_cache
@pages
def sign_in(request: HttpRequest) -> HttpResponse:
    """The first page: a passkey, or a name and a password."""
    to = entry.page_after(request)
    if admin.site.has_permission(request):
        return HttpResponseRedirect(to, status=303)
    by_passkey, problem = "passkey" in request.POST, None
    form = forms.SignInForm(request.POST if request.method == "POST" and not by_passkey else None)
    try:
        if by_passkey:
            device = use_passkey(request, purpose="sign in")
            return entry.let_in(request, device.user, Proof.PASSKEY, device, to)
        if form.is_valid():
            user = check_password(request, **form.cleaned_data)
            response = HttpResponseRedirect(reverse("admin:code"), status=303)
            entry.set_pending(response, user, to)
            return response
    except Problem as refused:
        problem = refused
    return page(request, "sign_in", title=_("Sign in"), form=form, problem=problem, next=to)


@never_cache
@pages
def code(request: HttpRequest) -> HttpResponse:
    """The second page: a code of the app, or a recovery code."""
    user, to = entry.read_pending(request)
    if user is None:
        return HttpResponseRedirect(reverse("admin:login"), status=303)
    form, problem = forms.CodeForm(request.POST if request.method == "POST" else None), None
    if form.is_valid():
        try:
            return entry.let_in(
                request, user, *_check_code(request, user, form.cleaned_data["code"]), to
            )
        except Problem as refused:
            problem = refused
    return page(
        request,
        "code",
        title=_("One more step"),
        form=form,
        problem=problem,
        app=app_of(user),
        passkeys=passkeys_of(user),
        has_codes=user.recovery_codes.exists(),
        can_put_off=entry.can_put_off(request, user),
        next=to,
    )


def _check_code(request: HttpRequest, user: User, typed: str) -> tuple[Proof, TotpDevice | None]:
    """Return what the code proves, with the device it is of. Raises Problem, on record."""
    if use_code(user, typed):  # first, as it would be a wrong code of the app
        return Proof.RECOVERY_CODE, None
    waits = not take_code_try(request, user)
    with transaction.atomic():
        app = TotpDevice.objects.select_for_update().filter(user=user).first()
        if app and app.verify_token(typed, waits=waits):
            return Proof.APP, app
    record_refused_sign_in(request, name=user.username, detail="code")
    if app is None:
        raise Problem(_("This is none of your recovery codes, or it was used."))
    wait = app.seconds_to_wait() if waits else 0
    if not wait:
        raise Problem(_("This code was not taken. Type the one that the app shows now."))
    text = ngettext(
        "This code was not taken. Wait %d second, then type the one that the app shows.",
        "This code was not taken. Wait %d seconds, then type the one that the app shows.",
        wait,
    )
    raise Problem(text % wait)


@require_POST
def put_off(request: HttpRequest) -> HttpResponse:
    """Go on without a second factor, on the machine that the site runs on, and only there."""
    user, to = entry.read_pending(request)
    if user is None or not entry.can_put_off(request, user):
        return HttpResponseRedirect(reverse("admin:login"), status=303)
    return entry.let_in(request, user, Proof.PUT_OFF, None, to)


@pages
def again(request: HttpRequest) -> HttpResponse:
    """Ask whoever is signed in to show once more who they are."""
    user, to = cast(User, request.user), entry.page_after(request)
    by_passkey, problem = "passkey" in request.POST, None
    form = forms.AgainForm(request.POST if request.method == "POST" and not by_passkey else None)
    try:
        if by_passkey:
            use_passkey(request, purpose="again", user=user)
        elif form.is_valid():
            check_password(request, user.username, form.cleaned_data["password"])
        if by_passkey or form.is_valid():
            request.session["proved_at"] = int(time.time())
            return HttpResponseRedirect(to, status=303)
    except Problem as refused:
        problem = refused
    return page(
        request,
        "again",
        title=_("Is it still you?"),
        form=form,
        problem=problem,
        passkeys=passkeys_of(user),
        next=to,
    )


@never_cache
@pages
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what an invitation asks for; on POST accept it, with all of it or nothing."""
    found = find_invitation(token)
    if found is None:
        return page(request, "invitation_over", status=404, title=_("This invitation is over"))
    sent = request.POST if request.method == "POST" else None
    purpose, problem = f"invitation {found.pk}", None
    proof = Proof.APP
    if "passkey" in request.POST:
        proof = Proof.PASSKEY
    elif "later" in request.POST and entry.may_put_off(request):
        proof = Proof.PUT_OFF
    form = forms.InvitationForm(sent, user=found.user, needs_password=proof is not Proof.PASSKEY)
    app = forms.AppForm(
        sent if proof is Proof.APP else None,
        purpose=purpose,
        name="" if found.user.last_login is None else found.user.username,
    )
    add_factor: dict[Proof, Callable[[User], Device]] = {
        Proof.PASSKEY: partial(make_passkey, request, purpose=purpose),
        Proof.APP: app.save,
    }
    if form.is_valid() and (proof is not Proof.APP or app.is_valid()):
        try:
            user, device, codes = accept_invitation(
                invitation=found,
                names=form.typed_names(),
                password=form.cleaned_data["password"],
                add_factor=add_factor.get(proof),
                source=client_address(request),
            )
        except Problem as refused:
            problem = refused
        except IntegrityError:  # chosen by somebody else in this moment
            form.add_error("username", NAME_TAKEN)
        except Used:  # in this moment, so that there is none any more
            return HttpResponseRedirect(request.path, status=303)
        else:
            return _welcome(request, user, proof, device, codes)
    return page(
        request,
        "invitation",
        title=_("Set up your account"),
        invitation=found,
        form=form,
        app=app,
        problem=problem,
        can_put_off=entry.may_put_off(request),
        token=token,
    )


def _welcome(
    request: HttpRequest, user: User, proof: Proof, device: Device | None, codes: list[str]
) -> HttpResponse:
    if device is None:
        return entry.let_in(request, user, proof, None, reverse("admin:index"))
    entry.enter(request, user, proof, device)
    title = _("Keep these codes") if codes else _("If you lose this device")
    password = forms.NewPasswordForm(user=user)
    response = page(request, "codes", title=title, codes=codes, password=password)
    entry.remember(response, user)
    return response


@require_POST
def begin_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What a browser is asked, to make a passkey for whoever is invited."""
    found = find_invitation(token)
    if found is None:
        return JsonResponse({}, status=404)
    form = forms.InvitationForm(request.POST, user=found.user, needs_password=False)
    if not form.is_valid():
        return JsonResponse({}, status=422)  # the script sends the form, which tells
    # The form gave the account its names: under them the passkey is kept.
    return begin(request, purpose=f"invitation {found.pk}", enrol=found.user)
