"""`make run` on a person's machine: safe to repeat, clear when it cannot start, clean when it ends."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.deploy.test_files import modes
from tests.faults.serving import FORM, until
from tests.generated import SOAK
from tests.make import form_answers
from tests.running import (
    PROJECT,
    Site,
    Visitor,
    free_port,
    is_up,
    local_environment,
    start_site,
    started_before,
    stop_site,
)

pytestmark = pytest.mark.on_sqlite

COMMANDS = [
    *(("status",), ("purge", "--dry-run"), ("check_keys",), ("reencrypt",), ("backup",)),
    *(("restore_drill",), ("send_notifications", "--once"), ("unlock", "ana"), ("release_mail",)),
]
STATUS = [
    *("release", "disk", "backups", "database", "migrations", "worker", "keys", "mail", "audit"),
    *("reviews", "requests"),
]


def run_local(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.run_local"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_ends_without_a_trace_starts_again_and_keeps_what_is_there(tmp_path: Path) -> None:
    var = tmp_path / "var"
    environment, port = local_environment(var), free_port()
    first = start_site(var, environment, port)
    keys = (var / "local.env").read_text()
    assert stat.S_IMODE((var / "local.env").stat().st_mode) == 0o600
    first.manage(
        "shell",
        "--verbosity=0",
        "-c",
        "from clinic_site.models import Clinic; Clinic.objects.update(short_name='OURS')",
    )

    # Commands work beside it, told nothing but where it keeps its state.
    for command in COMMANDS if SOAK else COMMANDS[:2]:
        beside = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=PROJECT,
            env={name: environment[name] for name in ("PATH", "VAR")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (beside.returncode, beside.stderr) == (0, ""), command
        if command == ("status",):
            assert re.findall(r"^ok {4}(\w+)", beside.stdout, re.MULTILINE) == STATUS

    running = below(first)
    assert {is_worker(process) for process in running} == {True, False}
    assert stop_site(first) == 0
    assert [each for each in running if each.is_running()] == []
    # Only its owner may read what it wrote; the static files lie outside.
    assert modes(var) == {("folder", "0o700"), ("file", "0o600")}
    assert list(var.rglob("*.css")) == []
    # One whose folder was left open meanwhile tells of it, and shuts it.
    for path in (var, *var.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    second = start_site(var, environment, port)

    shown = second.manage(
        "shell",
        "--verbosity=0",
        "-c",
        "from clinic_site.models import Clinic; print(Clinic.objects.get().short_name)",
    )
    assert shown.strip() == "OURS"
    assert (var / "local.env").read_text() == keys
    # Nobody has signed in yet, so there is a fresh invitation, at the address that is shown.
    assert second.invitation.startswith(f"{second.address}/admin/invitation/")
    assert second.invitation.partition("/admin/")[2] != first.invitation.partition("/admin/")[2]
    third = run_local({**environment, "PORT": str(free_port())})
    assert (third.returncode, third.stdout) == (1, "")
    assert third.stderr.startswith(f"Stopped: make run is at work in {var} already.")
    assert stop_site(second) == 0
    assert modes(var) == {("folder", "0o700"), ("file", "0o600")}
    said = Path(f"{var}.log").read_text()
    assert said.startswith(f"Other users could look into {var}. Now only its owner can.\n")
    assert said.endswith("Stopped.\n")


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_taken_port_is_told_in_one_line(tmp_path: Path, family: int, host: str) -> None:
    with socket.socket(family) as other:
        other.bind((host, 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_local({**local_environment(tmp_path), "PORT": str(port)})

    assert done.returncode == 1
    assert done.stderr == (
        f"Stopped: port {port} is taken. Choose another: make run PORT={port + 1}\n"
    )


def below(site: Site, *, recursive: bool = True) -> list[psutil.Process]:
    """What runs for the site."""
    return psutil.Process(site.process.pid).children(recursive=recursive)


def is_worker(process: psutil.Process) -> bool:
    return "send_notifications" in process.cmdline()


def test_a_worker_that_ends_is_started_again_and_the_site_ends_with_its_server(
    tmp_path: Path,
) -> None:
    site = start_site(tmp_path / "var", started_before(tmp_path / "var"), free_port())
    log = Path(f"{tmp_path / 'var'}.log")
    worker, server = sorted(below(site, recursive=False), key=is_worker, reverse=True)

    # Without a worker the site goes on, and is told of; there is a new one soon.
    worker.kill()
    until(lambda: "The mail worker ended by itself, with code -9." in log.read_text(), "not told")
    assert Visitor(site.address).post(FORM, form_answers(site.attempt())).status == 303
    until(lambda: any(map(is_worker, below(site, recursive=False))), "no new worker")

    # Without its server it ends, whole.
    running = below(site)
    server.kill()
    assert site.process.wait(timeout=40) == 1
    assert log.read_text().endswith("Stopped: the server ended by itself, with code -9.\n")
    psutil.wait_procs(running, timeout=10)  # gunicorn's own see that it is gone
    assert [each for each in running if each.is_running()] == []


def test_a_port_that_is_none_is_told(tmp_path: Path) -> None:
    done = run_local({**local_environment(tmp_path), "PORT": "eighty"})

    assert done.returncode == 1
    assert "PORT is 'eighty'" in done.stderr


def test_too_old_a_python_is_told_in_one_line(tmp_path: Path) -> None:
    # The installer as an older Python would read it: the same file, told another version.
    code = (
        "import runpy, sys; sys.version_info = (3, 10, 2); sys.argv = ['install.py'];"
        "runpy.run_path('deploy/install.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == (
        "Stopped: this needs Python 3.11 or newer, and this is 3.10. Set PYTHON=.\n"
    )


def test_a_missing_venv_module_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("nothing\n")
    (tmp_path / "deploy").mkdir()
    installer = tmp_path / "deploy" / "install.py"
    installer.write_text((PROJECT / "deploy" / "install.py").read_text())
    code = (
        "import runpy, sys; sys.modules['ensurepip'] = None;"
        "sys.argv = ['install.py', 'requirements.txt'];"
        f"runpy.run_path({str(installer)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert re.fullmatch(r"Stopped: Python's venv module is missing\. .*\n", done.stderr)


def test_a_missing_python_is_told_by_make() -> None:
    done = subprocess.run(
        ["make", "run", "PYTHON=no-such-python"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "no-such-python is missing. Install Python 3.11 or newer" in done.stdout


def test_help_names_each_command() -> None:
    done = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True)

    for command in ("make run", "make test", "make lint", "make help"):
        assert command in done.stdout


def take_database_away(site: Site) -> None:
    """Cut the running site off from its data, as an outage would."""
    with contextlib.closing(sqlite3.connect(site.var / "db.sqlite3")) as database:
        for table in (
            "conditions_page",
            "appointments_appointmentrequest",
            "clinic_site_clinic",
        ):
            database.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")


def test_without_its_database_the_site_says_so_and_loses_nothing_typed(tmp_path: Path) -> None:
    # A proxy in the environment does no harm either.
    environment = {**started_before(tmp_path / "var"), "http_proxy": "http://127.0.0.1:9"}
    site = start_site(tmp_path / "var", environment, free_port())
    visitor = Visitor(site.address)
    attempt = visitor.get("/appointments/request/").value_of("attempt")
    try:
        take_database_away(site)
        page = visitor.get("/conditions/spinal-compression-fractures/")
        form = visitor.post(
            "/appointments/request/",
            {
                "attempt": attempt,
                "kind": "appointment",
                "patient_name": "Still Here",
                "phone": "605-555-0142",
            },
        )
        ready, alive = visitor.get("/readyz"), visitor.get("/healthz")
    finally:
        site.process.send_signal(signal.SIGHUP)  # as a terminal that is closed does
        ended = site.process.wait(timeout=40)

    assert ended == 0
    assert not is_up(site.address)
    assert page.status == 503
    assert page.headers["Retry-After"]
    assert "605-217-5617" in page.words
    page.assert_valid_html()
    assert form.status == 503
    assert "We did not receive your request" in form.words
    assert "Still Here" in form.text
    assert "605-217-5617" in form.words
    assert "Try again" in form.words
    assert form.value_of("attempt") == attempt
    assert (ready.status, alive.status) == (503, 200)


def test_the_command_that_takes_pictures_loads_by_itself() -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    command = [sys.executable, "-c", "import tests.screenshots"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
