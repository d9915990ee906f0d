"""The whole site as `make run` starts it, and someone who reads it without a browser and a cookie."""

import contextlib
import functools
import html
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from email.message import Message
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import html5lib
from django.core import signing
from playwright.sync_api import Browser, BrowserContext, Playwright

from tests.commands import PROJECT, Running, at_hand, manage, start

TEST_ENV = PROJECT / "tests" / "test.env"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HEADLESS = "chromium-headless-shell"  # the same engine, in half the time


@dataclass
class Site:
    """The site as `make run` started it, for one test run."""

    address: str
    var: Path
    environment: dict[str, str]
    invitation: str
    process: subprocess.Popen

    def manage(self, *command: str) -> str:
        """Run a command of manage.py against this site's database; return what it printed."""
        environment = {
            **self.environment,
            "ENV_FILE": str(self.var / "local.env"),
            "SITE_URL": self.address,
            "CLINIC_TIME_ZONE": "America/Chicago",
        }
        done = at_hand(*command, environment=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, code: str) -> str:
        """Run Python with this site's settings and the model as R; return what it printed."""
        start = "from appointments.models import AppointmentRequest as R;"
        return self.manage("shell", "--verbosity=0", "-c", start + code).strip()

    def sign_in_as(self, context: BrowserContext, *roles: str, name: str = "") -> None:
        """Have someone with these roles signed in, in this browser, as if by the sign-in page."""
        context.add_cookies([{**self.cookie_of(name, *roles), "url": self.address}])

    def cookie_of(self, name: str, *roles: str) -> Any:
        """The name and value of the cookie of somebody who is signed in."""
        given = [name, *map(str, roles)]
        return json.loads(
            self.shell(f"from tests.make import cookie_of; print(cookie_of(*{given}))")
        )

    def requests(self) -> int:
        """Return how many requests are stored now."""
        count = "SELECT count(*) FROM appointments_appointmentrequest"
        return int(run_sql(self.environment, count)[0][0])

    def attempt(self) -> str:
        """Return an attempt as the form gives it out, signed with this site's key."""
        key = re.search(r"^SECRET_KEY=(.+)$", (self.var / "local.env").read_text(), re.MULTILINE)
        assert key
        return make_attempt(key=key[1])


@dataclass
class Installation:
    """The site's database and commands without a web server, for workers and commands."""

    environment: dict[str, str]
    log: Path

    def manage(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py to its end, whatever its exit code."""
        return manage(*command, environment={**self.environment, **environment})

    def start(self, *command: str, **environment: str) -> Running:
        """Start a command of manage.py; what it says goes to the log."""
        return start(*command, environment={**self.environment, **environment}, stdout=self.log)

    def shell(self, code: str) -> str:
        """Run Python code with the models; return what it printed."""
        done = at_hand("shell", "--verbosity=0", "-c", code, environment=self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def sql(self, statement: str) -> list[tuple]:
        """Run one SQL statement against its database, at once; return the rows."""
        return run_sql(self.environment, statement)


def run_sql(environment: dict[str, str], statement: str) -> list[tuple]:
    """Run one SQL statement against the database of an environment, at once; return the rows."""
    if "DATABASE_URL" in environment:
        import psycopg

        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database:
            cursor = database.execute(statement)
            return cursor.fetchall() if cursor.description else []
    path = Path(environment["VAR"]) / "db.sqlite3"
    with contextlib.closing(sqlite3.connect(path, timeout=20)) as lite, lite:
        return lite.execute(statement).fetchall()


def install(var: Path, **environment: str) -> Installation:
    """Make what a site needs to start: tables, the shipped content, an account, static files."""
    keys = {"ENV_FILE": str(TEST_ENV)}
    if "DATABASE_URL" in environment:  # one of the test's own
        var.mkdir(parents=True, exist_ok=True)
        environment = {**local_environment(var), **keys, **environment}
        prepare(environment)
    else:
        environment = {**started_before(var), **keys, **environment}
    return Installation(environment, var.parent / f"{var.name}.log")


def prepare(environment: dict[str, str]) -> None:
    """Do what is done before each start, in an environment with keys."""
    command = [sys.executable, "-m", "deploy.prepare"]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, capture_output=True)


def started_before(var: Path) -> dict[str, str]:
    """Return `local_environment`, with the state of a site that was started there before.

    It is made once and copied, as the tables and the content take seconds.
    """
    shutil.copytree(_first()["VAR"], var, dirs_exist_ok=True)
    return local_environment(var, like=_first())


@functools.cache
def _first() -> dict[str, str]:
    from tests.environment import VAR

    var = VAR / "started before"
    var.mkdir()
    shutil.copy(TEST_ENV, var / "local.env")
    environment = local_environment(var)
    prepare({**environment, "ENV_FILE": str(var / "local.env")})
    return environment


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def local_environment(var: Path, like: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a person's shell, and a database: an empty one, or one `like`."""
    names = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"}
    kept = {key: value for key, value in os.environ.items() if key in names}
    # Only a story about the limits should meet them; and by X-Forwarded-For it can be someone else.
    limits = {"REQUESTS_AN_HOUR_OF_ONE_SENDER": "99999", "REQUESTS_AN_HOUR": "99999"}
    proxies = {"TRUSTED_PROXIES": "127.0.0.1/32"}
    from tests.environment import new_database  # only here: it changes this process's environment

    return {**kept, **limits, **proxies, "VAR": str(var), **new_database(like)}


def start_site(var: Path, environment: dict[str, str], port: int) -> Site:
    """Start the site as `make run` does, and wait until it says that it is up."""
    log = var.parent / f"{var.name}.log"
    started = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.run_local"],
            cwd=PROJECT,
            env={**environment, "PORT": str(port)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    while "Ctrl-C stops it." not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() - started < 60, log.read_text()
        time.sleep(0.05)
    invitation = re.search(r"http\S+/admin/invitation/\S+", log.read_text())
    return Site(
        address=f"http://localhost:{port}",
        var=var,
        environment=environment,
        invitation=invitation[0] if invitation else "",
        process=process,
    )


def stop_site(site: Site) -> int:
    """Stop it as Ctrl-C does; return its exit code."""
    site.process.send_signal(signal.SIGINT)
    return site.process.wait(timeout=40)


def launch_chromium(playwright: Playwright, *, whole: bool = False, **options: Any) -> Browser:
    """Start a Chromium that asks for nothing by itself; its engine alone unless the `whole`."""
    names = BROWSERS if whole else (HEADLESS, *BROWSERS)
    found = next(filter(None, map(shutil.which, names)), None)  # without, it is Playwright's own
    return playwright.chromium.launch(
        executable_path=found,
        args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        **options,
    )


def is_up(address: str) -> bool:
    """Whether something answers there."""
    line = http.client.HTTPConnection(urlsplit(address).netloc, timeout=2)
    try:
        line.request("GET", "/healthz")
        line.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
    return True


@dataclass
class Answer:
    """What the site answered."""

    url: str
    status: int
    headers: Message
    text: str

    @property
    def words(self) -> str:
        """The page's text as a reader sees it, on one line."""
        body = re.sub(r"(?s)<head>.*?</head>", " ", self.text)
        # A source's number is no part of the sentence.
        body = re.sub(r"(?s)<sup.*?</sup>", "", body)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def assert_valid_html(self) -> None:
        """Fail with html5lib's own words where the page is not valid."""
        html5lib.HTMLParser(strict=True).parse(self.text)

    def links(self) -> list[str]:
        """Every address in an href or src."""
        return [html.unescape(url) for url in re.findall(r'(?:href|src)="([^"]*)"', self.text)]

    def value_of(self, name: str) -> str:
        """The value of a form's input."""
        found = re.search(rf'<input[^>]*name="{name}"[^>]*>', self.text)
        assert found, name
        value = re.search(r'value="([^"]*)"', found[0])
        return html.unescape(value[1]) if value else ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


@dataclass
class Visitor:
    """Asks for pages of the site at `address`; redirects are shown, not followed."""

    address: str

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask(path, None, headers)

    def post(self, path: str, data: dict[str, object] | bytes, **headers: str) -> Answer:
        if isinstance(data, dict):
            data = urllib.parse.urlencode(data, doseq=True).encode()
        return self._ask(path, data, headers)

    def _ask(self, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        request = urllib.request.Request(
            urllib.parse.urljoin(self.address, path),
            data=data,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        try:
            response = OPENER.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            body = response.read()
        return Answer(
            request.full_url, response.status, response.headers, body.decode("utf-8", "replace")
        )


@dataclass
class Person(Visitor):
    """Someone whose browser keeps cookies, and who sends forms from the pages they stand on."""

    cookies: dict[str, str] = field(default_factory=dict)

    def _ask(self, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = super()._ask(path, data, {"Cookie": cookie, "Origin": self.address, **headers})
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies |= {name: each.value for name, each in SimpleCookie(line).items()}
        return answer

    def send(self, path: str, at: str = "", **values: object) -> Answer:
        """Open the page `at`, or the form's own, then send the form."""
        token = self.get(at or path).value_of("csrfmiddlewaretoken")
        return self.post(path, {"csrfmiddlewaretoken": token, **values})


def make_attempt(key: str | None = None) -> str:
    """A fresh attempt; signed with `key`, else the settings'."""
    return signing.Signer(key=key, salt="appointments.attempt").sign(uuid.uuid4().hex)
