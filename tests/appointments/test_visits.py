"""What is odd about a visit is said before it is set, and each day's visits stand on one page."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.test import Client

from appointments.models import AppointmentRequest
from appointments.services.visits import day_in_words, next_open_day, visit_warnings
from clinic_site.clinic import read_clinic
from clinic_site.models import Clinic, ClosedDay, OpeningHours
from tests.appointments.office import QUEUE, address, events, without_breaks
from tests.make import make_request, sign_in_as

pytestmark = pytest.mark.django_db

CHICAGO = ZoneInfo("America/Chicago")
NOW = dt.datetime(2026, 11, 27, 10, tzinfo=CHICAGO)  # a Friday
VISITS = f"{QUEUE}visits/"


def at(text: str, zone: str = "America/Chicago") -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.fixture
def clinic() -> Clinic:
    """It is open from Monday to Friday, with a lunch break, and closed at Christmas."""
    clinic = Clinic.objects.create(pk=1, time_zone="America/Chicago")
    for day in range(5):
        for opens, closes in ((8, 12), (13, 17)):
            OpeningHours.objects.create(
                clinic=clinic, weekday=day, opens=dt.time(opens), closes=dt.time(closes)
            )
    ClosedDay.objects.create(clinic=clinic, day=dt.date(2026, 12, 25))
    return read_clinic()


OPEN = "the clinic is open 8:00 AM to 12:00 PM and 1:00 PM to 5:00 PM"
SAID: dict[tuple[str, int | None], list[str]] = {
    ("2026-12-02 09:30", 30): [],
    ("2026-12-02 11:30", None): [],
    ("2026-12-25 03:00", 30): ["Friday, December 25 is a closed day."],
    ("2026-12-02 16:45", 30): [
        f"On Wednesday, December 2 {OPEN}; this visit is 4:45 PM to 5:15 PM."
    ],
    ("2026-12-02 11:45", None): [
        f"On Wednesday, December 2 {OPEN}; this visit is 11:45 AM to 12:15 PM."
    ],
    ("2027-01-02 10:00", 30): ["The clinic has no opening hours on Saturday, January 2, 2027."],
    ("2026-11-25 10:00", 30): [
        "This visit is in the past: Wednesday, November 25, 10:00 AM to 10:30 AM."
    ],
    ("2026-11-27 09:55", 30): [
        "This visit is in the past: Friday, November 27, 9:55 AM to 10:25 AM."
    ],
    ("2026-11-27 10:00", 30): ["This visit is today: tell the patient by phone."],
}


@pytest.mark.on_sqlite
@pytest.mark.parametrize(("visit", "minutes"), SAID)
def test_what_is_odd_about_a_visit_is_said(clinic: Clinic, visit: str, minutes: int | None) -> None:
    with time_machine.travel(NOW, tick=False):
        said = visit_warnings(at(visit), minutes, clinic, NOW, pk=0)
    assert said == SAID[visit, minutes]


@pytest.mark.on_sqlite
def test_hours_and_days_are_those_of_the_clinics_own_clock(clinic: Clinic) -> None:
    los_angeles = "America/Los_Angeles"
    with time_machine.travel(NOW, tick=False):
        assert not visit_warnings(at("2026-12-02 06:30", los_angeles), 30, clinic, NOW, pk=0)
        late = visit_warnings(at("2026-12-24 23:30", los_angeles), 30, clinic, NOW, pk=0)
        assert late == ["Friday, December 25 is a closed day."]
        clinic.time_zone = los_angeles
        (said,) = visit_warnings(at("2026-12-02 09:30"), 30, clinic, NOW, pk=0)
        assert said.endswith("this visit is 7:30 AM to 8:00 AM.")


@pytest.mark.on_sqlite
@pytest.mark.parametrize(("day", "open_for"), [("2027-03-14", 120), ("2027-11-07", 240)])
def test_in_a_night_of_changing_clocks_a_visit_takes_as_long_as_it_takes(
    clinic: Clinic, day: str, open_for: int
) -> None:
    OpeningHours.objects.create(clinic=clinic, weekday=6, opens=dt.time(1), closes=dt.time(4))
    clinic = read_clinic()

    assert visit_warnings(at(f"{day} 01:00"), open_for, clinic, NOW, pk=0) == []
    (said,) = visit_warnings(at(f"{day} 01:00"), open_for + 1, clinic, NOW, pk=0)
    assert said.endswith("this visit is 1:00 AM to 4:01 AM.")


@pytest.mark.on_sqlite
def test_a_clinic_without_hours_is_never_outside_of_them() -> None:
    clinic = Clinic.objects.create(pk=1)
    assert visit_warnings(at("2030-01-05 03:00"), 30, clinic, NOW, pk=0) == []
    assert visit_warnings(at("2030-01-05 03:00"), 30, Clinic(), NOW, pk=0) == []


def visit(text: str, minutes: int | None = None, **values: Any) -> AppointmentRequest:
    values = {"status": "scheduled", "visit_at": at(text), "visit_minutes": minutes, **values}
    return make_request(**values)


def test_a_clash_is_told_by_its_times_and_by_no_name(clinic: Clinic) -> None:
    visit("2026-12-02 08:00", 60)  # ends as it begins
    visit("2026-12-02 08:15", 90)
    visit("2026-12-02 09:15", status="closed")
    visit("2026-12-02 09:15", status="contacting")
    visit("2026-12-02 09:30")  # begins as it ends
    visit("2026-12-01 09:00")
    own = visit("2026-12-02 09:00").pk

    def said() -> list[str]:
        when = at("2026-12-02 09:00")
        warnings = visit_warnings(when, None, clinic, NOW, own)
        return [*warnings, day_in_words(when, None, clinic, own)]

    with time_machine.travel(NOW, tick=False):
        assert said() == [
            "1 other visit is at the same time: 8:15 AM to 9:45 AM.",
            "Wednesday, December 2: 3 visits that morning, 1 at 9:00 AM.",
        ]
        visit("2026-12-02 09:15", 5)
        assert said() == [
            "2 other visits are at the same time: 8:15 AM to 9:45 AM and 9:15 AM to 9:20 AM.",
            "Wednesday, December 2: 4 visits that morning, 2 at 9:00 AM.",
        ]
        words = day_in_words(at("2026-12-02 13:00"), 30, clinic, own)
    assert words == "Wednesday, December 2: 0 visits that afternoon, none at 1:00 PM."


@pytest.fixture
def staff() -> Iterator[Client]:
    """A scheduler, on that Friday."""
    with time_machine.travel(NOW):
        yield sign_in_as("scheduler", name="sam")


def test_the_visits_of_a_day_stand_in_their_order_and_are_on_record(
    staff: Client, clinic: Clinic
) -> None:
    late = visit("2026-12-02 16:45", patient_name="Late", change_requested_at=NOW)
    first = visit(
        "2026-12-02 09:00",
        patient_name="First <b>",
        visit_place="Room 2",
        interpreter_language="Spanish",
        access_needs="Wheelchair",
    )
    second = visit("2026-12-02 09:15", 45, kind="question", message="When?")
    for text in ("2026-12-03 00:00", "2026-12-01 23:59"):
        visit(text, patient_name="Bo")
    visit("2026-12-02 10:00", patient_name="Bo", status="contacting")

    answer = staff.get(f"{VISITS}?day=2026-12-02")

    page = without_breaks(answer.text)
    rows = [row for row in re.findall(r"<tr>(.*?)</tr>", page) if "VIS-" in row]
    for row, shown in zip(rows, (first, second, late), strict=True):
        assert f"{address(shown)}?tab=visits" in row
    assert "&lt;b&gt;" in answer.text
    for words in ("9:00 AM to 9:30 AM", "Room 2", "interpreter: Spanish", "Wheelchair", "tel:+1"):
        assert words in rows[0]
    for words in ("9:15 AM to 10:00 AM", "An answer to a question"):
        assert words in rows[1]
    assert [re.findall(r'<strong class="overdue">([^<]*)<', row) for row in rows] == [
        ["at the same time as another"],
        ["at the same time as another"],
        ["outside the hours", "wants a change"],
    ]
    assert "Visits on Wednesday, December 2<" in page
    assert "?day=2026-12-01" in page
    assert "?day=2026-12-03" in page
    references = [each.reference for each in (first, second, late)]
    assert [each.references.split() for each in events(action="listed")] == [references]


@pytest.mark.on_sqlite
def test_a_day_without_visits_a_closed_one_and_one_that_is_none(
    staff: Client, clinic: Clinic
) -> None:
    visit("2026-11-27 08:00")
    visit("2026-11-27 09:45", 30)

    def page(day: str) -> str:
        return without_breaks(staff.get(f"{VISITS}?day={day}").text)

    assert "No visit is set for this day." in page("2026-11-28")
    assert "This is a closed day." in page("2026-12-25")
    for day in ("", "2026-11-27"):
        today = page(day)
        assert "Visits on Friday, November 27<" in today
        assert "There is no such day" not in today
        assert today.count("over: close it") == 1
    for day in ("2026-02-30", "soon", "0001-01-01", "9999-12-31", "2026-11-27T10:00"):
        wrong = page(day)
        assert "There is no such day to show. Here is today." in wrong
        assert "Visits on Friday, November 27<" in wrong


@pytest.mark.on_sqlite
def test_a_day_on_which_the_clocks_change_has_all_of_its_visits(
    staff: Client, clinic: Clinic
) -> None:
    visits = [visit(f"2027-11-07 {time}") for time in ("00:00", "01:30", "23:45")]
    visit("2027-11-08 00:00")

    page = staff.get(f"{VISITS}?day=2027-11-07").text

    assert re.findall(r">(VIS-\w{4}-\w{4})<", page) == [each.reference for each in visits]
    assert "Visits on Sunday, November 7, 2027<" in page


@pytest.mark.on_sqlite
def test_a_day_of_many_visits_takes_as_many_queries_as_one_of_few(
    staff: Client, clinic: Clinic, django_assert_max_num_queries
) -> None:
    for _number in range(30):
        visit("2026-12-02 09:00")
    staff.get(VISITS)
    with django_assert_max_num_queries(10):
        assert staff.get(f"{VISITS}?day=2026-12-02").text.count("VIS-") == 30


@pytest.mark.on_sqlite
def test_a_visit_that_no_key_opens_is_told_and_hides_no_other(
    staff: Client, clinic: Clinic, settings
) -> None:
    right = settings.FIELD_KEYS
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    visit("2026-12-02 09:00")
    settings.FIELD_KEYS = right
    visit("2026-12-02 10:00", patient_name="Seen")

    page = staff.get(f"{VISITS}?day=2026-12-02").text

    assert "cannot be read" in page
    assert "Seen" in page


@pytest.mark.parametrize(
    ("hours", "closed", "next_day"),
    [
        ([], [], "2026-11-30"),  # after a Friday, where no hours are set
        ([], ["2026-11-30"], "2026-12-01"),
        ([5], [], "2026-11-28"),  # open on Saturdays alone
        ([4], ["2026-12-04"], "2026-12-11"),
        ([4], ["2026-12-04", "2026-12-11", "2026-12-18", "2026-12-25"], "2027-01-01"),
    ],
)
def test_the_next_open_day_is_neither_a_weekend_nor_closed(
    hours: list[int], closed: list[str], next_day: str
) -> None:
    clinic = Clinic.objects.create(pk=1)
    for weekday in hours:
        clinic.opening_hours.create(weekday=weekday, opens="09:00", closes="13:00")
    for day in closed:
        clinic.closed_days.create(day=day)
    assert next_open_day(read_clinic(), dt.date(2026, 11, 27)) == dt.date.fromisoformat(next_day)


def test_where_no_day_is_open_none_is_named(staff: Client, settings) -> None:
    settings.VISIT_WITHIN = dt.timedelta(days=30)
    clinic = Clinic.objects.create(pk=1)
    for days in range(31):
        clinic.closed_days.create(day=NOW.date() + dt.timedelta(days=days))

    page = staff.get(address(make_request())).text

    assert 'name="set_aside_until"' in page
    assert "next open day" not in page
