"""Pages are there at once: fetched ahead by a finger or a pointer on the link, and kept for Back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.generated import SOAK
from tests.running import Site, launch_chromium

CONDITION = "/conditions/spinal-compression-fractures/"
EACH_KIND = [CONDITION, "/", "/conditions/", "/treatments/kyphoplasty/", "/physicians/"]
EACH_KIND += ["/contact/", "/notices/privacy/", "/search/?q=bone", "/appointments/request/"]
EACH_KIND = EACH_KIND[:: 1 if SOAK else 2]
NOTE_BACK = "addEventListener('pageshow', event => document.title = `kept: ${event.persisted}`)"
HOW = "performance.getEntriesByType('navigation')[0].deliveryType"


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium that keeps pages for Back, as people have it; Playwright would turn that off."""
    with launch_chromium(
        playwright, whole=True, ignore_default_args=["--disable-back-forward-cache"]
    ) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    page = browser.new_page(base_url=site.address)
    yield page
    page.close()


def test_back_shows_each_public_page_as_it_was_left(page: Page) -> None:
    for path in EACH_KIND:
        page.goto(path)
        page.evaluate(NOTE_BACK)
        page.goto("/robots.txt")
        page.evaluate("setTimeout(() => history.back())")
        page.wait_for_function("document.title.startsWith('kept')")
        assert page.title() == "kept: true", path


def test_a_page_comes_before_its_link_is_clicked_and_a_form_does_not(page: Page) -> None:
    tool = page.context.new_cdp_session(page)
    ready: list[str] = []

    def note(told: dict[str, str]) -> None:
        if told["status"] == "Ready":
            ready.append(told["prefetchUrl"])

    tool.on("Preload.prefetchStatusUpdated", note)
    tool.send("Preload.enable")
    page.goto("/")

    page.get_by_role("link", name="Ask for an appointment").first.hover()
    page.wait_for_timeout(600)
    link = page.locator(f'main a[href="{CONDITION}"]').first
    link.hover()
    for _step in range(200):
        page.wait_for_timeout(50)
        if any(CONDITION in each for each in ready):
            break
    link.click()
    page.wait_for_url(f"**{CONDITION}")

    assert page.evaluate(HOW) == "navigational-prefetch"
    assert not [each for each in ready if "/appointments/" in each]
