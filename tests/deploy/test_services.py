"""The systemd units: what systemd says of them, and what they start, by their own commands."""

import configparser
import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.serving import until
from tests.running import PROJECT, TEST_ENV, Visitor, free_port, install, is_up
from tests.test_settings import EXAMPLE

pytestmark = pytest.mark.on_sqlite

UNITS = sorted((PROJECT / "deploy").glob("clinic-*.[st]*"))
THERE = "/srv/clinic/site"  # as the units, and docs/operations.md, have it


# What each has for itself.
OWN = {
    *("Type", "ExecStart", "ExecReload", "KillMode", "TimeoutStopSec", "Restart", "RestartSec"),
    "LimitNOFILE",
}


# What may stand in ENV_FILE when the web server is told to reload, and what is said of it.
WRONG = {
    "WEB_CONCURRENCY=two": "Not started: WEB_CONCURRENCY is 'two'.",
    "STATIC=/no/such/folder": "Stopped: static files of this release are not in STATIC",
    "DATABASE_URL=postgres://nobody@127.0.0.1:1/none": "the database is away (OperationalError)",
}


class Unit(configparser.RawConfigParser):
    """One of them; a key that stands in it twice is a mistake."""

    optionxform: Callable[[str], str] = str  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        super().__init__(delimiters="=", interpolation=None)
        self.read_string((PROJECT / "deploy" / name).read_text())

    def command(self, key: str, pid: int = 0) -> list[str]:
        text = self["Service"][key].replace(THERE, str(PROJECT))
        return shlex.split(text.replace("$MAINPID", str(pid)))


def test_systemd_finds_no_fault_in_them(tmp_path: Path) -> None:
    assert len(UNITS) == 5
    for path in UNITS:
        (tmp_path / path.name).write_text(path.read_text().replace(THERE, str(PROJECT)))
    command = ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

    # All write with the same care.
    hardened = [
        {key: value for key, value in Unit(path.name)["Service"].items() if key not in OWN}
        for path in UNITS
        if path.suffix == ".service"
    ]
    assert hardened[0]["ProtectSystem"] == "strict"
    assert hardened[0]["UMask"] == "0077"
    assert hardened[0] == hardened[1] == hardened[2]
    # Backups go where they may write.
    (folder,) = re.findall("^BACKUPS=(.*)", EXAMPLE.read_text(), re.MULTILINE)
    assert hardened[0]["ReadWritePaths"] == f"-{folder}"


def test_what_they_start_serves_reloads_and_ends(tmp_path: Path) -> None:
    site = install(tmp_path / "var")
    port = free_port()
    env_file = tmp_path / "production.env"
    env_file.write_text(TEST_ENV.read_text())
    environment = {
        **site.environment,
        "ENV_FILE": str(env_file),
        "BIND": f"127.0.0.1:{port}",
        "KEYS_CHECKED": "yes",
    }
    web, worker = Unit("clinic-web.service"), Unit("clinic-worker.service")
    with site.log.open("ab") as log:
        running = [
            subprocess.Popen(
                unit.command("ExecStart"), cwd=PROJECT, env=environment, stdout=log, stderr=log
            )
            for unit in (web, worker)
        ]
    try:
        nurse = Visitor(f"http://localhost:{port}")
        until(lambda: is_up(nurse.address), "the web server is not up")
        until(lambda: bool(site.sql("SELECT at FROM clinic_site_workerbeat")), "no worker is there")

        # A reload stops nobody: at each moment somebody answers.
        before = children(running[0].pid)
        subprocess.run(web.command("ExecReload", running[0].pid), check=True)

        def is_new() -> bool:
            assert nurse.get("/healthz").status == 200
            return children(running[0].pid).isdisjoint(before)

        until(is_new, "the old processes are still there")

        # With a wrong setting, nothing changes, and the log says which; mended, it counts.
        before = children(running[0].pid)
        for times, (wrong, said) in enumerate(WRONG.items(), start=1):
            env_file.write_text(f"{TEST_ENV.read_text()}{wrong}\n")
            subprocess.run(web.command("ExecReload", running[0].pid), check=True)
            until(
                lambda times=times: site.log.read_text().count("Not reloaded.") == times,
                f"a reload with {wrong} is not refused",
            )
            assert said in site.log.read_text()
            assert children(running[0].pid) == before
        env_file.write_text(f"{TEST_ENV.read_text()}WEB_CONCURRENCY=3\nBIND=127.0.0.1:1\n")
        subprocess.run(web.command("ExecReload", running[0].pid), check=True)
        until(is_new, "the old processes are still there")
        assert len(children(running[0].pid)) == 3

        backups = tmp_path / "backups"
        subprocess.run(
            Unit("clinic-backup.service").command("ExecStart"),
            cwd=PROJECT,
            env={**environment, "BACKUPS": str(backups)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        assert len(list(backups.iterdir())) == 1
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
    assert [process.wait(timeout=40) for process in running] == [0, 0]


def children(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
