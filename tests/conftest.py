"""What tests share: the running site, a visitor without a browser, and a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import RequestFactory
from playwright.sync_api import Browser, Page, Playwright, Request, expect, sync_playwright

from clinic_site.clinic import Remembered
from tests.browser.journeys import State, show
from tests.environment import POSTGRESQL
from tests.running import (
    Site,
    Visitor,
    free_port,
    launch_chromium,
    start_site,
    started_before,
    stop_site,
)

# The faults that are tried are those of the database under test.
collect_ignore_glob = [f"faults/test_{'sqlite' if POSTGRESQL else 'postgresql'}_*.py"]
# A client of Django's would else look at all static files before its first question.
settings.WHITENOISE_AUTOREFRESH = True
# Other stories run beside those in browsers.
expect.set_options(timeout=10_000)


def _at_site_url(client: Any, **request: Any) -> dict[str, Any]:
    return _environ(client, **{"SERVER_NAME": "localhost", **client.defaults, **request})


# Under Django's own name for it the admin would lead each client to SITE_URL.
_factory: Any = RequestFactory
_environ, _factory._base_environ = _factory._base_environ, _at_site_url


def _site(var: Path) -> Iterator[Site]:
    site = start_site(var, started_before(var), free_port())
    yield site
    stop_site(site)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole site with the shipped content, on real gunicorn and the database under test."""
    yield from _site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def changed_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Another such site, for stories that leave other content behind."""
    yield from _site(tmp_path_factory.mktemp("changed"))


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """Someone who asks the running site for pages over HTTP."""
    return Visitor(site.address)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives Chromium."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A real Chromium."""
    with launch_chromium(playwright) as browser:
        yield browser


@pytest.fixture(scope="session")
def _phone(chromium: Browser, site: Site) -> Page:
    """A page in a phone's browser: a new one would take longer than most stories do with it."""
    page = chromium.new_context(base_url=site.address, has_touch=True).new_page()
    page.set_default_timeout(10_000)
    return page


@pytest.fixture
def phone_page(_phone: Page, site: Site) -> Iterator[Page]:
    """A page in a phone's browser, which loads nothing that is not the site's own."""
    elsewhere: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(site.address):
            elsewhere.append(request.url)

    _phone.context.set_extra_http_headers({})
    show(_phone, State())
    _phone.on("request", note)
    yield _phone
    _phone.remove_listener("request", note)
    assert _phone.context.cookies() == []
    assert elsewhere == []


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> None:
    """The hashed static files, for tests that render pages without a server."""
    call_command("collectstatic", verbosity=0, interactive=False)


@pytest.fixture(autouse=True)
def _forget_the_clinic(settings) -> None:
    """What the site remembers of the database ends with each test, and /readyz looks each time."""
    settings.READINESS_LOOK_EVERY = 0
    for remembered in Remembered.everything:
        remembered.forget()
