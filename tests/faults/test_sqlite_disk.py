"""A disk that is full, or nearly: /readyz and `manage.py status` tell."""

import contextlib
import re
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from clinic_site.models import Clinic
from clinic_site.readiness import database_takes_writes
from tests.running import PROJECT, install


def test_a_disk_that_takes_nothing_more_is_told(tmp_path: Path) -> None:
    # Given a database in use, which works,
    site = install(tmp_path / "var")
    assert site.manage("send_notifications", "--once").returncode == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "var" / "db.sqlite3")) as other:
        other.execute("SELECT count(*) FROM clinic_site_clinic").fetchall()
        assert site.manage("status").returncode == 0

        # when no file can grow any more,
        done = subprocess.run(
            [sys.executable, "manage.py", "status"],
            cwd=PROJECT,
            env=site.environment,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
            capture_output=True,
            text=True,
            check=False,
        )

    # then it says so.
    assert done.returncode == 1
    assert re.search("FAIL +database +cannot be looked at", done.stdout)


@pytest.mark.django_db
def test_a_disk_that_is_nearly_full_is_told_before(client: Client, settings) -> None:
    Clinic.objects.create(name="Clinic")
    assert database_takes_writes().good

    settings.FREE_DISK = 2**60

    assert re.fullmatch(r"only \d+ MB free in .+", database_takes_writes().text)
    assert not database_takes_writes().good
    assert client.get("/readyz").status_code == 503
