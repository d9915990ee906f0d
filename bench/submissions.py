"""Submissions a second against the bare limit of the database, in the same run.

The bare limit is how often one connection can insert and commit, by plain SQL: the rows that one
submission makes, by the very statements that stored one; and, for comparison, a single row. The
site runs on gunicorn as in production; patients are processes of their own that keep their
connections, each request under a fresh attempt and from an address of its own.
"""

import multiprocessing
import os
import socket
import sys
import time
import urllib.parse
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import Client

from appointments.models import AppointmentRequest
from appointments.references import new_reference
from appointments.tokens import new_attempt
from bench.common import ROUNDS, by_turns, gunicorn, line
from clinic_site.models import MailChoice
from tests.make import make_account

COUNT, PATIENTS = 160, 8
ANSWERS = {
    "kind": "appointment",
    "patient_name": "Ana María López",
    "phone": "605-555-0142",
    "email": "ana@example.com",
    "email_ok": "on",
    "message": "My back hurts since Sunday, most of all when I stand. " * 4,
    "website": "",
}


def rate(insert: Callable[[CursorWrapper], object]) -> float:
    """Return how often a second one connection can run `insert` and commit."""
    count, start = 0, time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_bare (body text)")
        while (seconds := time.perf_counter() - start) < 1:
            with transaction.atomic():
                insert(cursor)
            count += 1
    return count / seconds


def one_row(cursor: CursorWrapper) -> None:
    """Insert a row as long as a request's into a table without an index."""
    cursor.execute("INSERT INTO bench_bare VALUES (%s)", ["x" * 2_000])


class SameRows:
    """Inserts all the rows that one request makes, by the statements that stored one."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []
        with connection.execute_wrapper(self.listen):
            Client().post("/appointments/request/", {**ANSWERS, "attempt": new_attempt()})
        self.made = AppointmentRequest.objects.get()
        self.ids = [self.made.attempt, *self.made.mails.values_list("message_id", flat=True)]

    def listen(self, execute: Callable, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Keep the statements that insert."""
        if sql.startswith("INSERT"):
            self.statements.append((sql, params))
        return execute(sql, params, many, context)

    def __call__(self, cursor: CursorWrapper) -> None:
        """Insert them under new ids and a new reference."""
        new: dict[Any, Any] = {self.made.reference: new_reference()}
        for old in self.ids:
            fresh = uuid.uuid4()
            new |= {str(old): str(fresh), old.hex: fresh.hex}
        for sql, params in self.statements:
            cursor.execute(sql, [renewed(each, new) for each in params])
            ids = cursor.fetchall() if "RETURNING" in sql else []
            new.setdefault(self.made.pk, ids and ids[0][0])  # the request itself is the first


def renewed(value: Any, new: dict[Any, Any]) -> Any:
    """Return a parameter of a statement, with the values of `new` in the place of the old ones."""
    if isinstance(value, list):
        return [renewed(each, new) for each in value]
    try:
        return new.get(str(value) if isinstance(value, uuid.UUID) else value, value)
    except TypeError:  # what cannot be a key of a dict is none of them
        return value


def send_all(port: int, posts: list[bytes]) -> None:
    """Be a patient: send one request after the other on one connection; each is to be taken."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as server:
        for post in posts:
            server.sendall(post)
            answer = server.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 303"), answer[:100]


def post_of(number: int) -> bytes:
    """Return one request as a browser sends it: its attempt, phone and address are its own."""
    own = {"attempt": new_attempt(), "phone": f"605-555-{1000 + number}"}
    body = urllib.parse.urlencode({**ANSWERS, **own}).encode()
    head = (
        "POST /appointments/request/ HTTP/1.1\r\nHost: localhost\r\n"
        f"X-Forwarded-For: 10.0.{number // 256}.{number % 256}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def submissions(port: int) -> float:
    """Return how many requests a second the whole site stores."""
    AppointmentRequest.objects.all().delete()
    shares = [[post_of(n) for n in range(first, COUNT, PATIENTS)] for first in range(PATIENTS)]
    with multiprocessing.Pool(PATIENTS) as patients:
        start = time.perf_counter()
        patients.starmap(send_all, [(port, share) for share in shares], chunksize=1)
        taken = COUNT / (time.perf_counter() - start)
    if AppointmentRequest.objects.filter(suspicion="").count() != COUNT:
        sys.exit("Not every request was stored.")
    return taken


def main() -> None:
    """Measure by turns, and print the medians."""
    os.environ.update(
        REQUESTS_AN_HOUR=str(COUNT + 1),
        REQUESTS_AN_HOUR_OF_ONE_SENDER=str(ROUNDS + 1),  # each comes once a round
        TRUSTED_PROXIES="127.0.0.1/32",
    )
    # Who gets a mail for each request. No other number among the parameters is this key (SameRows).
    desk = make_account("desk", "scheduler", email="desk@clinic.example", pk=10**8)
    MailChoice.objects.create(user=desk, kind="new_request")
    same_rows = SameRows()
    with gunicorn() as site:
        port = int(site.rpartition(":")[2])
        rates, ratios = by_turns(
            lambda: submissions(port), lambda: rate(same_rows), lambda: rate(one_row)
        )
    line(f"\n{connection.vendor}", "a second", "ratio")
    bare = "bare inserts and commits of"
    for n, name in enumerate(("submissions", f"{bare} the same rows", f"{bare} a single row")):
        line(name, round(rates[n]), ratios[n])
