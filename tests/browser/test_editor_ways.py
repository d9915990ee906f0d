"""Further ways in which words get lost elsewhere: an old token, Discard, and no script at all."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from clinic_site.access.roles import Role
from tests.running import Site

TESTS = "#field-section-diagnosis-body"
WORDS = "We look at <pictures> & more.\n\nThen we talk."


def editor_of(browser: Browser, site: Site, *, script: bool) -> Page:
    """The editor of the condition's page, with one section in hand."""
    context = browser.new_context(
        base_url=site.address, java_script_enabled=script, viewport={"width": 1100, "height": 800}
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    sign_in(site, context)
    page.goto("/admin/")
    page.get_by_role("link", name="Spinal compression fractures", exact=True).first.click()
    page.get_by_role("navigation", name="Contents").get_by_role(
        "link", name="How we find it"
    ).click()
    return page


def sign_in(site: Site, context: BrowserContext) -> None:
    site.sign_in_as(context, Role.EDITOR, name="careless")


# What happens without one, the stories over HTTP tell as well.
@pytest.fixture(
    params=[True, pytest.param(False, marks=pytest.mark.soak)],
    ids=["with a script", "without a script"],
)
def page(request, chromium: Browser, changed_site: Site) -> Iterator[Page]:
    page = editor_of(chromium, changed_site, script=request.param)
    yield page
    page.context.close()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_preview_back_and_reload_keep_the_words(page: Page) -> None:
    page.locator(TESTS).fill(WORDS)
    press(page, "Preview")
    expect(page.get_by_text("Then we talk.")).to_be_visible()
    page.get_by_role("link", name="Back to editing").first.click()
    expect(page.locator(TESTS)).to_have_value(WORDS)
    page.reload()
    expect(page.locator(TESTS)).to_have_value(WORDS)


def test_an_old_token_keeps_the_words(page: Page) -> None:
    words = f"{page.locator(TESTS).input_value()} Soon."
    page.locator(TESTS).fill(words)
    page.context.clear_cookies(name="clinic_csrf")
    press(page, "Save")
    kept = page.get_by_role("heading", name="What you sent is still here")
    saved = page.get_by_text("Saved as a draft.")
    expect(kept.or_(saved).first).to_be_visible()
    if kept.is_visible():
        press(page, "Send it now")
    expect(saved).to_be_visible()
    expect(page.locator(TESTS)).to_have_value(words)


def test_a_session_that_ended_keeps_the_words(page: Page, changed_site: Site) -> None:
    words = f"{page.locator(TESTS).input_value()} Later."
    page.locator(TESTS).fill(words)
    page.context.clear_cookies(name="clinic_session")
    press(page, "Save")
    expect(page.get_by_text("It is kept for an hour: sign in, and it comes back.")).to_be_visible()
    sign_in(changed_site, page.context)
    page.goto("/admin/kept/")
    press(page, "Send it now")
    expect(page.get_by_text("Saved as a draft.")).to_be_visible()
    expect(page.locator(TESTS)).to_have_value(words)


def test_discard_asks_and_can_be_undone(page: Page) -> None:
    before = page.locator(TESTS).input_value()
    page.locator(TESTS).fill(f"{before} Never.")
    press(page, "Preview")
    page.get_by_role("link", name="Back to editing").first.click()

    page.get_by_role("link", name="Discard", exact=True).click()
    expect(page.locator("del").filter(has_text="Never").first).to_be_visible()
    press(page, "Discard what I typed")
    expect(page.locator(TESTS)).to_have_value(before)
    page.get_by_role("link", name="Undo", exact=True).click()
    press(page, "Take it back")

    expect(page.locator(TESTS)).to_have_value(f"{before} Never.")
