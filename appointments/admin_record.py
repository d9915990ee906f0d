"""What the admin's pages about requests share: each is on record, and none counts a long table."""

import functools
from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern
from django.utils.functional import cached_property

from appointments.audit import Action, record


class CappedPaginator(Paginator):
    """Counts no further than staff page, so that a long list opens as fast as a short one."""

    most = 1000

    @cached_property
    def count(self) -> int:
        """Return how many there are, at most `most`."""
        return cast(QuerySet, self.object_list).order_by()[: self.most].count()


class OnRecord(admin.ModelAdmin):
    """Writes down who opened Django's own pages of a model, and who was refused."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they would count every row

    def get_urls(self) -> list[URLPattern]:
        """Every address, with its record."""
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = self._with_record(pattern.callback)
        return patterns

    def _with_record(
        self, view: Callable[..., HttpResponseBase]
    ) -> Callable[..., HttpResponseBase]:
        what = str(self.opts.model_name)

        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                response = view(request, *args, **kwargs)
            except PermissionDenied:
                record(Action.REFUSED, by=request, detail=what)
                raise
            if response.status_code == 200:
                action = Action.VIEWED if kwargs else Action.LISTED
                record(action, self._references(response), by=request, detail=what)
            return response

        return wrapped

    def _references(self, response: Any) -> list[str]:
        """Return the references of the requests that a list, or one row's page, shows."""
        context = getattr(response, "context_data", None) or {}
        one = context.get("original") or context.get("object")  # its page, its history
        rows = context["cl"].result_list if "cl" in context else [one]
        requests = [getattr(row, "request", None) for row in rows]
        return sorted({request.reference for request in requests if request is not None})


class ReadOnly(OnRecord):
    """Rows that are written by what happens, and that nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
