"""What the admin's pages of a condition or a treatment share."""

import datetime as dt
from typing import Any, cast

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format, time_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.access.refused import NotAllowed
from conditions.audit import PAGE
from conditions.models import Page, Revision


class PageViews(admin.ModelAdmin):
    """Addresses under a page of the admin, and how they find, show and refuse it."""

    def views(self) -> dict[str, Any]:
        """Return the views by their addresses, such as "<int:pk>/publish/"."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        ours = [
            path(
                route,
                self.admin_site.admin_view(view),
                name=f"conditions_{self.opts.model_name}_{view.__name__.removesuffix('_view')}",
            )
            for route, view in self.views().items()
        ]
        return [*ours, *super().get_urls()]

    def address(self, name: str, page: Page, *args: object) -> str:
        """The address of one of these pages, or of `change`."""
        return reverse(f"admin:conditions_{self.opts.model_name}_{name}", args=[page.pk, *args])

    def page_for(self, request: HttpRequest, pk: int | str, permission: str) -> Page:
        """Return the page with its draft and its live revision; raise Http404 or NotAllowed."""
        rows = self.model.objects.select_related("draft__saved_by", "live", "review")
        page = rows.filter(pk=int(pk)).first() if str(pk).isdecimal() else None
        if page is None or page.draft is None:
            raise Http404
        if not getattr(self, f"has_{permission}_permission")(request, page):
            of = "page" if permission == "sign" else self.opts.model_name
            raise NotAllowed(f"conditions.{permission}_{of}", PAGE, [page.ref])
        return cast(Page, page)

    def revision_of(self, page: Page, number: int | str) -> Revision:
        """Return one of a page's revisions, or raise Http404."""
        revision = None
        if str(number).isdecimal():
            revision = page.revisions.filter(number=int(str(number)[:9])).first()
        if revision is None:
            raise Http404
        return revision

    def has_sign_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """A right of its own: an editor does not sign, a clinician does not edit."""
        return request.user.has_perm("conditions.sign_page")

    def shown(
        self, request: HttpRequest, name: str, title: str, page: Page, **context: Any
    ) -> HttpResponse:
        """Return one of the templates of templates/admin/conditions/."""
        return TemplateResponse(
            request,
            f"admin/conditions/{name}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "page": page,
                "change_address": self.address("change", page),
                "revisions_address": self.address("revisions", page),
                **context,
            },
        )

    def done(self, request: HttpRequest, page: Page, message: str, then: str = "") -> HttpResponse:
        """Put on the admin's log what was done, say so, and go on to the editor, or to `then`."""
        self.log_change(request, page, message)
        self.message_user(request, message, messages.SUCCESS)
        return HttpResponseRedirect(then or self.address("change", page))

    def told_of_change(self, request: HttpRequest) -> HttpResponse:
        """Say that someone else was faster, and show the same page as it is now."""
        message = _("Someone else changed this page meanwhile. Look at it again, as it is now.")
        self.message_user(request, message, messages.WARNING)
        return HttpResponseRedirect(request.get_full_path())


def person(request: HttpRequest) -> User:
    """Return who is signed in."""
    return cast(User, request.user)


def when(at: dt.datetime | None) -> str:
    """Return a time in words, with its day where that is not today; "" for none."""
    if at is None:
        return ""
    local = localtime(at)
    if local.date() == localdate():
        return time_format(local)
    return date_format(local, "DATETIME_FORMAT")
