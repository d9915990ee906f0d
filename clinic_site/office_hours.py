"""How long something has waited while the clinic was open."""

import datetime as dt
import zoneinfo

from django.conf import settings
from django.utils import timezone

from clinic_site.models import Clinic


def zone_of(clinic: Clinic) -> dt.tzinfo:
    """Return the clinic's time zone; settings.TIME_ZONE until it has set one."""
    if clinic.time_zone:
        return zoneinfo.ZoneInfo(clinic.time_zone)
    return timezone.get_default_timezone()


def open_time(clinic: Clinic, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """Return how long the clinic was open between two aware times.

    By its opening hours and closed days, in its own time zone; the plain time between the two
    where it has set no hours, or where that is more than OPEN_TIME_WITHIN. Hours that overlap
    count once.
    """
    if end - start > settings.OPEN_TIME_WITHIN or not clinic.hours:
        return max(end - start, dt.timedelta())
    zone = zone_of(clinic)
    closed = {each.day for each in clinic.closed_days.all()}
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    total, counted_to = dt.timedelta(), start
    while day <= last:
        if day not in closed:
            for hours in clinic.hours:
                if hours.weekday == day.weekday():
                    opens = dt.datetime.combine(day, hours.opens, zone).astimezone(dt.UTC)
                    closes = dt.datetime.combine(day, hours.closes, zone).astimezone(dt.UTC)
                    total += max(min(closes, end) - max(opens, counted_to), dt.timedelta())
                    counted_to = max(counted_to, closes)
        day += dt.timedelta(days=1)
    return total
