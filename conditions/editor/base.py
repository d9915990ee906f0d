"""What the admin's pages of a condition or a treatment share."""

import datetime as dt
from typing import Any, cast

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.access.refused import NotAllowed
from clinic_site.edit_conflict import EditConflict
from conditions.audit import PAGE
from conditions.models import Page, Revision

# What stands under the address of a page, by the name of its view, and the permission it takes.
ADDRESSES = {
    "autosave": ("autosave/", "change"),
    "here": ("here/", "change"),
    "preview": ("preview/", "view"),
    "publish": ("publish/", "change"),
    "unpublish": ("unpublish/", "change"),
    "sign": ("sign/", "sign"),
    "export": ("export/", "view"),
    "revisions": ("revisions/", "view"),
    "revision": ("revisions/<int:number>/", "view"),
    "take": ("revisions/<int:number>/take/", "change"),
    "discard": ("discard/", "change"),
}


class PageViews(admin.ModelAdmin):
    """Addresses under a page of the admin, and how they find, show and refuse it."""

    def get_urls(self) -> list[URLPattern]:
        ours = [self._path(name, *rest) for name, rest in ADDRESSES.items()]
        return [*ours, *super().get_urls()]

    def _path(self, name: str, route: str, permission: str) -> URLPattern:
        view = getattr(self, f"{name}_view")

        def view_of_page(request: HttpRequest, pk: int, **more: Any) -> HttpResponse:
            try:
                return view(request, self.page_for(request, pk, permission), **more)
            except EditConflict:  # someone else was faster: show the same page as it is now
                words = _(
                    "Someone else changed this page meanwhile. Look at it again, as it is now."
                )
                self.message_user(request, words, messages.WARNING)
                return HttpResponseRedirect(request.get_full_path())

        full_name = f"conditions_{self.opts.model_name}_{name}"
        return path(f"<int:pk>/{route}", self.admin_site.admin_view(view_of_page), name=full_name)

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

    def has_sign_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """A right of its own: an editor does not sign, a clinician does not edit."""
        return request.user.has_perm("conditions.sign_page")

    def shown(
        self, request: HttpRequest, name: str, title: str, page: Page | None, **context: Any
    ) -> HttpResponse:
        """Return one of the templates of templates/admin/conditions/."""
        context |= self.admin_site.each_context(request)
        context |= {"opts": self.opts, "title": title, "page": page}
        if page is not None:
            context["may_change"] = self.has_change_permission(request, page)
            context["may_sign"] = page.live is not None and self.has_sign_permission(request)
            context["change_address"] = self.address("change", page)
            context["revisions_address"] = self.address("revisions", page)
        return TemplateResponse(request, f"admin/conditions/{name}.html", context)

    def done(self, request: HttpRequest, page: Page, message: str, then: str = "") -> HttpResponse:
        """Put on the admin's log what was done, say so, and go on to the editor, or to `then`."""
        self.log_change(request, page, message)
        self.message_user(request, message, messages.SUCCESS)
        return HttpResponseRedirect(then or self.address("change", page))


def revision_of(page: Page, number: int | str) -> Revision:
    """Return one of a page's revisions, or raise Http404."""
    if not str(number).isdecimal():
        raise Http404
    return get_object_or_404(page.revisions, number=int(str(number)[:9]))


def person(request: HttpRequest) -> User:
    """Return who is signed in."""
    return cast(User, request.user)


def when(at: dt.datetime | None) -> str:
    """Return a time in words, with its day where that is not today; "" for none."""
    if at is None:
        return ""
    local = localtime(at)
    is_today = local.date() == localdate()
    return date_format(local, "TIME_FORMAT" if is_today else "DATETIME_FORMAT")
