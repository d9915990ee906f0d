"""`make upgrade` to a made-up next release, the restart, and the way back, while patients use the site."""

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.test_services import Unit, children
from tests.faults.serving import FORM, Crowd, tell, until
from tests.running import PROJECT, Installation, Visitor, install, is_up

pytestmark = pytest.mark.sqlite_first

PAGES = ("/", "/contact/", "/conditions/spinal-compression-fractures/", "/search/?q=back", FORM)
NOT_COPIED = (".git", ".venv", ".*cache", "var", "staticfiles")
MIGRATION = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("appointments", "{}")]
    operations = [
        migrations.AddField(
            "AppointmentRequest", "made_up", models.CharField(db_default="", max_length=9)
        )
    ]
"""
# As systemd starts a service with a socket that it holds.
WITH_SOCKET = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """A copy of this release with a new column, another name for a drawing, other words at /healthz."""
    release = tmp_path / "next"
    shutil.copytree(PROJECT, release, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (release / ".venv").symlink_to(Path(sys.prefix))
    migrations = release / "appointments" / "migrations"
    last = max(each.stem for each in migrations.glob("0*.py"))
    (migrations / "9999_made_up.py").write_text(MIGRATION.replace("{}", last))
    rename(release, "mark.svg", "our-mark.svg")
    middleware = release / "clinic_site" / "middleware.py"
    middleware.write_text(middleware.read_text().replace('"ok\\n"', '"next\\n"'))
    request = release / "appointments" / "models" / "request.py"
    field = '\n    made_up = models.CharField(db_default="", max_length=9)\n\n    class Meta'
    request.write_text(request.read_text().replace("\n    class Meta", field, 1))
    return release


def rename(release: Path, before: str, after: str) -> None:
    """Give a file that each page shows another name."""
    (release / "static" / "img" / before).rename(release / "static" / "img" / after)
    for path in (release / "templates").rglob("*.html"):
        path.write_text(path.read_text().replace(f"img/{before}", f"img/{after}"))


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        yield listening


def start(
    site: Installation, release: Path, unit: str, listening: socket.socket
) -> subprocess.Popen[bytes]:
    """Start a unit of a release."""
    command = Unit(unit).command("ExecStart")
    if "web" in unit:
        command = [sys.executable, "-c", WITH_SOCKET, str(listening.fileno()), *command]
    with site.log.open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=release,
            env=site.environment,
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )


def test_an_upgrade_with_a_migration_is_noticed_by_nobody(
    tmp_path: Path, next_release: Path, listening: socket.socket
) -> None:
    site = install(tmp_path / "var")
    env_file = tmp_path / "production.env"
    env_file.write_text(Path(site.environment["ENV_FILE"]).read_text())
    site.environment |= {"BACKUPS": str(tmp_path / "backups"), "STATIC": str(tmp_path / "static")}
    assert site.manage("collectstatic", "--noinput").returncode == 0
    units = ("clinic-web.service", "clinic-worker.service")
    running = {unit: start(site, PROJECT, unit, listening) for unit in units}
    crowd = Crowd(f"http://localhost:{listening.getsockname()[1]}")
    try:
        # Given people who read and patients who send, one after the other,
        until(lambda: is_up(crowd.address), "the web server is not up")
        assert Visitor(crowd.address).get("/healthz").text == "ok\n"
        crowd.look_at(*PAGES)
        crowd.keep_sending("Ana", "Bo")

        # when the next release is made ready,
        done = subprocess.run(
            ["make", "--silent", "upgrade", f"ENV_FILE={env_file}"],
            cwd=next_release,
            env={**site.environment, "PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.findall("^== (.*)", done.stdout, re.MULTILINE)[1:3] == ["backup", "migrate"]
        assert "Applying appointments.9999_made_up... OK" in done.stdout
        ahead = subprocess.run(
            [sys.executable, "manage.py", "status"],
            cwd=next_release,
            env=site.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert f"{next_release}, but the web server last started with another one" in ahead.stdout
        # this one is still there, with its own files, also in processes that start now.
        (web, _worker) = running.values()
        before = children(web.pid)
        web.send_signal(signal.SIGHUP)
        until(lambda: before.isdisjoint(children(web.pid)), "the old processes are still there")
        assert Visitor(crowd.address).get("/healthz").text == "ok\n"

        # When it takes the place of this one, and this one its own again,
        for release, words in ((next_release, "next\n"), (PROJECT, "ok\n")):
            for unit, process in running.items():
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=40) == 0
                running[unit] = start(site, release, unit, listening)
            until(lambda text=words: Visitor(crowd.address).get("/healthz").text == text, words)
            heard = len(crowd.heard)
            until(lambda before=heard: len(crowd.heard) > before + 2, "nobody is served by it")
        crowd.go_home()
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=40)
    tell(crowd, "Upgrade, and back", site)

    # then nobody was refused,
    assert {each.answer.status for each in crowd.seen} == {200}
    assert {each.answer.status for each in crowd.sent} == {303}
    # and the new column is there.
    made_up = site.sql("SELECT DISTINCT made_up FROM appointments_appointmentrequest")
    assert made_up == [("",)]
