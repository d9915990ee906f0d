"""What tests share: the running site, a visitor without a browser, and a real browser."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page, sync_playwright

from clinic_site.clinic import Remembered
from tests.environment import new_database
from tests.visitor import Visitor

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


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole site with the shipped content, on real gunicorn and the database under test."""
    var = tmp_path_factory.mktemp("site")
    site = start_site(var, local_environment(var), free_port())
    yield site
    stop_site(site)


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """Someone who asks the running site for pages over HTTP."""
    return Visitor(site.address)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium: the one on the PATH, else Playwright's own."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture
def phone_page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page in a phone's browser, which loads nothing that is not the site's own."""
    context = chromium.new_context(
        base_url=site.address, viewport={"width": 360, "height": 740}, has_touch=True
    )
    elsewhere: list[str] = []
    context.on(
        "request",
        lambda request: (
            elsewhere.append(request.url) if not request.url.startswith(site.address) else None
        ),
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()
    assert elsewhere == []


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> None:
    """The hashed static files, for tests that render pages without a server."""
    call_command("collectstatic", verbosity=0, interactive=False)


@pytest.fixture(autouse=True)
def _forget_the_clinic() -> None:
    """What the site remembers of the database ends with each test."""
    for remembered in Remembered.everything:
        remembered.forget()


def is_up(address: str) -> bool:
    """Whether something answers there."""
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        direct.open(address + "/healthz", timeout=2).close()
    except OSError:
        return False
    return True
