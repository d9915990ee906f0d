"""The admin site: everything that staff do is behind it, and behind a second factor."""

from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from clinic_site.access import account, invited, sign_in
from clinic_site.access.entry import is_proved, needs_another_factor
from clinic_site.access.notes import notes_for
from clinic_site.access.record import AccountAction, record_of
from clinic_site.actor import Actor

# Django's own, which ours take the place of.
NOT_DJANGOS = {"login", "password_change", "password_change_done"}

# What a manager with one device can open, to add another.
OPEN_WITH_ONE_FACTOR = ("admin:password_change", "admin:again", "admin:logout")


class ClinicAdminSite(admin.AdminSite):
    """The one admin site."""

    index_title = _("Home")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether whoever asks is on the staff, and has proved a second factor."""
        return super().has_permission(request) and is_proved(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap a view for who is in; who must add a device first is led there."""
        inner = super().admin_view(view, cacheable)

        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            is_open = request.path.startswith(tuple(map(reverse, OPEN_WITH_ONE_FACTOR)))
            if not is_open and self.has_permission(request) and needs_another_factor(request):
                return HttpResponseRedirect(reverse("admin:password_change"), status=303)
            return inner(request, *args, **kwargs)

        return update_wrapper(wrapped, inner)

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The front page, with what must be known before anything else."""
        return super().index(request, {**(extra_context or {}), "notes": notes_for(request)})

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Sign out, on record."""
        actor = Actor.staff(request)
        if request.method == "POST" and actor.account:
            record_of(actor.account, AccountAction.SIGNED_OUT, by=actor)
        return super().logout(request, extra_context)

    def get_urls(self) -> list[Any]:
        """Ours first; the pages of a person's account and of the sign-in are no model's."""
        view = self.admin_view
        return [
            path("login/", sign_in.sign_in, name="login"),
            path("login/passkey/", sign_in.begin_sign_in, name="login_passkey"),
            path("login/code/", sign_in.code, name="code"),
            path("login/later/", sign_in.put_off, name="put_off"),
            path("invitation/<str:token>/", invited.invitation, name="invitation"),
            path(
                "invitation/<str:token>/passkey/",
                invited.begin_invitation,
                name="invitation_passkey",
            ),
            # Django's header links to it by this name.
            path("account/", view(account.account), name="password_change"),
            path("account/passkey/", view(account.begin_account), name="account_passkey"),
            path("again/", view(sign_in.again), name="again"),
            path("again/passkey/", view(sign_in.begin_again), name="again_passkey"),
            *(each for each in super().get_urls() if getattr(each, "name", "") not in NOT_DJANGOS),
        ]
