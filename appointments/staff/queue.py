"""The queue of requests in the admin, finding and entering one, suspected spam, all addresses."""

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.db import DatabaseError, IntegrityError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.audit import RequestAction
from appointments.choices import Origin
from appointments.forms.request import EnteredRequestForm
from appointments.forms.work import FindForm
from appointments.models import AppointmentRequest
from appointments.presenters import answer_of, rows_of
from appointments.references import typed_reference
from appointments.services.queue import (
    FIRST,
    TABS,
    note_presence,
    requests_in,
    tabs_for,
    with_people,
)
from appointments.services.search import find, of_this_phone
from appointments.services.spam import closed_by, undo_spam
from appointments.services.submit import SentBefore, receive_request
from appointments.services.workflow import close_as_spam
from appointments.staff.base import MAY_CHANGE, StaffView, go_to, number_in
from appointments.staff.overviews import RecordView, ReportView, VisitsView
from appointments.staff.request_page import RequestView
from appointments.states import Status
from appointments.tokens import new_attempt, read_attempt
from clinic_site.access.kept import forget, form_sent
from clinic_site.audit.models import Action

logger = logging.getLogger(__name__)


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
        forget(request, form_sent(request))  # as the answer is a page
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


class EnterView(StaffView):
    """Enter a request that was taken by phone, with the questions of the public form."""

    permission = MAY_CHANGE

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(EnteredRequestForm(initial={"attempt": new_attempt()}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = EnteredRequestForm(request.POST)
        attempt = read_attempt(request.POST.get("attempt", ""))
        if attempt is None:
            return self.page_again(_("This form was not ours. Check it, and enter it once more."))
        if not form.is_valid():
            return self.page(form)
        try:
            entered = receive_request(
                attempt=attempt, answers=form.answers(), by=self.by, origin=Origin.PHONE
            )
        except SentBefore:
            return self.page_again(
                _("You entered this form before, with other words. Is this another request?")
            )
        except (DatabaseError, InterfaceError) as error:
            logger.error("Request not entered: %s", type(error).__name__)
            notice = _("It was not stored. What you typed is still here: try it again.")
            return self.page(form, notice, status=503)
        same = reverse("admin:appointments_appointmentrequest_same")
        forget(request, {**form_sent(request), "path": same})  # where it was sent first
        said = _("Entered as %s. Read this reference to the caller.")
        messages.success(request, said % entered.reference)
        return go_to("change", entered.pk)

    def page_again(self, notice: str) -> HttpResponse:
        """Return the form with what was typed under a fresh attempt, and say why."""
        data = self.request.POST.copy()
        data["attempt"] = new_attempt()
        return self.page(EnteredRequestForm(data), notice)

    def page(self, form: EnteredRequestForm, notice: str = "", **context: Any) -> HttpResponse:
        title = _("Enter a request taken by phone")
        template = "admin/appointments/enter.html"
        return self.show(template, title, form=form, notice=notice, **context)


class SameView(EnterView):
    """Which requests came lately from the number that is typed; the number stays out of URLs.

    A script gets them alone; else the form is shown again with them, and all that was typed.
    """

    def post(self, request: HttpRequest) -> HttpResponse:
        found = of_this_phone(request.POST.get("phone", "")[:200], timezone.now())
        if found:
            self.record(RequestAction.SEARCHED, found)
        same: dict[str, Any] = {
            "looked": found is not None,
            "same": [(each, answer_of(each, "patient_name")) for each in found or []],
            "may_be_more": len(found or []) == settings.LIKELY_DUPLICATES_SHOWN,
        }
        if "X-Background" in request.headers:
            return render(request, "admin/appointments/_same.html", same)
        form = EnteredRequestForm(request.POST)
        form.errors.clear()  # it is not to be entered yet
        return self.page(form, **same)


class SpamView(StaffView):
    """Ask before suspected spam is closed, those that are ticked or all; with `sure`, close it."""

    permission = MAY_CHANGE

    def get(self, request: HttpRequest) -> HttpResponse:
        return go_to("changelist", query="?tab=spam")

    def post(self, request: HttpRequest) -> HttpResponse:
        asked = {number_in(pk) for pk in request.POST.getlist("pk")} - {0}
        is_all = request.POST.get("which") == "all"
        if not (asked or is_all) or ("sure" in request.POST and not asked):
            messages.error(request, _("Nothing was closed: tick what is to be closed first."))
            return self.get(request)
        if "sure" in request.POST:
            self.close(asked)
            return self.get(request)
        chosen = AppointmentRequest.objects.filter(status=Status.QUARANTINED)
        if not is_all:
            chosen = chosen.filter(pk__in=asked)
        spam = chosen.likely_spam().order_by("queue_order", "pk")
        pks = list(spam.values_list("pk", flat=True)[: settings.SPAM_AT_ONCE])
        if not pks:
            said = _(
                "Nothing was closed: somebody has answered, or its patient asks for a change. It "
                "can be closed on its own page."
            )
            messages.warning(request, said)
            return self.get(request)
        count = len(pks)
        title = ngettext("Close %d request as spam?", "Close %d requests as spam?", count) % count
        return self.show(
            "admin/appointments/spam.html",
            title,
            pks=pks,
            minutes=settings.UNDO_WITHIN // dt.timedelta(minutes=1),
            staying=(chosen.count() if is_all else len(asked)) - spam.count(),
            more=count == settings.SPAM_AT_ONCE,
        )

    def close(self, asked: set[int]) -> None:
        """Close those that were `asked` about, and no others; say how many of them were left."""
        close_as_spam(pks=list(asked), by=self.by)
        # A second click finds them closed already.
        if closed := closed_by(self.by.name).filter(pk__in=asked).count():
            said = ngettext("%d request closed as spam.", "%d requests closed as spam.", closed)
            messages.success(self.request, said % closed)
        if left := len(asked) - closed:
            said = ngettext(
                "%d was left: a colleague dealt with it meanwhile, or its patient asks for a "
                "change.",
                "%d were left: a colleague dealt with them meanwhile, or their patients ask for a "
                "change.",
                left,
            )
            messages.warning(self.request, said % left)


class UndoSpamView(SpamView):
    """Undo that this person closed suspected spam a few minutes ago."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if undone := undo_spam(by=self.by):
            said = ngettext("%d request is back here.", "%d requests are back here.", undone)
            messages.success(request, said % undone)
        else:
            messages.error(request, _("It is too late to undo that, or it is undone already."))
        return self.get(request)


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
