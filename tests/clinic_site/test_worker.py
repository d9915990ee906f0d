"""The worker as a real process: side by side, killed, stopped, cut off from its database."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.commands import Running
from tests.environment import let_in
from tests.faults.serving import until
from tests.generated import SOAK
from tests.running import TEST_ENV, Installation, free_port, install, local_environment
from tests.smtp_sink import HANG, Sink, smtp_sink

# Staff who get mail, and a helper to write requests; it is noon at the clinic.
SETTING = """
import datetime as dt, uuid
from clinic_site.actor import Actor
from appointments.models import AppointmentRequest
from clinic_site.models import MailChoice, OutboxMessage
from appointments.services.submit import receive_request
from clinic_site.models import Clinic
from tests.make import make_account
from tests.make import answers_to
Clinic.objects.update(time_zone=f"Etc/GMT{dt.datetime.now(dt.UTC).hour - 12:+d}")
for name in ("desk", "boss"):
    user = make_account(name, "scheduler", email=f"{name}@clinic.example")
    for kind in ("new_request", "digest"):
        MailChoice.objects.get_or_create(user=user, kind=kind)
def send(**answers):
    return receive_request(
        attempt=uuid.uuid4(), honeypot=False,
        by=Actor("(patient)"),
        answers=answers_to(email="ana@home.example", email_ok=True, message=uuid.uuid4().hex, **answers))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    site = install(tmp_path_factory.mktemp("worker"))
    site.environment.update(
        REQUESTS_AN_HOUR="1000", REQUESTS_AN_HOUR_OF_ONE_SENDER="1000", PYTHONWARNINGS="error"
    )
    return site


@pytest.fixture(name="sink")
def sink_of_the_site(site: Installation) -> Iterator[Sink]:
    """A mail server that the site sends its mail to."""
    with smtp_sink() as sink:
        site.environment["EMAIL_URL"] = sink.url
        yield sink


def requests(site: Installation, count: int, more: str = "") -> None:
    """So many patients send the form, three mails each, and no other request is there."""
    forget = "AppointmentRequest.objects.all().delete(); OutboxMessage.objects.all().delete()\n"
    site.shell(f"{SETTING}{forget}for n in range({count}): send()\n{more}")


def states(site: Installation) -> dict[str, int]:
    """How many mails stand in each state."""
    return dict(site.sql("SELECT state, count(*) FROM clinic_site_outboxmessage GROUP BY state"))


def message_ids(site: Installation) -> list[str]:
    rows = site.sql("SELECT message_id FROM clinic_site_outboxmessage")
    return sorted(str(row[0]).replace("-", "") for row in rows)


def arrived(sink: Sink) -> list[str]:
    return sorted(mail.message_id[1:].split("@")[0].replace("-", "") for mail in sink.mails)


def let_leases_run_out(site: Installation) -> None:
    site.sql(
        "UPDATE clinic_site_outboxmessage SET leased_until = '2026-01-01' WHERE lease IS NOT NULL"
    )


@contextlib.contextmanager
def working(site: Installation, *arguments: str) -> Iterator[Running]:
    """A worker, for as long as the block lasts."""
    worker = site.start("send_notifications", *arguments)
    try:
        yield worker
    finally:
        worker.send(signal.SIGKILL)
        worker.wait(20)


PATIENTS = 20 if SOAK else 8


@pytest.mark.on_postgresql
def test_four_workers_side_by_side_send_each_mail_once(site: Installation, sink: Sink) -> None:
    suspect = "content_hash='0'*64, status='quarantined', suspicion='sender'"
    requests(
        *(site, PATIENTS),
        f"AppointmentRequest.objects.create({suspect})",
    )

    workers = [site.start("send_notifications", "--once") for _worker in range(4)]

    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0, 0], site.log.read_text()
    digests = [mail for mail in sink.mails if "The queue:" in mail.text]
    assert sorted(mail.to for mail in digests) == [
        ("boss@clinic.example",),
        ("desk@clinic.example",),
    ]
    assert len(sink.mails) == PATIENTS * 3 + 2
    assert arrived(sink) == message_ids(site)
    assert states(site) == {"sent": PATIENTS * 3 + 2}


# The steps of a worker's talk with the mail server at which it is killed. The mail has arrived
# from BODY on, so the next worker can only send it once more.
STEPS = ("CONNECT", "RCPT", "DATA", "BODY", "QUIT")
KILLS = int(os.environ.get("WORKER_KILLS", "2"))


@pytest.mark.on_postgresql
def test_a_killed_workers_mail_is_sent_by_the_next_under_the_same_name(
    site: Installation, sink: Sink
) -> None:
    requests(site, KILLS)
    for kill in range(KILLS):
        with working(site) as worker:
            sink.before = {STEPS[kill % len(STEPS)]: lambda: worker.send(signal.SIGKILL)}
            assert worker.wait(timeout=40) == -signal.SIGKILL
    sink.before = {}
    arrived_twice = [mail.message_id for mail in sink.mails]

    sent = KILLS * 3 - KILLS
    assert site.manage("send_notifications", "--once").stdout == f"Sent {sent}.\n"
    assert states(site) == {"sent": sent, "waiting": KILLS}  # their leases still run
    let_leases_run_out(site)
    assert site.manage("send_notifications", "--once").stdout == f"Sent {KILLS}.\n"

    assert states(site) == {"sent": KILLS * 3}
    assert sorted(set(arrived(sink))) == message_ids(site)
    assert len(sink.mails) == KILLS * 3 + len(arrived_twice)
    assert all([m.message_id for m in sink.mails].count(name) == 2 for name in arrived_twice)


@pytest.mark.on_postgresql
def test_told_to_end_it_finishes_the_mail_in_hand(site: Installation, sink: Sink) -> None:
    requests(site, 2)
    with working(site) as worker:
        sink.before["BODY"] = lambda: worker.send(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0

    assert states(site) == {"sent": 1, "waiting": 5}
    assert len(sink.mails) == 1
    with working(site) as idle:
        until(lambda: states(site) == {"sent": 6})
        started = time.monotonic()
        idle.send(signal.SIGINT)
        assert idle.wait(timeout=10) == 0
        assert time.monotonic() - started < 3


@pytest.mark.on_postgresql
def test_a_mail_server_that_hangs_holds_up_one_mail_only(site: Installation, sink: Sink) -> None:
    requests(site, 1)
    sink.answers["EHLO"] = HANG
    reached = threading.Event()
    sink.before["EHLO"] = reached.set
    with working(site):
        assert reached.wait(20)
        time.sleep(0.1)  # it has read its answer
        sink.answers.clear()

        assert site.manage("send_notifications", "--once").stdout == "Sent 2.\n"
        assert "FAIL" not in site.manage("status").stdout


@contextlib.contextmanager
def database_away(site: Installation) -> Iterator[None]:
    """Let nobody in, and throw out who is; on SQLite, lock it and keep the lock."""
    if "DATABASE_URL" not in site.environment:
        import sqlite3

        path = os.path.join(site.environment["VAR"], "db.sqlite3")
        with contextlib.closing(
            sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        ) as database:
            database.execute("BEGIN EXCLUSIVE")
            yield
            database.execute("ROLLBACK")
        return
    let_in(site.environment, everyone=False)
    yield
    let_in(site.environment, everyone=True)


@pytest.mark.on_postgresql
def test_a_database_that_goes_away_after_the_mail_was_accepted_makes_no_second_mail(
    site: Installation, sink: Sink
) -> None:
    requests(site, 1)
    site.log.write_text("")
    with contextlib.ExitStack() as outage:
        away = iter([lambda: outage.enter_context(database_away(site))])
        sink.before["QUIT"] = lambda: next(away, lambda: None)()
        with working(site) as worker:
            until(lambda: "Database away: OperationalError" in site.log.read_text())
            outage.close()
            until(lambda: states(site) == {"sent": 3}, seconds=30)
            assert worker.poll() is None

    assert len(sink.mails) == 3
    assert "Traceback" not in site.log.read_text()
    assert "ana" not in site.log.read_text()


@pytest.fixture
def empty(tmp_path: Path) -> Installation:
    """A site whose database has no tables yet."""
    (tmp_path / "var").mkdir(mode=0o700)
    environment = {**local_environment(tmp_path / "var"), "ENV_FILE": str(TEST_ENV)}
    return Installation(environment, tmp_path / "log")


@pytest.mark.parametrize(
    "command",
    [
        *("check_keys --start", "check_keys", "invite --first", "purge"),
        *("send_notifications --once", "status"),
    ],
)
def test_without_tables_each_command_says_what_to_do(empty: Installation, command: str) -> None:
    done = empty.manage(*command.split())

    assert done.returncode in {1, 3}
    assert "(make upgrade)" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.on_postgresql
def test_without_tables_the_worker_says_so_once_and_waits(empty: Installation) -> None:
    empty.log.touch()
    worker = empty.start("send_notifications")
    try:
        until(lambda: "Database away: " in empty.log.read_text())
        time.sleep(settings.WORKER_DATABASE_AWAY + 1)
    finally:
        worker.send(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    assert empty.log.read_text().count("\n") == 1  # once, and nothing else


@pytest.mark.on_sqlite
def test_without_a_database_it_says_so_and_waits(site: Installation) -> None:
    nowhere = {
        "DATABASE_URL": f"postgres://nobody@127.0.0.1:{free_port()}/nothing",
    }

    done = site.manage("send_notifications", "--once", **nowhere)
    site.log.write_text("")
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: The database is away: connection")
    assert len(done.stderr.splitlines()) == 1
    worker = site.start("send_notifications", **nowhere)
    until(lambda: "Database away: OperationalError" in site.log.read_text())
    assert worker.poll() is None
    worker.send(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    status = site.manage("status", **nowhere)
    assert status.returncode == 1
    assert "FAIL  database   cannot be looked at: connection failed: " in status.stdout
