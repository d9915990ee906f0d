"""The whole site as `make run` starts it, for tests, benchmarks and screenshots."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.environment import new_database

PROJECT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Site:
    """The site as `make run` started it, for one test run."""

    address: str
    var: Path
    environment: dict[str, str]
    password: str
    seconds_to_start: float
    process: subprocess.Popen

    def manage(self, *command: str) -> str:
        """Run a command of manage.py against this site's database; return what it printed."""
        environment = {
            **self.environment,
            "ENV_FILE": str(self.var / "local.env"),
            "SITE_URL": self.address,
            "CLINIC_TIME_ZONE": "America/Chicago",
        }
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def local_environment(var: Path) -> dict[str, str]:
    """Return the environment of a person's shell, and an empty database."""
    names = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"}
    kept = {key: value for key, value in os.environ.items() if key in names}
    return {**kept, "VAR": str(var), **new_database()}


def start_site(var: Path, environment: dict[str, str], port: int) -> Site:
    """Start the site as `make run` does, and wait until it says that it is up."""
    log = var.parent / f"{var.name}.log"
    started = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "deploy/run_local.py"],
            cwd=PROJECT,
            env={**environment, "PORT": str(port)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    while "Ctrl-C stops it." not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() - started < 60, log.read_text()
        time.sleep(0.05)
    password = re.search(r"one-time password (\S+)", log.read_text())
    return Site(
        address=f"http://127.0.0.1:{port}",
        var=var,
        environment=environment,
        password=password[1] if password else "",
        seconds_to_start=time.monotonic() - started,
        process=process,
    )


def stop_site(site: Site) -> int:
    """Stop it as Ctrl-C does; return its exit code."""
    site.process.send_signal(signal.SIGINT)
    return site.process.wait(timeout=40)


def find_chromium() -> str | None:
    """Return the path of the Chromium on the PATH; None where Playwright is to use its own."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def is_up(address: str) -> bool:
    """Whether something answers there."""
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        direct.open(address + "/healthz", timeout=2).close()
    except OSError:
        return False
    return True
