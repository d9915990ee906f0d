"""New processes take over while people read and send, behind nginx: nobody meets an error of it."""

import contextlib
import http.client
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.faults.serving import FORM, Crowd, serving, tell, until
from tests.front import in_front
from tests.generated import SOAK
from tests.running import Installation, install

pytestmark = pytest.mark.sqlite_first

RELOADS = 10 if SOAK else 1
PAGES = ("/", "/conditions/spinal-compression-fractures/", "/search/?q=back", FORM)
TYPED = {"Content-Type": "application/x-www-form-urlencoded"}
FASTER = {"rate=50r/s": "rate=5000r/s"}  # all of them are one sender


def is_web(process: psutil.Process, site: Installation) -> bool:
    """Whether it is gunicorn itself, of this site."""
    is_its_own = process.environ().get("VAR") == site.environment["VAR"]
    return is_its_own and "gunicorn" in process.cmdline()


def test_a_reload_is_met_by_nobody(tmp_path: Path) -> None:
    site = install(tmp_path / "var")
    with serving(site) as address, in_front(address, changes=FASTER) as front:
        # Given people who read, one of them on a line that stays open, and who send,
        crowd = Crowd(front.address)
        crowd.look_at(*PAGES)
        crowd.look_at(*PAGES)
        crowd.keep_sending("Ana", "Bo", "Cy")
        kept: list[int] = []

        def ask_on_one_line() -> None:
            line = http.client.HTTPConnection(urlsplit(front.address).netloc, timeout=20)
            with contextlib.closing(line):
                while not crowd.over.is_set():
                    # What nginx sends once only, as it cannot know that twice would do no harm.
                    line.request("POST", "/appointments/status/", "reference=", TYPED)
                    with line.getresponse() as answer:
                        answer.read()
                    kept.append(answer.status)

        def some_are_answered() -> None:
            heard, answered = len(crowd.heard), len(kept)
            until(lambda: len(crowd.heard) > heard and len(kept) > answered, "nobody is")

        crowd.add(ask_on_one_line)
        web = next(each for each in psutil.Process().children() if is_web(each, site))
        # when new processes take over from the old ones, again and again,
        for _reload in range(RELOADS):
            some_are_answered()
            before = set(web.children())
            os.kill(web.pid, signal.SIGHUP)
            until(lambda old=before: not old & set(web.children()), "the old processes stay")
        some_are_answered()
        crowd.go_home()
    tell(crowd, f"{RELOADS} graceful reloads", site)

    # then nobody was refused.
    assert {each.answer.status for each in crowd.seen} == {200}
    assert {each.answer.status for each in crowd.sent} == {303}
    assert set(kept) == {200}
