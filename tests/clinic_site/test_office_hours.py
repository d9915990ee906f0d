"""How long something waits: only while the clinic is open."""

import datetime as dt

import pytest

from clinic_site.clinic import read_clinic
from clinic_site.models import Clinic, ClosedDay, OpeningHours

pytestmark = pytest.mark.on_sqlite

WEEKDAYS = [(day, 9, 17) for day in range(5)]


def clinic(hours: list[tuple[int, int, int]], *closed: str, zone: str = "") -> Clinic:
    """A clinic with (weekday, opens, closes) and closed days."""
    clinic = Clinic.objects.create(pk=1, time_zone=zone)
    for weekday, opens, closes in hours:
        OpeningHours.objects.create(
            clinic=clinic,
            weekday=weekday,
            opens=dt.time(opens),
            closes=dt.time(closes) if closes < 24 else dt.time(23, 59),
        )
    for day in closed:
        ClosedDay.objects.create(clinic=clinic, day=dt.date.fromisoformat(day))
    return read_clinic()


def hours_between(clinic: Clinic, start: str, end: str) -> float:
    """Open hours between two times with their offsets, also where they come as local ones."""
    times = [dt.datetime.fromisoformat(each) for each in (start, end)]
    between = clinic.open_time(*times)
    assert clinic.open_time(*(each.astimezone(clinic.zone) for each in times)) == between
    return between / dt.timedelta(hours=1)


# 2026-03-02 is a Monday; Chicago is at -06:00 until 8 March, then at -05:00.
TABLE = {
    "within a day": (WEEKDAYS, [], "2026-03-02T10:00-06:00", "2026-03-02T12:30-06:00", 2.5),
    "before it opens": (WEEKDAYS, [], "2026-03-02T05:00-06:00", "2026-03-02T10:00-06:00", 1),
    "over a night": (WEEKDAYS, [], "2026-03-02T16:00-06:00", "2026-03-03T10:00-06:00", 2),
    "over a weekend": (WEEKDAYS, [], "2026-03-06T16:00-06:00", "2026-03-09T10:00-05:00", 2),
    "a weekend only": (WEEKDAYS, [], "2026-03-07T00:00-06:00", "2026-03-08T23:00-05:00", 0),
    "a closed day": (
        *(WEEKDAYS, ["2026-03-03"]),
        *("2026-03-02T16:00-06:00", "2026-03-04T10:00-06:00", 2),
    ),
    "only closed days": (
        *(WEEKDAYS, ["2026-03-02", "2026-03-03"]),
        *("2026-03-02T00:00-06:00", "2026-03-03T23:00-06:00", 0),
    ),
    "a break at noon": (
        *([(0, 9, 12), (0, 13, 17)], []),
        *("2026-03-02T11:00-06:00", "2026-03-02T14:00-06:00", 2),
    ),
    "hours that overlap": (
        *([(0, 9, 13), (0, 10, 11), (0, 12, 17)], []),
        *("2026-03-02T09:00-06:00", "2026-03-02T17:00-06:00", 8),
    ),
    "other times elsewhere": (WEEKDAYS, [], "2026-03-02T15:00+00:00", "2026-03-02T17:00+00:00", 2),
    "no hours: plain time": ([], [], "2026-03-06T16:00-06:00", "2026-03-09T10:00-05:00", 65),
    "clocks go forward while open": (
        *([(6, 0, 24)], []),
        *("2026-03-08T00:00-06:00", "2026-03-08T12:00-05:00", 11),
    ),
    "clocks go back while open": (
        *([(6, 0, 24)], []),
        *("2026-11-01T00:00-05:00", "2026-11-01T12:00-06:00", 13),
    ),
    "open hours keep their wall clock after the change": (
        *(WEEKDAYS, []),
        *("2026-03-06T09:00-06:00", "2026-03-09T09:00-05:00", 8),
    ),
    "the end before the start": (
        WEEKDAYS,
        [],
        "2026-03-02T12:00-06:00",
        "2026-03-02T10:00-06:00",
        0,
    ),
    "more than 60 days: plain time": (
        *(WEEKDAYS, []),
        *("2026-01-01T00:00-06:00", "2026-03-03T00:00-06:00", 61 * 24),
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hours", "closed", "start", "end", "open_hours"), TABLE.values(), ids=TABLE
)
def test_open_time(hours, closed, start: str, end: str, open_hours: float) -> None:
    assert hours_between(clinic(hours, *closed), start, end) == open_hours


@pytest.mark.django_db
def test_the_clinics_own_time_zone_counts() -> None:
    honolulu = clinic(WEEKDAYS, zone="Pacific/Honolulu")

    assert hours_between(honolulu, "2026-03-02T09:00-10:00", "2026-03-02T12:00-10:00") == 3
    assert hours_between(honolulu, "2026-03-02T09:00-06:00", "2026-03-02T12:00-06:00") == 0
