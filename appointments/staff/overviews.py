"""Pages that give an overview: a day's visits, how requests wait, and who saw or changed one."""

import datetime as dt
import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from appointments.audit import REQUEST
from appointments.models import AppointmentRequest
from appointments.presenters import answer_of, phone_to_dial, read
from appointments.references import typed_reference
from appointments.services.queue import TABS, counts
from appointments.services.visits import (
    Span,
    day_in_full,
    is_closed,
    is_outside_hours,
    span,
    visits_on,
)
from appointments.services.waiting import limit
from appointments.staff.base import StaffView
from appointments.states import CloseReason
from appointments.todo import key_todo
from clinic_site.audit.models import Action, AuditEvent, record
from clinic_site.clinic import current_clinic
from clinic_site.todo import mail_todo
from conditions.todo import review_todo


class VisitsView(StaffView):
    """The visits that are set for a day. A day in the address says nothing about a person."""

    def get(self, request: HttpRequest) -> HttpResponse:
        today = timezone.localdate()
        asked = request.GET.get("day", "")
        day = _day(asked, today) if asked else today
        shown = day or today
        visits = list(visits_on(shown, timezone.get_current_timezone()))
        self.record(Action.LISTED, visits)
        spans = [span(each.visit_at, each.visit_minutes) for each in visits if each.visit_at]
        return self.show(
            "admin/appointments/visits.html",
            _("Visits on %s") % day_in_full(shown),
            no_such_day=day is None,
            day=shown,
            is_today=shown == today,
            before=shown - dt.timedelta(days=1),
            after=shown + dt.timedelta(days=1),
            is_closed=is_closed(current_clinic(), shown),
            visits=[_line(*each, spans) for each in zip(visits, spans, strict=True)],
        )


def _day(text: str, today: dt.date) -> dt.date | None:
    """Return the day that a text names; None for none, and for one that no visit can be on."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and abs(day - today) <= settings.VISIT_WITHIN else None


def _line(visit: AppointmentRequest, own: Span, spans: list[Span]) -> dict[str, Any]:
    """Return what the page tells of a visit; `marks` say what is odd about it, or to be done."""
    begins, ends = own
    at_once = sum(each[0] < ends and begins < each[1] for each in spans)  # itself is one
    marks = {
        _("at the same time as another"): at_once > 1,
        _("outside the hours"): is_outside_hours(current_clinic(), begins, ends),
        _("wants a change"): visit.change_requested_at is not None,
        _("over: close it"): ends < timezone.now(),
    }
    return {
        "request": visit,
        "name": answer_of(visit, "patient_name"),
        "phone": phone_to_dial(visit),
        "about": answer_of(visit, "condition") or answer_of(visit, "kind"),
        "place": read(visit, "visit_place"),
        "language": answer_of(visit, "interpreter_language"),
        "needs": answer_of(visit, "access_needs"),
        "marks": [mark for mark, holds in marks.items() if holds],
    }


class ReportView(StaffView):
    """Who waits longest, how many wait, how soon they are answered; mail, and pages to review.

    For whoever may count requests: no name, and for most no way to a request.
    """

    permission = "appointments.count_appointmentrequest"

    def get(self, request: HttpRequest) -> HttpResponse:
        now, clinic, may = timezone.now(), current_clinic(), request.user.has_perm
        waiting = AppointmentRequest.objects.waiting().order_by("received_at", "pk")
        longest = list(waiting.select_related("taken_by")[: settings.LONGEST_WAITS_SHOWN])
        self.record(Action.LISTED, longest)
        waited = [(each, clinic.open_time(each.received_at, now)) for each in longest]
        found = counts(request.user, now)
        return self.show(
            "admin/appointments/report.html",
            _("How requests wait"),
            longest=[
                (each, _waits(each, time, now), time > limit(clinic)) for each, time in waited
            ],
            counts=[(TABS[name], number) for name, number in found.items() if name != "mine"],
            weeks=weeks_to_answer(),
            mail=[*key_todo(may), *mail_todo(may)],
            reviews=list(review_todo(may)),
        )


def _waits(asked: AppointmentRequest, open_time: dt.timedelta, now: dt.datetime) -> str:
    """Return how long it waits; after long, nobody counts how much of that was open."""
    waits = now - asked.received_at
    if waits > settings.OPEN_TIME_WITHIN:
        return _("%d days, by the clock") % waits.days
    return time_in_words(open_time)


@dataclass(frozen=True)
class Week:
    """One week of requests: half of those that waited were answered `half_within` this time.

    Those taken by phone did not wait.
    """

    monday: dt.date
    received: int
    answered: int
    half_within: str


def weeks_to_answer() -> list[Week]:
    """Return the last weeks, this one first, in the active time zone. Spam does not count."""
    today = timezone.localdate()
    this_monday = today - dt.timedelta(days=today.weekday())
    mondays = [this_monday - dt.timedelta(weeks=number) for number in range(settings.WEEKS_SHOWN)]
    start = timezone.make_aware(dt.datetime.combine(mondays[-1], dt.time()))
    requests = AppointmentRequest.objects.filter(received_at__gte=start).exclude(
        close_reason=CloseReason.SPAM
    )
    rows = requests.values_list("received_at", F("first_answer_at") - F("received_at"))
    by_week: dict[dt.date, list[dt.timedelta | None]] = defaultdict(list)
    for received_at, answered_after in rows:
        day = timezone.localdate(received_at)
        by_week[day - dt.timedelta(days=day.weekday())].append(answered_after)
    found = []
    for monday in mondays:
        times = [time for time in by_week[monday] if time is not None]
        waited = [time.total_seconds() for time in times if time]
        half = time_in_words(dt.timedelta(seconds=statistics.median(waited))) if waited else ""
        found.append(Week(monday, len(by_week[monday]), len(times), half))
    return found


def time_in_words(time: dt.timedelta) -> str:
    """Return a stretch of time in hours and minutes, as a day of opening hours has no 24.

    >>> time_in_words(dt.timedelta(minutes=200)), time_in_words(dt.timedelta(days=4, hours=2))
    ('3 h 20 min', '98 h')
    """
    hours, minutes = divmod(int(time.total_seconds() // 60), 60)
    return f"{hours} h" if hours >= 48 else f"{hours} h {minutes} min"


class RecordView(StaffView):
    """Who saw or changed one request, also one that is purged."""

    permission = "clinic_site.view_auditevent"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.reference = kwargs["reference"]
        if typed_reference(self.reference) != self.reference:
            raise Http404

    def get(self, request: HttpRequest, reference: str) -> HttpResponse:
        requests = AppointmentRequest.objects.filter(reference=reference)
        appointment_request = requests.only("received_at").first()
        record(Action.VIEWED, REQUEST, [reference], by=self.by, detail="its record")
        # A list names many requests in one row, so no index tells which: the day it came in ends
        # the search.
        events = AuditEvent.objects.filter(subject_kind=REQUEST, references__contains=reference)
        if appointment_request is not None:
            events = events.filter(at__gte=appointment_request.received_at)
        found = list(events[: settings.RECORD_ROWS + 1])
        return self.show(
            "admin/appointments/record.html",
            _("Who saw or changed %s") % reference,
            appointment_request=appointment_request,
            events=found[: settings.RECORD_ROWS],
            more=len(found) > settings.RECORD_ROWS,
        )
