"""Conditions and treatments in Django's admin, whose change page is the editor."""

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.editing import KeepsTyped
from conditions.editor.revisions import RevisionViews
from conditions.editor.views import EditorViews
from conditions.models import Condition, Page, Presence, Treatment
from conditions.publishing.drafts import unsaved
from conditions.publishing.publish import take_turns


class PageAdmin(KeepsTyped, EditorViews, RevisionViews):
    """What the admin of conditions and of treatments share."""

    list_display = ["draft_title", "known_as", "is_published", "is_signed", "saved_at"]
    search_fields = ["draft__title", "ref", "slug"]
    ordering = ["draft__title", "pk"]
    actions = None  # deleting goes page by page, by the rule below

    @admin.display(description=_("title"), ordering="draft__title")
    def draft_title(self, page: Page) -> str:
        return str(page)

    @admin.display(description=_("known as"), ordering="ref")
    def known_as(self, page: Page) -> str:
        return page.ref

    @admin.display(description=_("published"), boolean=True, ordering="live")
    def is_published(self, page: Page) -> bool:
        return page.live_id is not None

    @admin.display(description=_("signed"), boolean=True, ordering="review")
    def is_signed(self, page: Page) -> bool:
        return page.review_id is not None

    @admin.display(description=_("saved"), ordering="draft__saved_at")
    def saved_at(self, page: Page) -> dt.datetime | None:
        return page.draft.saved_at if page.draft else None

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("draft").defer("draft__document")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with a page; that somebody has it open just now is nothing to tell."""
        lines, counts, *rest = super().get_deleted_objects(objs, request)
        names = Presence._meta
        counts.pop(str(names.verbose_name_plural), None)
        start = f"{capfirst(names.verbose_name)}: "
        page, below = lines
        return [page, [each for each in below if not str(each).startswith(start)]], counts, *rest

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A page that was ever published is kept."""
        is_kept = obj and obj.addresses.exists()
        return not is_kept and super().has_delete_permission(request, obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Delete no page with text that a colleague can still save; say whose it is.

        What nobody can save any more, as of a closed account, is listed with what goes.
        """
        if not object_id.isdecimal():
            return super().delete_view(request, object_id, *args, **kwargs)
        with transaction.atomic():
            pages = self.model.objects.filter(pk=object_id)
            if request.method == "POST":
                take_turns()
                pages = pages.select_for_update()  # from here on nobody types or publishes
            page = pages.first()
            if page and self.has_delete_permission(request, page):
                others = [
                    str(copy.person)
                    for copy, _state in unsaved(page)
                    if copy.person != request.user and copy.can_be_saved
                ]
                if others:
                    said = _(
                        "This page cannot be deleted yet: %s typed text here that is not saved. "
                        "Read it in the history, and ask them to save or discard it."
                    )
                    names = get_text_list(others, gettext("and"))
                    self.message_user(request, said % names, messages.WARNING)
                    return HttpResponseRedirect(self.address("change", page))
            return super().delete_view(request, object_id, *args, **kwargs)


admin.site.register([Condition, Treatment], PageAdmin)
