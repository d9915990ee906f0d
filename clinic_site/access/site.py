"""The admin site: everything that staff do is behind it, and behind a second factor."""

from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.access import account, kept, passkeys, sessions, sign_in
from clinic_site.access.entry import is_proved, needs_another_factor, page
from clinic_site.access.record import AccountAction, record_of
from clinic_site.access.todo import notes_for
from clinic_site.actor import Actor

# Django's own, which ours take the place of.
NOT_DJANGOS = {"login", "password_change", "password_change_done"}

# What a manager with one device can open, to add another.
OPEN_WITH_ONE_FACTOR = ("admin:password_change", "admin:again", "admin:logout")


def is_done(response: HttpResponse) -> bool:
    """Whether this answers a form that was done.

    Not one with errors, nor one that has to wait. A view that does something and answers with a
    page forgets it by itself.
    """
    to = response.headers.get("Location", "")
    return to != "" and not to.startswith(reverse("admin:again"))


def gone(request: HttpRequest, fields: list[list[str]]) -> HttpResponse:
    """Say that what a form is about is not there any more, with what was typed."""
    title = gettext("This is not there any more")
    response = page(request, "gone", status=404, title=title, typed=kept.typed(fields))
    add_never_cache_headers(response)
    return response


class ClinicAdminSite(admin.AdminSite):
    """The one admin site."""

    index_title = _("Home")

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and is_proved(request)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **super().each_context(request),
            "seconds_left": sessions.seconds_left(request),
            "warn_minutes": int(settings.IDLE_WARNING.total_seconds() // 60),
        }

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap a view: who must add a device is led there; what was sent without a session kept.

        PostgreSQL takes no NUL character, and none stands in any address of ours.
        """
        inner = super().admin_view(view, cacheable)

        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if "%00" in request.get_full_path():
                raise Http404
            is_open = request.path.startswith(tuple(map(reverse, OPEN_WITH_ONE_FACTOR)))
            if not is_open and self.has_permission(request) and needs_another_factor(request):
                told = gettext("It is kept for an hour: add a device, and it comes back.")
                kept.wait(request, told)
                return HttpResponseRedirect(reverse("admin:password_change"), status=303)
            is_form = kept.is_form(request)
            if is_form and not self.has_permission(request):
                return kept.come_back(request)
            sent = kept.form_sent(request)  # now, as a view may change what it reads
            try:
                response = inner(request, *args, **kwargs)
            except Http404:
                if is_form:
                    return gone(request, sent["fields"])
                raise
            # Django leads to the front page where a row is gone.
            if is_form and response.headers.get("Location") == reverse("admin:index"):
                return gone(request, sent["fields"])
            if is_form and is_done(response):
                kept.forget(request, sent)
            return response

        return update_wrapper(wrapped, inner)

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().index(request, {**(extra_context or {}), "notes": notes_for(request)})

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        actor = Actor.staff(request)
        if request.method == "POST" and actor.account:
            record_of(actor.account, AccountAction.SIGNED_OUT, by=actor)
        return super().logout(request, extra_context)

    def get_urls(self) -> list[Any]:
        view = self.admin_view
        return [
            path("login/", sign_in.sign_in, name="login"),
            path("login/passkey/", passkeys.begin, {"purpose": "sign in"}, name="login_passkey"),
            path("login/code/", sign_in.code, name="code"),
            path("login/later/", sign_in.put_off, name="put_off"),
            path("invitation/<token>/", sign_in.invitation, name="invitation"),
            path(
                "invitation/<token>/passkey/", sign_in.begin_invitation, name="invitation_passkey"
            ),
            # Django's header links to it by this name.
            path("account/", view(account.account), name="password_change"),
            path("account/passkey/", view(account.begin_account), name="account_passkey"),
            path("kept/", view(kept.kept), name="kept"),
            path("still-here/", sessions.still_here, name="still_here"),
            path("again/", view(sign_in.again), name="again"),
            path(
                "again/passkey/", view(passkeys.begin), {"purpose": "again"}, name="again_passkey"
            ),
            *(each for each in super().get_urls() if getattr(each, "name", "") not in NOT_DJANGOS),
        ]
