"""Keeps the admin's pages of requests shut while a key is wrong."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from clinic_site.crypto.key_check import key_state, keys_are_right

View = Callable[..., HttpResponseBase]


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

    def _shut_while_wrong(self, view: View) -> View:
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
