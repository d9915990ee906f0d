"""The visits of one day in the admin, in their order, to be printed as well."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from appointments.models import AppointmentRequest
from appointments.presenters import answer_of, phone_to_dial, read
from appointments.services.visits import (
    Span,
    day_in_full,
    is_closed,
    is_outside_hours,
    span,
    visits_on,
)
from appointments.staff.base import StaffView
from clinic_site.audit.models import Action
from clinic_site.clinic import current_clinic


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
