"""The page that an invitation opens: names, a password, a second factor, and the codes."""

from collections.abc import Callable

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_otp.models import Device

from clinic_site.access import browser
from clinic_site.access.entry import Proof, enter, let_in
from clinic_site.access.forms import AppForm, InvitationForm, NewPasswordForm
from clinic_site.access.invitations import Accepted, Used, accept_invitation, find_invitation
from clinic_site.access.models import Invitation, User
from clinic_site.access.passkeys import NoPasskey, begin, take_answer
from clinic_site.access.sign_in import page, pages
from clinic_site.claims import client_address


def _form(request: HttpRequest, invitation: Invitation, *, needs_password: bool) -> InvitationForm:
    data = request.POST if request.method == "POST" else None
    return InvitationForm(data, user=invitation.user, needs_password=needs_password)


@never_cache
@pages
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what an invitation asks for; on POST accept it, with all of it or nothing."""
    found = find_invitation(token)
    if found is None:
        return _over(request)
    sent = request.POST
    by_passkey = "passkey" in sent
    later = "later" in sent and browser.may_put_off(request)
    form = _form(request, found, needs_password=not by_passkey)
    app = AppForm(
        sent if request.method == "POST" and not by_passkey and not later else None,
        purpose=f"invitation {found.pk}",
        name="" if found.user.last_login is None else found.user.username,
    )
    problem = ""
    if form.is_valid() and (by_passkey or later or app.is_valid()):
        try:
            add_factor: Callable[[User], Device] | None = None if later else app.save
            if by_passkey:
                add_factor = take_answer(request, purpose=f"invitation {found.pk}").enrol
            accepted = accept_invitation(
                invitation=found,
                names=form.typed_names(),
                password=form.cleaned_data["password"],
                add_factor=add_factor,
                source=client_address(request),
            )
        except NoPasskey:
            problem = _("This passkey was not taken. Try again, or use an app.")
        except IntegrityError:  # chosen by somebody else in this moment
            form.add_error("username", _("Somebody else has this name. Choose another."))
        except Used:
            return _over(request)
        else:
            return _welcome(request, accepted, by_passkey=by_passkey)
    return page(
        request,
        "invitation",
        title=_("Set up your account"),
        invitation=found,
        form=form,
        app=app,
        problem=problem,
        can_put_off=browser.may_put_off(request),
        token=token,
    )


def _welcome(request: HttpRequest, accepted: Accepted, *, by_passkey: bool) -> HttpResponse:
    user, device = accepted.user, accepted.device
    if device is None:
        return let_in(request, user, Proof.PUT_OFF, None, reverse("admin:index"))
    enter(request, user, Proof.PASSKEY if by_passkey else Proof.APP, device)
    title = _("Keep these codes") if accepted.codes else _("If you lose this device")
    password = NewPasswordForm(user=user)
    response = page(request, "codes", title=title, codes=accepted.codes, password=password)
    browser.remember(response, user)
    return response


def _over(request: HttpRequest) -> HttpResponse:
    return page(request, "invitation_over", 404, title=_("This invitation is over"))


@require_POST
def begin_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What a browser is asked, to make a passkey for whoever is invited."""
    found = find_invitation(token)
    if found is None:
        return JsonResponse({}, status=404)
    form = _form(request, found, needs_password=False)
    if not form.is_valid():
        return JsonResponse({}, status=422)  # the script sends the form, which tells
    user = found.user
    for name, value in form.typed_names().items():
        setattr(user, name, value)  # not saved: under this name the passkey is kept
    return begin(request, purpose=f"invitation {found.pk}", enrol=user)
