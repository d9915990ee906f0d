"""The queue's lists and its search with 200,000 requests against 1,000."""

import datetime as dt
import functools
import re
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from appointments.answers import AnswersField
from appointments.models import AppointmentRequest, NameWord
from appointments.services.queue import TABS
from appointments.services.search import name_index, phone_index, stored_words
from bench.common import compare
from clinic_site.access.models import User
from clinic_site.clinic import Remembered
from clinic_site.crypto.fields import Ciphertext
from clinic_site.crypto.key_ring import encrypt
from tests.make import answers_to, sign_in_as

QUEUE = "/admin/appointments/appointmentrequest/"


def fill(up_to: int) -> None:
    """Store requests until there are `up_to`; one in 200 is open, of the first thousand each third.

    So each list has a whole page from the beginning, and grows with what is stored.
    """
    now = dt.datetime.now(dt.UTC)
    answers = Ciphertext(encrypt(AnswersField().to_text(answers_to())))
    closed = {"status": "closed", "close_reason": "answered"}
    open_in_turn: list[dict[str, Any]] = [
        {"status": "new"},
        {"status": "contacting", "taken_by": User.objects.get(username="sam")},
        {"status": "quarantined"},
        {"status": "new", "set_aside_until": dt.date(9999, 1, 1)},
        {"status": "scheduled", "visit_at": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)},
        {"status": "contacting", "change_requested_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
    ]
    for first in range(AppointmentRequest.objects.count(), up_to, 5_000):
        rows = []
        for number in range(first, min(first + 5_000, up_to)):
            is_open = number % (3 if number < 1_000 else 200) == 0
            received = now - dt.timedelta(minutes=5 * number)
            row = AppointmentRequest(
                reference=f"VIS-{number // 10_000:04}-{number % 10_000:04}",  # no two alike
                content_hash="0" * 64,
                answers=answers,
                phone_index=phone_index(f"+1605{number:07}"),
                received_at=received,
                status_at=received,
                **(open_in_turn[number // 3 % len(open_in_turn)] if is_open else closed),
            )
            row.queue_order = row.place_in_queue()
            rows.append(row)
        with transaction.atomic():
            AppointmentRequest.objects.bulk_create(rows)
            NameWord.objects.bulk_create(
                NameWord(request=row, index=name_index(word))
                for number, row in enumerate(rows, start=first)
                for word in stored_words(f"Word{number}")
            )
    connection.cursor().execute("ANALYZE")


def main() -> None:
    """Measure, and print the table."""
    staff = sign_in_as("scheduler", name="sam")
    for remembered in Remembered.everything:
        remembered.look()
    Remembered.in_background = True  # as in a web process, which looks beside its requests
    shown = re.search(r'data-shown="([^"]*)"', staff.get(QUEUE).text)
    renewed = {"shown": shown and shown[1]}
    works: dict[str, Callable[[], object]] = {
        **{f"queue, {name}": functools.partial(staff.get, QUEUE, {"tab": name}) for name in TABS},
        "queue, renewed": lambda: staff.post(QUEUE, renewed, headers={"X-Background": "1"}),
        "find by phone": lambda: staff.post(f"{QUEUE}find/", {"what": "605-000-0500"}),
        "find by name": lambda: staff.post(f"{QUEUE}find/", {"what": "Word500"}),
    }
    compare(works, fill=fill, few=1_000, many=200_000, what="requests")
