"""How long a request has waited, and whether that is too long: by the clinic's open hours."""

import datetime as dt

from appointments.choices import Status
from appointments.models import AppointmentRequest, AppointmentRequestQuerySet, queue_order
from clinic_site.models import Clinic
from clinic_site.office_hours import LONGEST, open_time

# Where the clinic promises nothing: a day, which for a clinic with hours is 8 open ones.
ALARM, OPEN_ALARM = dt.timedelta(hours=24), dt.timedelta(hours=8)
_UNIT = dt.timedelta(microseconds=1)


def limit(clinic: Clinic) -> dt.timedelta:
    """Return how long a request may wait, as `waits` counts."""
    if clinic.answer_within_hours:
        return dt.timedelta(hours=clinic.answer_within_hours)
    return OPEN_ALARM if clinic.hours else ALARM


def waits(request: AppointmentRequest, clinic: Clinic, now: dt.datetime) -> dt.timedelta:
    """Return how long the clinic was open since the request came in."""
    return open_time(clinic, request.received_at, now)


def is_overdue(request: AppointmentRequest, clinic: Clinic, now: dt.datetime) -> bool:
    """Whether the request still waits, and has waited for too long."""
    return request.is_waiting and waits(request, clinic, now) > limit(clinic)


def overdue_since(clinic: Clinic, now: dt.datetime) -> dt.datetime:
    """Return the time before which a request came in that has waited for too long by now.

    Who came earlier has never waited less, so this one time tells it of every request.
    """
    most = limit(clinic)
    span = most
    while span <= LONGEST and open_time(clinic, now - span, now) <= most:
        span *= 2
    # In microseconds: `too_short` back is not too long ago, `long` back is.
    too_short, long = 0, min(span, max(LONGEST, most)) // _UNIT + 1
    while long - too_short > 1:
        middle = (too_short + long) // 2
        if open_time(clinic, now - middle * _UNIT, now) > most:
            long = middle
        else:
            too_short = middle
    return now - too_short * _UNIT


def overdue(clinic: Clinic, now: dt.datetime) -> AppointmentRequestQuerySet:
    """Return the requests that have waited for too long: the first ones of the queue's index."""
    first_in_time = queue_order(Status.NEW, overdue_since(clinic, now))
    return AppointmentRequest.objects.filter(queue_order__lt=first_in_time)


def count_overdue(clinic: Clinic, now: dt.datetime) -> int:
    """Return how many requests have waited for too long, however many wait, by one index."""
    return overdue(clinic, now).count()
