"""Who types for long is warned before the session ends, can stay, and loses nothing if it ends."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from clinic_site.access.roles import Role
from tests.browser.test_accessibility import assert_accessible, by_turns, open_page
from tests.running import Site

WARNED = "Are you still there?"
EMERGENCY = "/admin/conditions/condition/5/change/#section-emergency"
TYPED = "A doctor fills the bone with cement.\n\nIt takes <an hour> & no more."
PASS = """
from django.contrib.sessions.models import Session
from clinic_site.access.models import User
from clinic_site.access.sessions import SessionStore
user = str(User.objects.get(username="typist").pk)
for row in Session.objects.all():
    data = row.get_decoded()
    if data.get("_auth_user_id") == user:
        data["seen_at"] -= {minutes} * 60
        row.session_data = SessionStore().encode(data)
        row.save()
"""


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    page = open_page(chromium, site)
    page.clock.install()
    site.sign_in_as(page.context, Role.EDITOR, name="typist")
    yield page
    page.context.close()


def wait(page: Page, site: Site, minutes: int) -> None:
    """Do nothing for so long: for the site, and for the page's own clock."""
    site.shell(PASS.format(minutes=minutes))
    page.clock.fast_forward(minutes * 60_000)


def test_whoever_is_still_there_stays_signed_in(page: Page, site: Site) -> None:
    page.goto(EMERGENCY)
    body = page.locator("#field-section-emergency-body")
    body.focus()
    wait(page, site, 27)
    expect(page.get_by_text(WARNED)).to_be_hidden()

    wait(page, site, 2)
    expect(page.get_by_role("alert").filter(has_text=WARNED)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("within 2 minutes, at")
    expect(body).to_be_focused()
    assert_accessible(page, by_turns(0))

    with page.expect_response(lambda told: told.request.method == "GET"):  # it has looked again
        page.get_by_role("button", name="Stay signed in").click()
    expect(page.get_by_text(WARNED)).to_be_hidden()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    wait(page, site, 29)
    expect(page.get_by_text(WARNED)).to_be_visible()
    assert (
        len([each for each in asked if "still-here" in each]) == 1
    )  # once, though there was a warning before
    with page.expect_response("**/still-here/"):  # going on is an answer, too
        body.press("End")
    expect(page.get_by_text(WARNED)).to_be_hidden()
    wait(page, site, 20)
    page.reload()
    expect(page.get_by_role("heading", name="Spinal compression fractures")).to_be_visible()


def test_what_was_typed_is_there_after_the_end_and_the_sign_in(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(EMERGENCY)
    page.locator("#field-section-emergency-body").fill(TYPED)

    wait(page, site, 31)
    expect(page.get_by_role("alert")).to_contain_text("You are signed out.")
    expect(page.get_by_role("button", name="Stay signed in")).to_be_hidden()
    page.get_by_role("button", name="Save").click()

    expect(page).to_have_url(re.compile(r"/admin/login/\?next=/admin/kept/"))
    expect(page.get_by_text("It is kept for an hour: sign in, and it comes back.")).to_be_visible()
    assert_accessible(page, by_turns(1))
    site.sign_in_as(page.context, Role.EDITOR, name="typist")
    page.goto("/admin/kept/")
    expect(page.get_by_role("heading", name="What you sent is still here")).to_be_visible()
    expect(page.get_by_text("It takes <an hour> & no more.")).to_be_visible()
    assert_accessible(page, by_turns(2))

    page.get_by_role("button", name="Send it now").click()

    expect(page.get_by_text("Saved as a draft.")).to_be_visible()
    expect(page.locator("#field-section-emergency-body")).to_have_value(TYPED)
