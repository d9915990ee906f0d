"""What the queue and its own pages in the admin share: who may open them, and when."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import View

from clinic_site.crypto.key_check import key_state, keys_are_right

AnyView = Callable[..., HttpResponseBase]


class ShutWhileKeysAreWrong(admin.ModelAdmin):
    """For a model with encrypted fields: while a key is wrong, none of its pages is entered.

    Not one reads or writes then, Django's own or ours; each says which setting is wrong. People
    without the right to see requests get what they would get anyway.
    """

    @property
    def urls(self) -> Any:
        """Every address of `get_urls`, wrapped."""
        patterns = self.get_urls()
        for pattern in patterns:
            pattern.callback = self._shut_while_wrong(pattern.callback)
        return patterns

    def _shut_while_wrong(self, view: AnyView) -> AnyView:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            staff = self.admin_site.has_permission(request) and self.has_view_permission(request)
            if not staff or keys_are_right():
                return view(request, *args, **kwargs)
            context = {
                **self.admin_site.each_context(request),
                "title": _("Requests are shut"),
                "state": str(key_state()),
            }
            response = render(request, "appointments/keys_wrong.html", context, status=503)
            response["Cache-Control"] = "no-store"
            return response

        return wrapped


class StaffView(View):
    """A page of the queue's own, for staff who have the right."""

    model_admin: Any = None  # the queue's, which the address gives it
    permission = "view"
    reference = ""  # of the request that the page is about

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.refuse_without(self.permission)
        return super().dispatch(request, *args, **kwargs)

    def refuse_without(self, permission: str) -> None:
        """Raise NotAllowed unless the user may do this to requests."""
        self.model_admin.refuse_without(self.request, permission, self.reference)

    def show(
        self, template_name: str, title: str, *, status: int = 200, **context: Any
    ) -> HttpResponse:
        """Return the page, with what every page of the admin shows."""
        admin_context = self.model_admin.admin_site.each_context(self.request)
        context = {**admin_context, "opts": self.model_admin.opts, "title": title, **context}
        return render(self.request, template_name, context, status=status)
