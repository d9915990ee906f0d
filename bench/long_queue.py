"""The queue and its search with 200,000 requests against 1,000. Run by bench/run.py."""

import datetime as dt
from collections.abc import Callable

from django.db import connection, transaction

from bench.growth import compare, prepare

QUEUE = "/admin/appointments/appointmentrequest/"


def fill(up_to: int) -> None:
    """Store requests until there are `up_to`: one in 200 waits, the others are closed."""
    from appointments.answers import AnswersField
    from appointments.models import AppointmentRequest, NameWord
    from appointments.models.request import queue_order
    from appointments.services.blind_index import name_indexes, phone_index
    from clinic_site.crypto.fields import Ciphertext
    from clinic_site.crypto.key_ring import encrypt
    from tests.make import answers_to

    now = dt.datetime.now(dt.UTC)
    answers = Ciphertext(encrypt(AnswersField().to_text(answers_to())))
    start = AppointmentRequest.objects.count()
    for first in range(start, up_to, 5_000):
        rows = []
        for number in range(first, min(first + 5_000, up_to)):
            status, reason = ("new", "") if number % 200 == 0 else ("closed", "answered")
            received = now - dt.timedelta(minutes=5 * number)
            rows.append(
                AppointmentRequest(
                    reference=f"VIS-{number // 10_000:04}-{number % 10_000:04}",  # no two alike
                    content_hash="0" * 64,
                    answers=answers,
                    phone_index=phone_index(f"+1605{number:07}"),
                    status=status,
                    close_reason=reason,
                    received_at=received,
                    status_at=received,
                    queue_order=queue_order(status, received),
                )
            )
        with transaction.atomic():
            AppointmentRequest.objects.bulk_create(rows)
            NameWord.objects.bulk_create(
                NameWord(request=row, index=index)
                for number, row in enumerate(rows, start=first)
                for index in name_indexes(f"Word{number}")
            )
    connection.cursor().execute("ANALYZE")


def main() -> None:
    """Measure, and print the table."""
    prepare()
    from tests.make import sign_in_as

    staff = sign_in_as("scheduler")

    def find(what: str) -> Callable[[], object]:
        return lambda: staff.post(f"{QUEUE}find/", {"what": what})

    works = {
        "queue, first page": lambda: staff.get(QUEUE),
        "find by phone": find("605-000-0500"),
        "find by name": find("Word500"),
    }
    compare(works, fill=fill, few=1_000, many=200_000, what="requests")


if __name__ == "__main__":
    main()
