"""The audit in the admin, and what pages share that are on record: none counts a long table."""

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.actor import PATIENT, SHELL, STRANGER, SYSTEM, Actor
from clinic_site.audit.models import Action, AuditEvent, actions, record


class CappedPaginator(Paginator):
    """Counts no further than `most`, so that a long list opens as fast as a short one."""

    most = settings.LIST_COUNTED

    @cached_property
    def count(self) -> int:
        return cast(QuerySet, self.object_list).order_by()[: self.most].count()


class OnRecord(admin.ModelAdmin):
    """Writes down who opened Django's own pages of a model."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they would count every row

    def get_urls(self) -> list[URLPattern]:
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = self._with_record(pattern.callback)
        return patterns

    def _with_record(
        self, view: Callable[..., HttpResponseBase]
    ) -> Callable[..., HttpResponseBase]:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = view(request, *args, **kwargs)
            if response.status_code == 200:
                action = Action.VIEWED if kwargs else Action.LISTED
                context = getattr(response, "context_data", None) or {}
                one = context.get("original") or context.get("object")  # its page, its history
                rows = context["cl"].result_list if "cl" in context else [one]
                what = str(self.opts.model_name)
                if not self.note(request, action, rows, what):
                    record(action, by=Actor.staff(request), detail=what)
            return response

        return wrapped

    def note(self, request: HttpRequest, action: Action, rows: Iterable[Any], detail: str) -> bool:
        """Put on record what was done to what these rows are about; False where that is nothing."""
        about: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if reference := getattr(row, "reference", ""):
                about[row.subject_kind].add(reference)
        for kind, references in about.items():
            record(action, kind, sorted(references), by=Actor.staff(request), detail=detail)
        return bool(about)


class ReadOnly(OnRecord):
    """Rows that are written by what happens, and that nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LongPaginator(CappedPaginator):
    """Counts further."""

    most = settings.AUDIT_COUNTED


def column_filter(
    column: str, heading: Any, choices: Callable[[], Iterable[tuple[str, Any]]]
) -> type[admin.SimpleListFilter]:
    """Return a filter of a list by the value of a column; `choices` is asked for each page."""

    class ColumnFilter(admin.SimpleListFilter):
        title, parameter_name = heading, column

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return list(choices())

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:
            return queryset.filter(**{column: self.value()}) if self.value() else queryset

    return ColumnFilter


def _actors() -> list[tuple[str, Any]]:
    """Return the accounts that there are: the table of events is too long to be asked."""
    staff = User.objects.filter(is_staff=True).order_by("username")
    return [
        (PATIENT, _("patients")),
        (STRANGER, _("whoever tried to sign in")),
        (SHELL, _("whoever runs the site")),
        (SYSTEM, _("the system")),
        *staff.values_list("username", "username"),
    ]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    """Who saw or changed what, for a manager to read; nobody changes it."""

    list_display = ["at", "actor", "done", "shown_references", "detail", "where"]
    paginator = LongPaginator
    list_filter = [
        column_filter("action", _("what"), actions.items),
        "at",
        column_filter("actor", _("who"), _actors),
    ]
    list_per_page = settings.AUDIT_ROWS
    sortable_by = ()

    @admin.display(description=_("references"))
    def shown_references(self, row: AuditEvent) -> str:
        references = row.references.split()
        first, more = ", ".join(references[:3]), len(references) - 3
        if more <= 0:
            return first
        return gettext("%(first)s and %(more)d more") % {"first": first, "more": more}
