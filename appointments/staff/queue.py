"""Requests from patients in the admin: the queue, finding one, and the addresses of all pages."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core import signing
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.audit import REQUEST, RequestAction
from appointments.forms.staff import FindForm
from appointments.models import AppointmentRequest
from appointments.references import typed_reference
from appointments.services.presence import note_presence
from appointments.services.queue import FIRST, TABS, requests_in, tabs_for, with_people
from appointments.services.search import find
from appointments.services.spam import closed_by
from appointments.staff.base import ShutWhileKeysAreWrong, StaffView
from appointments.staff.enter import EnterView, SameView
from appointments.staff.record import RecordView
from appointments.staff.report import ReportView
from appointments.staff.request_page import RequestView
from appointments.staff.rows import rows_of
from appointments.staff.spam import SpamView, UndoSpamView
from appointments.staff.visits import VisitsView
from clinic_site.access.models import User
from clinic_site.access.refused import NotAllowed
from clinic_site.actor import Actor
from clinic_site.audit.record import Action, record

MAY_CHANGE = "appointments.change_appointmentrequest"


class QueueView(StaffView):
    """One list of requests, a page of it at a time; on POST, for a script that renews it.

    What was shown before, as the script says by a token of ours, is not put on record again.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        title = _("Requests")
        context = self.context([])
        return self.show("admin/appointments/queue.html", title, form=FindForm(), **context)

    def post(self, request: HttpRequest) -> HttpResponse:
        context = self.context(self.shown_before())
        return render(request, "admin/appointments/_queue.html", context)

    def context(self, before: list[int]) -> dict[str, Any]:
        """Return what the page holds, and put on record what of it was not shown `before`."""
        user, now = self.request.user, timezone.now()
        tab = TABS.get(self.request.GET.get("tab", ""), FIRST)
        number = _page_number(self.request.GET.get("page", ""))
        start = (number - 1) * settings.LIST_ROWS
        # One more than is shown says whether there is a next page; nothing counts them all.
        rows = with_people(requests_in(tab, user, now), user)
        found = list(rows[start : start + settings.LIST_ROWS + 1])
        shown = found[: settings.LIST_ROWS]
        new = [each for each in shown if each.pk not in before]
        if new or self.request.method == "GET":
            references = [each.reference for each in new]
            record(Action.LISTED, REQUEST, references, by=Actor.staff(self.request))
        known = [*before, *(each.pk for each in new)][-settings.SHOWN_KEPT :]
        tabs = tabs_for(user, now, tab.name)
        return {
            "tabs": tabs,
            "count": next(count for _tab, count, is_here in tabs if is_here),
            "tab": tab,
            "rows": rows_of(shown, now),
            "now": now,
            "page": number,
            "previous": number - 1,
            "next": number + 1 if len(found) > len(shown) else 0,
            "shown": signing.dumps(known, salt=_salt(self.request), compress=True),
            "ticks": tab is TABS["spam"] and user.has_perm(MAY_CHANGE),
            "undo": closed_by(user.get_username()).count() if tab is TABS["spam"] else 0,
        }

    def shown_before(self) -> list[int]:
        """Return the ids of the requests that this page has shown; [] without a token of ours."""
        token = self.request.POST.get("shown", "")
        try:
            return list(signing.loads(token, salt=_salt(self.request)))
        except signing.BadSignature:
            return []


def _salt(request: HttpRequest) -> str:
    return f"appointments.shown to {request.user.pk}"


def _page_number(text: str) -> int:
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 7 else 1


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
        references = [each.reference for each in shown]
        record(RequestAction.SEARCHED, REQUEST, references, by=Actor.staff(request))
        return self.page(
            form,
            rows=rows_of(shown, timezone.now()),
            is_found=True,
            not_here=None if found else typed_reference(what),
            more=len(found) > len(shown),
        )

    def page(self, form: FindForm, **context: Any) -> HttpResponse:
        """Return the queue's page with what was typed, and what was found."""
        tabs = tabs_for(self.request.user, timezone.now())
        title = _("Find a request")
        return self.show("admin/appointments/queue.html", title, form=form, tabs=tabs, **context)


class HereView(StaffView):
    """Note that somebody has a request open, as their browser says, and answer who else has."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        appointment_request = get_object_or_404(AppointmentRequest.objects.only("pk"), pk=pk)
        person = request.user
        assert isinstance(person, User)
        try:
            return JsonResponse({"here": note_presence(appointment_request, person)})
        except IntegrityError:  # purged meanwhile
            raise Http404 from None


@admin.register(AppointmentRequest)
class AppointmentRequestAdmin(ShutWhileKeysAreWrong, admin.ModelAdmin):
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
                self.admin_site.admin_view(view.as_view(model_admin=self)),
                name=f"appointments_appointmentrequest_{name}",
            )
            for route, (name, view) in pages.items()
        ]

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
