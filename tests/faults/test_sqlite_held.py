"""Another process writes to SQLite for long: pages go on, and what is sent waits or comes back.

OUTAGE in the environment says for how many seconds (3; `make soak` says 45).
"""

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from tests.faults.serving import FORM, Crowd, install_site, serving, summary

OUTAGE = float(os.environ.get("OUTAGE", "3"))
PATIENTS = 12
PAGES = ("/healthz", "/", "/contact/", "/conditions/spinal-compression-fractures/", FORM)


def test_while_another_process_writes_pages_go_on_and_what_is_sent_is_kept(tmp_path: Path) -> None:
    # Given people who read and patients who send,
    site = install_site(tmp_path / "var")
    with serving(site) as address:
        crowd = Crowd(address)
        for page in PAGES:
            crowd.get(page)
        crowd.seen.clear()
        path = Path(site.environment["VAR"]) / "db.sqlite3"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
            # when somebody else writes and does not come to an end,
            writer.execute("BEGIN IMMEDIATE")
            for number in range(PATIENTS):
                crowd.send(f"Words of patient {number}")
            crowd.look_at(*PAGES)
            crowd.look_at("/healthz")
            time.sleep(OUTAGE)
            writer.rollback()
        crowd.go_home()
    print(f"pages: {summary(crowd.seen)}\nsent: {summary(crowd.sent)}")  # noqa: T201

    # then no page waits for it,
    assert {each.answer.status for each in crowd.seen} == {200}
    assert max(each.seconds for each in crowd.seen) < 1
    # no patient waits long before the words are stored, or are back,
    assert max(each.seconds for each in crowd.sent) < 8
    # and each request is stored, once.
    stored = site.shell(
        "from appointments.models import AppointmentRequest as R\n"
        "print(*(r.answer('message') for r in R.objects.all()), sep='|')"
    )
    assert sorted(stored.split("|")) == sorted(f"Words of patient {n}" for n in range(PATIENTS))
