"""SQLite held by another writer, and its disk full: what people see of it."""

import contextlib
import re
import resource
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from clinic_site.models import Clinic, WorkerBeat
from tests.faults.serving import (
    FORM,
    LONGEST,
    OUTAGE,
    Crowd,
    is_ready,
    serving,
    stored,
    tell,
    until,
)
from tests.generated import SOAK
from tests.make import form_answers
from tests.running import Installation, Visitor, install, make_attempt

PATIENTS = [f"Words of patient {number}" for number in range(12)]
PAGES = ("/healthz", "/", "/contact/", "/conditions/spinal-compression-fractures/", FORM)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install(tmp_path_factory.mktemp("faults") / "var")


@pytest.fixture(scope="module")
def address(site: Installation) -> Iterator[str]:
    """The running site."""
    with serving(site) as address:
        yield address


def test_while_another_process_writes_pages_go_on_and_what_is_sent_is_kept(
    site: Installation, address: str
) -> None:
    # Given people who read and patients who send,
    crowd = Crowd(address)
    for page in PAGES:
        crowd.get(page)
    crowd.seen.clear()
    path = Path(site.environment["VAR"]) / "db.sqlite3"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
        # when somebody else writes and does not come to an end,
        writer.execute("BEGIN IMMEDIATE")
        for words in PATIENTS:
            crowd.send(words)
        crowd.look_at(*PAGES)
        crowd.look_at("/healthz")
        time.sleep(OUTAGE)
        writer.rollback()
    crowd.go_home()
    tell(crowd, f"SQLite held by another for {OUTAGE:.0f} s", site)

    # then no page waits for it,
    assert {each.answer.status for each in crowd.seen} == {200}
    assert max(each.seconds for each in crowd.seen) < (1 if SOAK else 3)
    # and no patient waits long before the words are stored, or are back.
    assert max(each.seconds for each in crowd.sent) < LONGEST


def limit_files(site: Installation, size: int) -> None:
    """Let no process of the site write into a file beyond this size."""
    for process in psutil.Process().children(recursive=True):
        if process.environ().get("VAR") == site.environment["VAR"]:
            process.rlimit(psutil.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_on_a_disk_that_takes_nothing_more_the_site_says_so_and_loses_nothing_typed(
    site: Installation, address: str
) -> None:
    assert site.manage("send_notifications", "--once").returncode == 0
    until(lambda: is_ready(address), "is not ready")
    answers = form_answers(make_attempt(), message="Words on a full disk")

    limit_files(site, 0)
    answer = Visitor(address).post(FORM, answers)
    until(lambda: not is_ready(address), "does not tell", 10)

    assert answer.status == 503
    assert "Words on a full disk" in answer.text
    limit_files(site, resource.RLIM_INFINITY)
    assert Visitor(address).post(FORM, answers).status == 303
    until(lambda: is_ready(address), "is not ready again", 10)
    assert stored(site).count("Words on a full disk") == 1


@pytest.mark.django_db
def test_a_disk_that_is_nearly_full_is_told_before(
    client: Client, settings, capsys: pytest.CaptureFixture[str]
) -> None:
    Clinic.objects.create(name="Clinic")
    WorkerBeat.objects.create(pk=1, at=timezone.now())
    assert client.get("/readyz").status_code == 200

    settings.FREE_DISK = 2**60

    assert client.get("/readyz").status_code == 503
    with pytest.raises(SystemExit):
        call_command("status")
    assert re.search(r"FAIL +disk +[\d,]+ MB free in /", capsys.readouterr().out)
