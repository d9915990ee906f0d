"""Whatever the screen, zoomed to 400% or with text twice as large, a page is read by scrolling down.

And on a phone no button stands twice.
"""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.journeys import State, show
from tests.browser.test_accessibility import open_page
from tests.generated import SOAK
from tests.running import Site
from tests.test_every_page import SAMPLE

ZOOMED = State(width=320, height=256)  # 1280 by 1024 at 400%
LARGE_TEXT = State(text=200)
WIDTHS = [State(width=width) for width in (320, 360, 768, 1280, 1920)]

# The share of the screen's height that stays where it is while the page scrolls.
STAYING = """() => [...document.querySelectorAll("body *")]
  .filter(each => ["fixed", "sticky"].includes(getComputedStyle(each).position))
  .map(each => each.getBoundingClientRect())
  .map(box => Math.max(0, Math.min(box.bottom, innerHeight) - Math.max(box.top, 0)))
  .reduce((sum, height) => sum + height, 0) / innerHeight"""


def assert_fits(page: Page, *more: State) -> None:
    for state in (*more, LARGE_TEXT, ZOOMED):
        show(page, state)
        # Nothing scrolls sideways (WCAG 1.4.10, 1.4.4),
        assert page.evaluate("document.documentElement.scrollWidth") <= state.width, state
    # and most of a low screen is left for the page.
    page.mouse.wheel(0, 300)
    assert page.evaluate(STAYING) <= 0.26


@pytest.mark.parametrize("path", [*SAMPLE[:: 1 if SOAK else 2], "/no-such-page/"])
def test_a_page_fits_and_offers_nothing_twice(phone_page: Page, path: str) -> None:
    phone_page.goto(path)

    shown = [each.inner_text() for each in phone_page.locator(".button:visible").all()]
    words = [" ".join(text.split()) for text in shown]
    assert words
    assert len(words) == len(set(words)), words
    assert_fits(phone_page, *WIDTHS)


def test_the_form_with_errors_and_the_confirmation_fit(phone_page: Page) -> None:
    phone_page.goto("/appointments/request/")
    send = phone_page.get_by_role("button", name="Send the request")
    send.click()
    expect(phone_page.get_by_role("alert")).to_be_visible()
    assert_fits(phone_page)

    phone_page.get_by_label("An appointment").check()
    phone_page.get_by_label("Patient's full name").fill("Small Screen")
    phone_page.get_by_label("Phone number").fill("605-555-0142")
    send.click()
    expect(phone_page.get_by_role("heading", level=1)).to_have_text("We have your request")
    assert_fits(phone_page)


def test_staff_scroll_nothing_sideways_for_a_long_word(chromium: Browser, site: Site) -> None:
    page = open_page(chromium, site)
    show(page, State(width=360))
    site.sign_in_as(page.context, "editor", "manager", name="W" * 100)
    for path in ("conditions/condition/5/revisions/1/", "clinic_site/clinic/1/change/"):
        page.goto(f"/admin/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    row = page.locator(".form-row.field-weekday:visible").first
    assert row.evaluate("each => each.scrollWidth <= each.clientWidth")
    page.context.close()
