"""The clock is set back by an hour, goes wrong by a day, and is set right: it holds up nobody."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.serving import FORM, Crowd, serving, tell, until
from tests.make import form_answers
from tests.running import PROJECT, Installation, Visitor, install, make_attempt
from tests.smtp_sink import HANG, smtp_sink

pytestmark = pytest.mark.on_postgresql  # in `make soak` on both

HOUR, DAY = 3600, 24 * 3600
A_PHASE = 2  # requests of one sender, as many as are taken of one in an hour
STAFF = """
from tests.appointments.office import make_desk
make_desk("desk", "new_request")
"""
COOKIE = """
import datetime as dt, time_machine
from django.utils import timezone
from tests.make import cookie_of
with time_machine.travel(timezone.now() + dt.timedelta(seconds={})):
    print(cookie_of("ana", "scheduler"))
"""


def move(site: Installation, ahead: int) -> None:
    """Have the site's clock be so many seconds ahead."""
    new = Path(site.environment["VAR"], "clock.new")
    new.write_text(str(ahead))
    new.rename(new.with_suffix(""))


@contextlib.contextmanager
def working(site: Installation) -> Iterator[subprocess.Popen]:
    """A worker of that clock, killed in the end."""
    command = [sys.executable, "-m", "tests.faults.moved", "send_notifications"]
    with site.log.open("ab") as log:
        worker = subprocess.Popen(
            command, cwd=PROJECT, env=site.environment, stdout=log, stderr=log
        )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait(timeout=20)


def colleague(site: Installation, ahead: int) -> str:
    """The cookie of somebody who signs in now, by that clock."""
    cookie = json.loads(site.shell(COOKIE.format(ahead)))
    return f"{cookie['name']}={cookie['value']}"


def test_a_clock_that_is_moved_loses_nothing_and_holds_up_nobody(tmp_path: Path) -> None:
    site = install(tmp_path / "var")
    site.shell(STAFF)
    site.environment["REQUESTS_AN_HOUR_OF_ONE_SENDER"] = str(A_PHASE)
    move(site, HOUR)

    def sent(count: int) -> None:
        mails = "SELECT state, count(*) FROM clinic_site_outboxmessage GROUP BY state"
        until(lambda: site.sql(mails) == [("sent", count)], f"not {count} mails")

    with smtp_sink() as sink:
        site.environment["EMAIL_URL"] = sink.url
        with serving(site, "tests.faults.moved:web()") as address:
            crowd, visitor = Crowd(address), Visitor(address)
            crowd.look_at("/", "/conditions/spinal-compression-fractures/", FORM)

            def send(words: str, attempt: str = "") -> None:
                email = {"email": "ana@home.example", "email_ok": "on"}
                answers = form_answers(attempt or make_attempt(), message=words, **email)
                assert crowd.post(FORM, answers, X_Forwarded_For="192.0.2.7").status == 303
                crowd.heard.append(words)

            with working(site):
                # Given a clock that is an hour ahead, when it is set back,
                for phase, ahead in (("ahead", HOUR), ("right", 0)):
                    move(site, ahead)
                    for number in range(A_PHASE):
                        send(f"Words {number}, {phase}")
                # then mail goes out as ever.
                sent(2 * 2 * A_PHASE)

                # When it goes wrong by a day,
                before = colleague(site, 0)
                move(site, DAY)
                ended = visitor.get("/admin/", Cookie=before)
                during = colleague(site, DAY)
                assert visitor.get("/admin/", Cookie=during).status == 200
                attempt = visitor.get(FORM).value_of("attempt")
                sink.answers = {"CONNECT": "421 busy"}
                send("A mail that is tried tomorrow")
                tried = "SELECT count(*) FROM clinic_site_outboxmessage WHERE fault <> ''"
                until(lambda: site.sql(tried) == [(2,)], "not tried")
                sink.answers, reached = {"EHLO": HANG}, threading.Event()
                sink.before = {"EHLO": reached.set}
                send("A mail that a worker has in hand, who is killed")
                assert reached.wait(20)
            # and is set right,
            sink.answers, sink.before = {}, {}
            move(site, 0)
            # then who signed in before had to do so again, and nobody stays in for a day;
            assert ended.status in {302, 303}
            left = json.loads(visitor.get("/admin/still-here/", Cookie=during).text)["seconds"]
            assert left <= 30 * 60
            # a form that was opened tomorrow is taken,
            send("Opened tomorrow", attempt)
            # and all mail goes out now.
            with working(site):
                sent(2 * (3 * A_PHASE + 1))
            crowd.go_home()
    tell(crowd, "Clock moved", site)

    assert {each.answer.status for each in crowd.seen} == {200}
    assert len({mail.message_id for mail in sink.mails}) == len(sink.mails)
    suspected = "SELECT count(*) FROM appointments_appointmentrequest WHERE suspicion <> ''"
    assert site.sql(suspected) == [(0,)]
