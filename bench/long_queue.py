"""The queue and its search with 200,000 requests against 1,000. Run by bench/run.py."""

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable

import django
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

FEW, MANY, ROUNDS = 1_000, 200_000, 15
QUEUE = "/admin/appointments/appointmentrequest/"


def fill(up_to: int) -> None:
    """Store requests until there are `up_to`: one in 200 waits, the others are closed."""
    from appointments.blind_index import name_indexes, phone_index
    from appointments.encryption import Ciphertext, encrypt
    from appointments.models import AppointmentRequest, NameWord, queue_order

    now = dt.datetime.now(dt.UTC)
    name, phone = Ciphertext(encrypt("Ana María López")), Ciphertext(encrypt("+16055550142"))
    start = AppointmentRequest.objects.count()
    for first in range(start, up_to, 5_000):
        rows = []
        for number in range(first, min(first + 5_000, up_to)):
            status, reason = ("new", "") if number % 200 == 0 else ("closed", "answered")
            received = now - dt.timedelta(minutes=5 * number)
            rows.append(
                AppointmentRequest(
                    reference=f"VIS-{number // 10_000:04}-{number % 10_000:04}",  # no two alike
                    digest="0" * 64,
                    kind="appointment",
                    patient_name=name,
                    phone=phone,
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


def measure(work: Callable[[], object]) -> tuple[float, int]:
    """Return the median milliseconds and the number of queries of `work`, once it is warm."""
    work()
    times = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    with CaptureQueriesContext(connection) as queries:
        work()
    return statistics.median(times), len(queries)


def main() -> None:
    """Measure, and print the table."""
    django.setup()
    from django.contrib.auth.models import User

    call_command("migrate", verbosity=0)
    call_command("load_content", "conditions/content", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    staff = Client()
    staff.force_login(User.objects.create_superuser("staff"))

    def find(what: str) -> Callable[[], object]:
        return lambda: staff.post(f"{QUEUE}find/", {"what": what})

    works = {
        "queue, first page": lambda: staff.get(QUEUE),
        "find by phone": find("605-000-0500"),
        "find by name": find("Word500"),
    }
    fill(FEW)
    few = {name: measure(work) for name, work in works.items()}
    fill(MANY)
    many = {name: measure(work) for name, work in works.items()}
    sys.stdout.write(f"{connection.vendor}: {MANY} requests against {FEW}\n")
    sys.stdout.write(f"{'':28}{'queries':>9}{'ms, few':>9}{'ms, many':>10}{'ratio':>8}\n")
    for name in works:
        (t_few, q_few), (t_many, q_many) = few[name], many[name]
        queries = str(q_many) if q_few == q_many else f"{q_few}->{q_many}"
        sys.stdout.write(f"{name:28}{queries:>9}{t_few:9.1f}{t_many:10.1f}{t_many / t_few:8.2f}\n")


if __name__ == "__main__":
    main()
