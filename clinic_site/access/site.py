"""The admin site: everything that staff do is behind it."""

from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext_lazy as _

from clinic_site.access import kept, staff_session


class ClinicAdminSite(admin.AdminSite):
    """The one admin site."""

    index_title = _("Home")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add for how long whoever is signed in stays so, and when they are warned."""
        return {
            **super().each_context(request),
            "seconds_left": staff_session.seconds_left(request),
            "warn_minutes": int(settings.IDLE_WARNING.total_seconds() // 60),
        }

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap a view for who is in; what was sent without a session comes back after it."""
        inner = super().admin_view(view, cacheable)

        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if kept.is_form(request):
                if not self.has_permission(request):
                    return kept.come_back(request)
                kept.forget_if_sent(request)
            return inner(request, *args, **kwargs)

        return update_wrapper(wrapped, inner)

    def get_urls(self) -> list[Any]:
        """Ours first; they are no model's."""
        return [
            path("kept/", self.admin_view(kept.kept), name="kept"),
            path("still-here/", staff_session.still_here, name="still_here"),
            *super().get_urls(),
        ]
