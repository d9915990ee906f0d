"""The queue's lists and its search with 200,000 requests against 1,000. Run by bench/run.py."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from bench.growth import compare, prepare

QUEUE = "/admin/appointments/appointmentrequest/"


# What those become that are not closed, in turn; "sam" takes one.
OPEN: list[dict[str, Any]] = [
    {"status": "new"},
    {"status": "contacting", "taken_by": "sam"},
    {"status": "quarantined"},
    {"status": "new", "set_aside_until": dt.date(9999, 1, 1)},
    {"status": "scheduled", "visit_at": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)},
    {"status": "contacting", "change_requested_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
]


CLOSED = {"status": "closed", "close_reason": "answered"}


def fill(up_to: int) -> None:
    """Store requests until there are `up_to`; one in 200 is open, of the first thousand each third.

    So each list has a whole page from the beginning, and grows with what is stored.
    """
    from appointments.answers import AnswersField
    from appointments.models import AppointmentRequest, NameWord
    from appointments.models.request import queue_order
    from appointments.services.search import name_index, phone_index, stored_words
    from clinic_site.access.models import User
    from clinic_site.crypto.fields import Ciphertext
    from clinic_site.crypto.key_ring import encrypt
    from tests.make import answers_to

    now = dt.datetime.now(dt.UTC)
    answers = Ciphertext(encrypt(AnswersField().to_text(answers_to())))
    sam = User.objects.get(username="sam")
    start = AppointmentRequest.objects.count()
    for first in range(start, up_to, 5_000):
        rows = []
        for number in range(first, min(first + 5_000, up_to)):
            is_open = number % (3 if number < 1_000 else 200) == 0
            values: dict[str, Any] = (
                dict(OPEN[number // 3 % len(OPEN)]) if is_open else dict(CLOSED)
            )
            if "taken_by" in values:
                values["taken_by"] = sam
            received = now - dt.timedelta(minutes=5 * number)
            rows.append(
                AppointmentRequest(
                    reference=f"VIS-{number // 10_000:04}-{number % 10_000:04}",  # no two alike
                    content_hash="0" * 64,
                    answers=answers,
                    phone_index=phone_index(f"+1605{number:07}"),
                    received_at=received,
                    status_at=received,
                    queue_order=queue_order(
                        values["status"], received, values.get("set_aside_until")
                    ),
                    **values,
                )
            )
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
    prepare()
    from appointments.services.queue import TABS
    from clinic_site.clinic import Remembered
    from tests.make import sign_in_as

    staff = sign_in_as("scheduler", name="sam")
    for remembered in Remembered.everything:
        remembered.look()
    Remembered.in_background = True  # as in a web process, which looks beside its requests

    def find(what: str) -> Callable[[], object]:
        return lambda: staff.post(f"{QUEUE}find/", {"what": what})

    def look(name: str) -> Callable[[], object]:
        return lambda: staff.get(QUEUE, {"tab": name})

    shown = re.search(r'data-shown="([^"]*)"', staff.get(QUEUE).text)
    works = {
        **{f"queue, {name}": look(name) for name in TABS},
        "queue, renewed": lambda: staff.post(
            QUEUE, {"shown": shown and shown[1]}, headers={"X-Background": "1"}
        ),
        "find by phone": find("605-000-0500"),
        "find by name": find("Word500"),
    }
    compare(works, fill=fill, few=1_000, many=200_000, what="requests")


if __name__ == "__main__":
    main()
