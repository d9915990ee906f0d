"""How long a request has waited, and whether that is too long: by the clinic's open hours."""

import datetime as dt
from bisect import bisect

from django.conf import settings

from appointments.models import AppointmentRequest
from clinic_site.models import Clinic


def limit(clinic: Clinic) -> dt.timedelta:
    """Return how long a request may wait, while the clinic is open."""
    if clinic.answer_within_hours:
        return dt.timedelta(hours=clinic.answer_within_hours)
    return settings.OVERDUE_AFTER_OPEN if clinic.hours else settings.OVERDUE_AFTER


def is_overdue(appointment_request: AppointmentRequest, clinic: Clinic, now: dt.datetime) -> bool:
    """Whether the request still waits, and has waited for too long."""
    waited = clinic.open_time(appointment_request.received_at, now)
    return appointment_request.state.is_waiting and waited > limit(clinic)


def is_late(appointment_request: AppointmentRequest, clinic: Clinic, now: dt.datetime) -> bool:
    """Whether its patient has heard nothing within the time that the clinic has set, if any."""
    unanswered = appointment_request.first_answer_at is None and clinic.answer_within_hours
    return bool(unanswered) and is_overdue(appointment_request, clinic, now)


def overdue_before(clinic: Clinic, now: dt.datetime) -> dt.datetime:
    """Return the time before which each of those came in that have waited for too long.

    Without the database, as who came earlier has never waited less.
    """
    now = now.astimezone(dt.UTC)  # two times of one zone would be subtracted by the wall clock
    longest, microsecond = limit(clinic), dt.timedelta(microseconds=1)
    since = now - max(longest, settings.OPEN_TIME_WITHIN) - microsecond
    in_time = bisect(
        range((now - since) // microsecond),
        False,
        key=lambda each: clinic.open_time(since + each * microsecond, now) <= longest,
    )
    return since + in_time * microsecond


def count_overdue(clinic: Clinic, now: dt.datetime) -> int:
    """Return how many requests have waited for too long."""
    waiting = AppointmentRequest.objects.waiting()
    return waiting.filter(received_at__lt=overdue_before(clinic, now)).count()
