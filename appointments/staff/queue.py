"""Requests from patients in Django's admin: the queue, and the record of who saw what."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from appointments.audit import REQUEST
from appointments.models import AppointmentRequest
from appointments.presenters import answer_of, phone_to_dial, told_in_words, ways_to_call
from appointments.services.told import told as told_last
from appointments.services.waiting import is_overdue
from appointments.services.workflow import close_as_spam
from appointments.staff.base import ShutWhileKeysAreWrong, StaffView
from appointments.staff.enter import EnterView, SameView
from appointments.staff.report import ReportView
from appointments.staff.request_page import RequestView
from appointments.staff.views import FindView, RecordView
from appointments.staff.visits import VisitsView
from appointments.states import Status
from clinic_site.access.refused import NotAllowed
from clinic_site.actor import Actor
from clinic_site.audit.admin import CappedPaginator
from clinic_site.audit.record import Action, record
from clinic_site.clinic import current_clinic

VISIT = "D, M j, Y, g:i A"


class TakenFilter(admin.SimpleListFilter):
    """Whose a request is."""

    title = _("who has it")
    parameter_name = "taken"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("me", _("by me")), ("nobody", _("by nobody"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "me":
            return queryset.filter(taken_by=request.user.pk)
        if self.value() == "nobody":
            return queryset.filter(taken_by=None)
        return queryset


class ToDoFilter(admin.SimpleListFilter):
    """What is to be done beside what waits."""

    title = _("what is to be done")
    parameter_name = "to_do"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("acknowledge", _("a change is asked for, or canceled")),
            ("over", _("visit is over")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "acknowledge":
            return queryset.to_acknowledge()
        return queryset.visits_over(timezone.now()) if self.value() == "over" else queryset


@admin.register(AppointmentRequest)
class AppointmentRequestAdmin(ShutWhileKeysAreWrong, admin.ModelAdmin):
    """The queue: waiting ones first, the oldest first."""

    list_display = ["reference", "stands", "asks_for", "who", "taken_by"]
    list_display_links = ["reference"]
    list_filter = ["status", ToDoFilter, TakenFilter, "origin"]
    list_select_related = ["taken_by"]
    list_per_page = settings.LIST_ROWS
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they would count every row
    sortable_by = ()
    ordering = ("queue_order", "pk")
    actions = ["mark_as_spam"]
    change_list_template = "admin/appointments/queue.html"

    @admin.display(description=_("status"))
    def stands(self, appointment_request: AppointmentRequest) -> SafeString:
        """The status, a change asked for, the visit, how long it waits, and the last news."""
        state, visit_at = appointment_request.state, appointment_request.visit_at
        lines = [format_html("<strong>{}</strong>", appointment_request.get_status_display())]
        if appointment_request.change_requested_at is not None and not state.has_ended:
            lines.append(format_html("<strong>{}</strong>", gettext("wants a change")))
        if appointment_request.status == Status.SCHEDULED and visit_at is not None:
            lines.append(format_html("{}", date_format(timezone.localtime(visit_at), VISIT)))
        if state.is_waiting:
            late = is_overdue(appointment_request, current_clinic(), timezone.now())
            waits = gettext("waits %s") % timesince(appointment_request.received_at, depth=1)
            mark = format_html(', <strong class="overdue">{}</strong>', gettext("overdue"))
            lines.append(format_html("{}{}", waits, mark if late else ""))
        if told := told_in_words(appointment_request.told):  # type: ignore[attr-defined]
            lines.append(told)
        return format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines))

    @admin.display(description=_("asks for"))
    def asks_for(self, appointment_request: AppointmentRequest) -> str:
        """An appointment or an answer."""
        return answer_of(appointment_request, "kind")

    @admin.display(description=_("patient"))
    def who(self, appointment_request: AppointmentRequest) -> SafeString:
        """The name, cut where it would push the other columns out of sight, and how to call."""
        lines = [
            Truncator(answer_of(appointment_request, "patient_name")).chars(40),
            phone_to_dial(appointment_request),
        ]
        if appointment_request.state.is_waiting:
            lines += ways_to_call(appointment_request)
        return format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines))

    @admin.action(description=_("Close suspected spam as spam"), permissions=["change"])
    def mark_as_spam(self, request: HttpRequest, queryset: Any) -> None:
        """Close what is quarantined; anything else that was ticked stays as it is."""
        if request.POST.get("select_across") == "1":
            messages.error(request, _("Nothing was closed: tick only requests that you have read."))
            return
        closed = close_as_spam(
            pks=list(queryset.values_list("pk", flat=True)), by=Actor.staff(request)
        )
        said = ngettext("%d request closed as spam.", "%d requests closed as spam.", closed)
        messages.success(request, said % closed)

    def get_urls(self) -> list[URLPattern]:
        """The queue and its own pages, and none of Django's: they know no lock and no record."""
        pages: dict[str, tuple[str, type[StaffView]]] = {
            "find/": ("find", FindView),
            "enter/": ("enter", EnterView),
            "enter/same/": ("same", SameView),
            "visits/": ("visits", VisitsView),
            "report/": ("report", ReportView),
            "<int:pk>/change/": ("change", RequestView),
            "record/<str:reference>/": ("record", RecordView),
        }
        own = [
            path(
                route,
                self.admin_site.admin_view(view.as_view(model_admin=self)),
                name=f"appointments_appointmentrequest_{name}",
            )
            for route, (name, view) in pages.items()
        ]
        queue = self.admin_site.admin_view(self.changelist_view)
        return [path("", queue, name="appointments_appointmentrequest_changelist"), *own]

    def get_queryset(self, request: HttpRequest) -> Any:
        """The queue; suspected spam stands in lists that are asked for, so that none buries it."""
        requests = super().get_queryset(request)
        if {"status__exact", "to_do"} & request.GET.keys():
            return requests
        return requests.exclude(status=Status.QUARANTINED)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The queue; what it showed is on record."""
        self.refuse_without(request, "view")
        title = _("Requests, the longest waiting first")
        response = super().changelist_view(request, {"title": title, **(extra_context or {})})
        if shown := (getattr(response, "context_data", None) or {}).get("cl"):
            rows = list(shown.result_list)
            record(Action.LISTED, REQUEST, [row.reference for row in rows], by=Actor.staff(request))
            found = told_last(rows)
            for row in rows:
                row.told = found[row.pk]
        return response

    def refuse_without(
        self, request: HttpRequest, permission: str, reference: str = "", of: str = ""
    ) -> None:
        """Raise NotAllowed unless the user may `view` or `change` requests.

        `of` names another model of which they must have that right.
        """
        wanted = of or f"appointments.{permission}_appointmentrequest"
        if not request.user.has_perm(wanted):
            raise NotAllowed(wanted, REQUEST, [reference] if reference else [])

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Requests come from the form, or are entered in a page of their own."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A request is never lost."""
        return False
