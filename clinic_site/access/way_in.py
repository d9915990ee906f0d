"""How a colleague gets in: managers invite, take away what was lost, and end sessions."""

from typing import cast

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.access.again import asked_again
from clinic_site.access.invitations import invite, link_of, reset_access
from clinic_site.access.models import InvitationReason, User
from clinic_site.access.record import KIND, AccountAction, record_of
from clinic_site.access.refused import NotAllowed
from clinic_site.actor import Actor

MAY_CHANGE_PEOPLE = "clinic_site.change_user"
REASONS = [InvitationReason.LOST, InvitationReason.REPLACED, InvitationReason.MISUSE]


class ResetForm(forms.Form):
    """Why somebody's way in is taken away; a choice, as it goes on record."""

    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=[("", _("Choose"))] + [(reason.value, reason.label) for reason in REASONS],
        error_messages={"required": _("Choose why.")},
    )


def to_look_after(request: HttpRequest, pk: int) -> User:
    """Return the account, locked, which whoever asks may look after; Http404 where there is none.

    To be called in a transaction. Raises NotAllowed for whoever is no manager, for one's own
    account, and for a superuser's.
    """
    user = get_object_or_404(User.objects.select_for_update(of=("self",)), pk=pk)
    manager = cast(User, request.user)
    if not manager.has_perm(MAY_CHANGE_PEOPLE):
        raise NotAllowed(MAY_CHANGE_PEOPLE, KIND, [user.username])
    if user.is_superuser or user == manager:
        raise NotAllowed("", KIND, [user.username])
    return user


@asked_again
@transaction.atomic
def way_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how an account's person gets in; on POST invite them, or take every way in away.

    A link is shown in the answer itself, once, where there is no address to mail it to.
    """
    user, by = to_look_after(request, pk), Actor.staff(request)
    do = request.POST.get("do", "")
    form = ResetForm(request.POST if do == "reset" else None)
    token = ""
    if do == "end" and user.last_login:
        user.end_sessions()
        record_of(user, AccountAction.SESSIONS_ENDED, by=by)
        text = gettext("%s is signed out everywhere.") % user.username
        messages.success(request, text)
        page = reverse("admin:clinic_site_user_change", args=[user.pk])
        return HttpResponseRedirect(page, status=303)
    if do == "invite" and user.is_active and not user.last_login:
        token = invite(user=user, by=by, reason=InvitationReason.NEW)
    elif do == "reset" and user.is_active and form.is_valid():
        token = reset_access(user=user, by=by, reason=InvitationReason(form.cleaned_data["reason"]))
    context = {
        **admin.site.each_context(request),
        "title": gettext("How %s gets in") % user.username,
        "person": user,
        "form": form,
        "invited": bool(token),
        "link": link_of(token) if token and not user.email else "",
    }
    return TemplateResponse(request, "admin/access/way_in.html", context)
