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

MOST_COUNTED = 1000


class CappedPaginator(Paginator):
    """Counts no further than staff page, so that a long list opens as fast as a short one."""

    @cached_property
    def count(self) -> int:
        """Return how many there are, at most MOST_COUNTED."""
        return cast(QuerySet, self.object_list).order_by()[:MOST_COUNTED].count()


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
                record(Action.VIEWED if kwargs else Action.LISTED, by=request, detail=what)
            return response

        return wrapped
