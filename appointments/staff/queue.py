"""Requests from patients in the admin: the queue, finding one, and the addresses of all pages."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core import signing
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from appointments.audit import RequestAction
from appointments.forms.work import FindForm
from appointments.models import AppointmentRequest
from appointments.presenters import VISIT_AT, in_short, read, told_in_words, urgent
from appointments.references import typed_reference
from appointments.services.queue import (
    FIRST,
    TABS,
    note_presence,
    requests_in,
    tabs_for,
    with_people,
)
from appointments.services.search import find
from appointments.services.spam import closed_by
from appointments.services.told import Told, told
from appointments.services.waiting import is_overdue
from appointments.staff.base import MAY_CHANGE, StaffView, number_in
from appointments.staff.enter import EnterView, SameView
from appointments.staff.report import RecordView, ReportView
from appointments.staff.request_page import RequestView
from appointments.staff.spam import SpamView, UndoSpamView
from appointments.staff.visits import VisitsView
from appointments.states import Status
from clinic_site.audit.models import Action
from clinic_site.clinic import current_clinic


class QueueView(StaffView):
    """One list of requests, a page of it at a time; on POST, for a script that renews it.

    What was shown before, as the script says by a token of ours, is not put on record again.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        context = self.context([])
        template = "admin/appointments/queue.html"
        return self.show(template, _("Requests"), form=FindForm(), **context)

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            before = signing.loads(request.POST.get("shown", ""), salt=self.salt)
        except signing.BadSignature:
            before = []
        return render(request, "admin/appointments/_queue.html", self.context(before))

    def context(self, before: list[int]) -> dict[str, Any]:
        """Return what the page holds, and put on record what of it was not shown `before`."""
        user, now = self.request.user, timezone.now()
        tab = TABS.get(self.request.GET.get("tab", ""), FIRST)
        page = number_in(self.request.GET.get("page", "")) or 1
        start = (page - 1) * settings.LIST_ROWS
        # One more than is shown says whether there is a next page; nothing counts them all.
        rows = with_people(requests_in(tab, user, now), user)
        found = list(rows[start : start + settings.LIST_ROWS + 1])
        shown = found[: settings.LIST_ROWS]
        new = [each for each in shown if each.pk not in before]
        if new or self.request.method == "GET":
            self.record(Action.LISTED, new)
        known = [*before, *(each.pk for each in new)][-settings.SHOWN_KEPT :]
        tabs = tabs_for(user, now, tab.name)
        return {
            "tabs": tabs,
            "count": next(count for _tab, count, is_here in tabs if is_here),
            "tab": tab,
            "rows": rows_of(shown, now),
            "now": now,
            "page": page,
            "previous": page - 1,
            "next": page + 1 if len(found) > len(shown) else 0,
            "shown": signing.dumps(known, salt=self.salt, compress=True),
            "ticks": tab is TABS["spam"] and user.has_perm(MAY_CHANGE),
            "undo": closed_by(user.get_username()).count() if tab is TABS["spam"] else 0,
        }

    @property
    def salt(self) -> str:
        return f"appointments.shown to {self.request.user.pk}"


class FindView(StaffView):
    """Find by reference, name, phone or email. It is posted: nothing of it gets into a URL."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(FindForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = FindForm(request.POST)
        if not form.is_valid():
            return self.page(form)
        what = form.cleaned_data["what"]
        found = list(with_people(find(what), request.user)[: settings.FOUND_SHOWN + 1])
        shown = found[: settings.FOUND_SHOWN]
        self.record(RequestAction.SEARCHED, shown)
        return self.page(
            form,
            rows=rows_of(shown, timezone.now()),
            is_found=True,
            not_here=None if found else typed_reference(what),
            more=len(found) > len(shown),
        )

    def page(self, form: FindForm, **context: Any) -> HttpResponse:
        tabs = tabs_for(self.request.user, timezone.now())
        title = _("Find a request")
        return self.show("admin/appointments/queue.html", title, form=form, tabs=tabs, **context)


def rows_of(requests: list[AppointmentRequest], now: dt.datetime) -> list[dict[str, Any]]:
    """Return what to know of each before it is opened; `with_people` has read them."""
    news = told(requests)
    return [_row(each, news[each.pk], now) for each in requests]


def _row(each: AppointmentRequest, news: Told, now: dt.datetime) -> dict[str, Any]:
    row = in_short(each, is_to_be_called=each.state.is_waiting)
    open_by = each.open_by  # type: ignore[attr-defined]
    people = [(_("%s has it"), each.taken_by), (_("%s has it open"), open_by)]
    return {
        **row,
        "request": each,
        "name": Truncator(row["name"]).chars(settings.ROW_NAME),
        "message": Truncator(row.get("message", "")).chars(settings.ROW_MESSAGE),
        "calling": [Truncator(way).chars(settings.ROW_NAME) for way in row.get("calling", ())],
        "stands": [*_stands(each, now), *told_in_words(news)],
        "people": [words % person for words, person in people if person],
    }


def _stands(each: AppointmentRequest, now: dt.datetime) -> list[str]:
    state, status = each.state, each.get_status_display()
    if each.close_reason:
        status = f"{status}: {each.get_close_reason_display()}"
    lines: list[str] = [format_html("<strong>{}</strong>", status)]
    if each.change_requested_at is not None:
        lines.append(urgent(_("not dealt with yet") if state.has_ended else _("wants a change")))
    if each.status == Status.SCHEDULED and each.visit_at is not None:
        lines.append(date_format(timezone.localtime(each.visit_at), VISIT_AT))
        if not each.has_visit_ahead(now):
            lines.append(urgent(_("is over: close it")))
    if state.is_waiting:
        waits = _("waits %s") % timesince(each.received_at, now, depth=1)
        is_late = is_overdue(each, current_clinic(), now)
        lines.append(format_html("{}, {}", waits, urgent(_("overdue"))) if is_late else waits)
        if each.set_aside_until is not None:
            is_due = each.set_aside_until <= timezone.localdate(now)
            aside = _("was set aside until %s") if is_due else _("set aside until %s")
            until = aside % date_format(each.set_aside_until, "D, M j")
            reason = Truncator(read(each, "set_aside_reason")).chars(settings.ROW_MESSAGE)
            lines.append(f"{until}: {reason}" if reason else until)
    return lines


class HereView(StaffView):
    """Note that somebody has a request open, as their browser says, and answer who else has."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        appointment_request = get_object_or_404(AppointmentRequest.objects.only("pk"), pk=pk)
        try:
            return JsonResponse({"here": note_presence(appointment_request, request.user)})
        except IntegrityError:  # purged meanwhile
            raise Http404 from None


@admin.register(AppointmentRequest)
class AppointmentRequestAdmin(admin.ModelAdmin):
    """The queue and its own pages, and none of Django's: they know no lock and no record."""

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[str, type[StaffView]]] = {
            "": ("changelist", QueueView),
            "find/": ("find", FindView),
            "enter/": ("enter", EnterView),
            "spam/": ("spam", SpamView),
            "spam/undo/": ("spam_undo", UndoSpamView),
            "enter/same/": ("same", SameView),
            "visits/": ("visits", VisitsView),
            "report/": ("report", ReportView),
            "<int:pk>/change/": ("change", RequestView),
            "<int:pk>/here/": ("here", HereView),
            "record/<str:reference>/": ("record", RecordView),
        }
        return [
            path(
                route,
                self.admin_site.admin_view(view.as_view()),
                name=f"appointments_appointmentrequest_{name}",
            )
            for route, (name, view) in pages.items()
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # they come from the form, or are entered in a page of their own

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a request is never lost
