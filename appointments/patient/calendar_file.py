"""A visit as a calendar file (RFC 5545) that tells nobody who looks over a shoulder what it is for.

So it names no person and not the clinic, whose name says what it treats.
"""

import datetime as dt
import uuid

from appointments.models import AppointmentRequest
from clinic_site.text import plain_text

LINE = 75  # octets, without the line break


def visit_calendar(
    appointment_request: AppointmentRequest, *, place: str, title: str, note: str, now: dt.datetime
) -> bytes:
    """Return the file for the visit that a request led to.

    That of a later version of the request takes the place of an earlier one in the patient's
    calendar.
    """
    starts, ends = appointment_request.visit_at, appointment_request.visit_ends_at
    assert starts is not None
    assert ends is not None
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Appointments//Visit//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uuid.uuid5(appointment_request.attempt, 'visit')}",
        f"SEQUENCE:{appointment_request.version}",
        f"DTSTAMP:{_utc(now)}",
        f"DTSTART:{_utc(starts)}",
        f"DTEND:{_utc(ends)}",
        f"SUMMARY:{_escaped(title)}",
        *([f"LOCATION:{_escaped(place)}"] if place else []),
        f"DESCRIPTION:{_escaped(note)}",
        "STATUS:CONFIRMED",
        "CLASS:PRIVATE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _utc(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    for character in "\\;,":
        text = text.replace(character, "\\" + character)
    return plain_text(text).replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """Return the line's bytes, broken where it is too long, but inside no character."""
    folded, room = [b""], LINE
    for character in line:
        octets = character.encode()
        if len(octets) > room:
            folded.append(b" ")
            room = LINE - 1
        folded[-1] += octets
        room -= len(octets)
    return b"\r\n".join(folded) + b"\r\n"
