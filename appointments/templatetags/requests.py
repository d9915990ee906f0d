"""What the admin's front page tells of requests: how many, and how soon they are answered."""

import datetime as dt
import statistics
from collections import defaultdict
from dataclasses import dataclass

from django import template
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services.queue import Tab, tabs_for
from appointments.states import CloseReason

register = template.Library()


@dataclass(frozen=True)
class Week:
    """One week, from `monday` on: requests, how many of them are answered, and how soon.

    Those taken by phone are answered as they come in, and do not count for the median.
    """

    monday: dt.date
    received: int
    answered: int
    median: dt.timedelta | None


@register.simple_tag
def request_weeks() -> list[Week]:
    """Return the last weeks, this one first, in the active time zone. Spam does not count."""
    today = timezone.localdate()
    this_monday = today - dt.timedelta(days=today.weekday())
    first = this_monday - dt.timedelta(weeks=settings.WEEKS_SHOWN - 1)
    start = timezone.make_aware(dt.datetime.combine(first, dt.time()))
    requests = AppointmentRequest.objects.filter(received_at__gte=start).exclude(
        close_reason=CloseReason.SPAM
    )
    rows = requests.values_list("received_at", F("first_answer_at") - F("received_at"))
    by_week: dict[dt.date, list[dt.timedelta | None]] = defaultdict(list)
    for received_at, answered_after in rows:
        day = timezone.localdate(received_at)
        by_week[day - dt.timedelta(days=day.weekday())].append(answered_after)
    found = []
    for number in range(settings.WEEKS_SHOWN):
        monday = this_monday - dt.timedelta(weeks=number)
        times = by_week[monday]
        answered = [time.total_seconds() for time in times if time is not None]
        waited = [seconds for seconds in answered if seconds > 0]
        median = dt.timedelta(seconds=statistics.median(waited)) if waited else None
        found.append(Week(monday, len(times), len(answered), median))
    return found


@register.simple_tag
def request_counts() -> list[tuple[Tab, int]]:
    """Return each counted list of the queue that is the same for everybody, and its count."""
    tabs = tabs_for(AnonymousUser(), timezone.now())
    return [(tab, count) for tab, count, _here in tabs if count is not None and tab.name != "mine"]


@register.filter
def hours_and_minutes(delta: object) -> str:
    """A stretch of time in words, to the minute or the hour: 3 h 20 min, 4 d 2 h."""
    minutes = int(delta.total_seconds() // 60)  # type: ignore[attr-defined]
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"
