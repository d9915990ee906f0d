"""What to know of a visit before it is set: what is odd about it, and what else is on its day."""

import datetime as dt

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import AppointmentRequest
from appointments.models.request import AppointmentRequestQuerySet
from appointments.states import Status
from clinic_site.models import Clinic

Span = tuple[dt.datetime, dt.datetime]  # when something begins and ends


def visit_warnings(
    visit_at: dt.datetime, minutes: int | None, clinic: Clinic, now: dt.datetime, pk: int
) -> list[str]:
    """Return what is odd about a visit as staff set it for the request `pk`, a sentence each.

    Nothing of it forbids the visit. Of other patients it tells the times, and no name.
    """
    begins, ends = span(visit_at, minutes)
    zone = clinic.zone
    day = begins.astimezone(zone).date()
    words = {"day": day_in_full(day), "visit": _times(begins, ends, zone)}
    found = []
    if is_closed(clinic, day):
        found.append(_("%(day)s is a closed day.") % words)
    elif is_outside_hours(clinic, begins, ends):
        hours = [
            f"{_time(each.opens)} {_('to')} {_time(each.closes)}"
            for each in clinic.hours
            if each.weekday == day.weekday()
        ]
        if hours:
            said = _("On %(day)s the clinic is open %(hours)s; this visit is %(visit)s.")
            found.append(said % {**words, "hours": get_text_list(hours, _("and"))})
        else:
            found.append(_("The clinic has no opening hours on %(day)s.") % words)
    if begins < now:
        found.append(_("This visit is in the past: %(day)s, %(visit)s.") % words)
    elif day == now.astimezone(zone).date():
        found.append(_("This visit is today: tell the patient by phone."))
    if others := _at_once(begins, ends, pk):
        said = ngettext(
            "%(number)d other visit is at the same time: %(times)s.",
            "%(number)d other visits are at the same time: %(times)s.",
            len(others),
        )
        times = get_text_list([_times(*each, zone) for each in others], _("and"))
        found.append(said % {"number": len(others), "times": times})
    return found


def day_in_words(visit_at: dt.datetime, minutes: int | None, clinic: Clinic, pk: int) -> str:
    """Say how many other visits are in that half of the day, and how many at that time."""
    zone = clinic.zone
    local = visit_at.astimezone(zone)
    visits = visits_on(local.date(), zone).exclude(pk=pk).values_list("visit_at", flat=True)
    is_morning = local.hour < 12
    half = sum((each.astimezone(zone).hour < 12) == is_morning for each in visits if each)
    if is_morning:
        said = ngettext("%d visit that morning", "%d visits that morning", half) % half
    else:
        said = ngettext("%d visit that afternoon", "%d visits that afternoon", half) % half
    at = _("%s at") % (len(_at_once(*span(visit_at, minutes), pk)) or _("none"))
    return f"{day_in_full(local.date())}: {said}, {at} {_time(local)}."


def visits_on(day: dt.date, zone: dt.tzinfo) -> AppointmentRequestQuerySet:
    """Return the requests with a visit that is set for a day, in the order of the visits."""
    begins = dt.datetime.combine(day, dt.time(), zone)
    ends = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)
    visits = AppointmentRequest.objects.filter(
        status=Status.SCHEDULED, visit_at__gte=begins, visit_at__lt=ends
    )
    return visits.order_by("visit_at", "pk")


def is_closed(clinic: Clinic, day: dt.date) -> bool:
    """Whether the clinic has set the day as a closed one."""
    return bool(clinic.pk) and any(each.day == day for each in clinic.closed_days.all())


def next_open_day(clinic: Clinic, day: dt.date) -> dt.date | None:
    """Return the first open day after `day`, within VISIT_WITHIN, or None.

    From Monday to Friday where the clinic has set no hours.
    """
    weekdays = {each.weekday for each in clinic.hours} or {0, 1, 2, 3, 4}
    days = (day + dt.timedelta(days=number) for number in range(1, settings.VISIT_WITHIN.days + 1))
    is_open = (each for each in days if each.weekday() in weekdays and not is_closed(clinic, each))
    return next(is_open, None)


def is_outside_hours(clinic: Clinic, begins: dt.datetime, ends: dt.datetime) -> bool:
    """Whether the clinic is not open for the whole of it; never where it has set no hours."""
    return clinic.open_time(begins, ends) < ends - begins


def day_in_full(day: dt.date) -> str:
    """Return a day as people say it: Friday, December 25, and the year where it is another one."""
    is_this_year = day.year == timezone.localdate().year
    return date_format(day, "l, F j" if is_this_year else "l, F j, Y")


def span(visit_at: dt.datetime, minutes: int | None) -> Span:
    """Return when a visit begins and ends; in UTC, as sums across a change of the clocks need."""
    begins = visit_at.astimezone(dt.UTC)
    return begins, begins + dt.timedelta(minutes=minutes or settings.VISIT_MINUTES)


def _at_once(begins: dt.datetime, ends: dt.datetime, pk: int) -> list[Span]:
    """Return the times of other requests' visits that overlap with this one."""
    longest = dt.timedelta(minutes=settings.LONGEST_VISIT)
    near = AppointmentRequest.objects.filter(
        status=Status.SCHEDULED, visit_at__gt=begins - longest, visit_at__lt=ends
    )
    times = near.exclude(pk=pk).order_by("visit_at").values_list("visit_at", "visit_minutes")
    spans = [span(visit_at, minutes) for visit_at, minutes in times if visit_at]
    return [span for span in spans if span[1] > begins]


def _time(at: dt.datetime | dt.time) -> str:
    return time_format(at, "g:i A")


def _times(begins: dt.datetime, ends: dt.datetime, zone: dt.tzinfo) -> str:
    return f"{_time(begins.astimezone(zone))} {_('to')} {_time(ends.astimezone(zone))}"
