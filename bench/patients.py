"""Submissions a second against the bare limit of the database, and the queue with 200,000 requests.

The bare limit is how often one connection can insert a row as long as a stored request and commit
it, in the same run. The site runs on gunicorn as in production; patients are processes of their own
that keep their connections, each request under a fresh attempt. Run by bench/run.py.
"""

import datetime as dt
import http.client
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable

import django
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.running import free_port, is_up
from tests.signing import make_attempt

SECONDS = 6
PATIENTS = 8
FEW, MANY, ROUNDS = 1_000, 200_000, 15
QUEUE = "/admin/appointments/appointmentrequest/"
ANSWERS = {
    "kind": "appointment",
    "patient_name": "Ana María López",
    "phone": "605-555-0142",
    "email": "ana@example.com",
    "message": "My back hurts since Sunday, most of all when I stand. " * 4,
    "website": "",
}


def bare_limit() -> float:
    """Return inserts and commits a second, on one connection, of rows as long as a request's."""
    row = "x" * 2_000
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (body text)")
        count, end = 0, time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            with transaction.atomic():
                cursor.execute("INSERT INTO bench_bare VALUES (%s)", [row])
            count += 1
        cursor.execute("DROP TABLE bench_bare")
    return count / SECONDS


def patient(
    port: int, attempts: list[str], until: float, sent: "multiprocessing.Queue[int]"
) -> None:
    """Send one request after the other until the time is up; say how many were taken."""
    taken = 0
    keep = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for attempt in attempts:
        if time.time() > until:
            break
        body = urllib.parse.urlencode({**ANSWERS, "attempt": attempt})
        keep.request(
            "POST",
            "/appointments/request/",
            body,
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        answer = keep.getresponse()
        answer.read()
        if answer.status != 303:
            sys.exit(f"The form answered {answer.status}")
        taken += 1
    sent.put(taken)


def submissions() -> float:
    """Return requests stored a second by the whole site."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"],
        env={**os.environ, "BIND": f"127.0.0.1:{port}"},
    )
    try:
        while not is_up(f"http://127.0.0.1:{port}"):
            if server.poll() is not None:
                sys.exit("The server did not start; what it said is above.")
            time.sleep(0.1)
        sent: multiprocessing.Queue[int] = multiprocessing.Queue()
        attempts = [make_attempt(dt.timedelta(minutes=1)) for _number in range(800 * PATIENTS)]
        until = time.time() + SECONDS
        patients = [
            multiprocessing.Process(target=patient, args=(port, attempts[n::PATIENTS], until, sent))
            for n in range(PATIENTS)
        ]
        start = time.perf_counter()
        for each in patients:
            each.start()
        taken = sum(sent.get(timeout=60) for _patient in patients)
        return taken / (time.perf_counter() - start)
    finally:
        server.terminate()
        server.wait()


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
    """Measure, and print the tables."""
    os.environ.update(REQUESTS_AN_HOUR="1000000", REQUESTS_AN_HOUR_OF_ONE_SENDER="1000000")
    django.setup()
    from django.contrib.auth.models import User

    call_command("migrate", verbosity=0)
    call_command("load_content", "conditions/content", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    bare, taken = bare_limit(), submissions()
    sys.stdout.write(
        f"\n{connection.vendor}: submissions {taken:.0f}/s, bare inserts and commits {bare:.0f}/s, "
        f"ratio {taken / bare:.2f}\n"
    )
    from appointments.models import AppointmentRequest

    AppointmentRequest.objects.all().delete()
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
