"""Whoever edits what has no drafts loses no word on the way to a preview, away, or back."""

import pytest
from playwright.sync_api import Browser, Dialog, expect

from tests.browser.test_accessibility import assert_accessible, by_turns, open_page
from tests.running import Site

pytestmark = pytest.mark.on_postgresql

WORDS = "We keep what you tell us to ourselves."


def test_a_preview_opens_beside_the_form_and_leaving_it_asks(chromium: Browser, site: Site) -> None:
    page = open_page(chromium, site)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    site.sign_in_as(page.context, "editor", "manager", name="careful")
    page.goto("/admin/clinic_site/notice/add/")
    page.get_by_label("Title").fill("What we keep")
    page.locator("#id_body").fill(WORDS)

    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Preview the page").click()
    expect(opened.value.get_by_text(WORDS)).to_be_visible()
    expect(opened.value.get_by_text("nothing is saved yet")).to_be_visible()
    opened.value.close()
    assert asked == []

    with page.expect_event("dialog"):
        page.evaluate("location.reload()")
    assert asked == ["beforeunload"]
    expect(page.locator("#id_body")).to_have_value(WORDS)

    page.get_by_label("Address").fill("what-we-keep")
    page.get_by_label("Title").fill("")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Title", exact=True).click()
    expect(page.get_by_label("Title")).to_be_focused()
    assert_accessible(page, by_turns(1))
    page.get_by_label("Title").fill("What we keep")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    page.go_back()
    expect(page.locator("#id_body")).to_have_value(WORDS)
    assert len(asked) == 1

    users = page.context.new_page()
    users.on("dialog", stay)
    users.goto("/admin/clinic_site/user/add/")
    users.get_by_label("Username").fill("new")
    with users.expect_event("dialog"):
        users.evaluate("location.reload()")
    expect(users.get_by_label("Username")).to_have_value("new")
    page.context.close()
