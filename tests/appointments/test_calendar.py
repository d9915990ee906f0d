"""A visit as a calendar file, as RFC 5545 wants it."""

import datetime as dt
import uuid
from typing import Any

import pytest

from appointments.models import AppointmentRequest
from appointments.patient.calendar_file import visit_calendar

pytestmark = pytest.mark.on_sqlite

ATTEMPT = uuid.UUID("1b4e28ba-2fa1-41d2-883f-0016d3cca427")


def made(**values: Any) -> bytes:
    request = AppointmentRequest(
        attempt=ATTEMPT,
        version=values.pop("version", 3),
        visit_at=dt.datetime(2027, 7, 6, 14, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
        visit_minutes=45,
    )
    return visit_calendar(
        request,
        **{
            "place": "Suite 2",
            "title": "Appointment",
            "note": "Questions? Call 605-217-5617.",
            "now": dt.datetime(2027, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
            **values,
        },
    )


def test_the_whole_file() -> None:
    uid = uuid.uuid5(ATTEMPT, "visit")
    assert made().decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Appointments//Visit//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "SEQUENCE:3",
        "DTSTAMP:20270102T030405Z",
        "DTSTART:20270706T193000Z",
        "DTEND:20270706T201500Z",
        "SUMMARY:Appointment",
        "LOCATION:Suite 2",
        "DESCRIPTION:Questions? Call 605-217-5617.",
        "STATUS:CONFIRMED",
        "CLASS:PRIVATE",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    assert ATTEMPT.hex not in made().decode().replace("-", "")


def test_a_later_file_takes_the_place_of_the_one_before() -> None:
    first, later = made().decode(), made(version=4, place="Suite 9").decode()

    uid = next(line for line in first.splitlines() if line.startswith("UID:"))
    assert uid in later
    assert "SEQUENCE:4" in later


def test_text_is_escaped_and_can_start_no_line_of_its_own() -> None:
    file = made(place="A\\B; C, D\r\nEND:VEVENT\u202e\x00").decode()

    assert "\r\nLOCATION:A\\\\B\\; C\\, D\\nEND:VEVENT\r\n" in file
    assert file.count("\r\nEND:VEVENT\r\n") == 1


@pytest.mark.parametrize("part", ["place", "title", "note"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85"])
def test_no_words_can_add_a_line(part: str, end: str) -> None:
    file = made(**{part: f"A{end}ATTENDEE:mailto:all@evil.example{end}END:VEVENT"}).decode()

    lines = file.splitlines()
    assert lines.count("END:VEVENT") == 1
    assert not any(line.startswith("ATTENDEE") for line in lines)


def test_a_visit_without_a_place_names_none() -> None:
    assert b"LOCATION" not in made(place="")


def test_long_lines_are_folded_inside_no_character() -> None:
    place = "Straße der Ärztinnen 病院 🏥 " * 12
    file = made(place=place)

    lines = file.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    for line in lines:
        line.decode()
    assert place.strip() in file.decode().replace("\r\n ", "")
