"""Schedulers work through what waits by the keyboard alone, and lose nothing of what they type."""

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.test_accessibility import assert_accessible, by_turns, open_page
from tests.browser.test_keyboard import land
from tests.generated import SOAK
from tests.running import Site

REQUESTS = 40 if SOAK else 3
QUEUE = "/admin/appointments/appointmentrequest/"
# The oldest that wait, so that they are the next ones.
MAKE = """
import datetime as dt
from tests.make import make_request
at = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
rows = [make_request(received_at=at + dt.timedelta(days=n), message="It hurts.") for n in range({})]
print(*(row.pk for row in rows))
"""


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    page = open_page(chromium, site)
    page.set_viewport_size({"width": 1280, "height": 800})
    site.sign_in_as(page.context, "scheduler", name="dana")
    yield page
    page.context.close()


def test_what_waits_is_worked_by_keyboard_with_one_load_a_request(page: Page, site: Site) -> None:
    pks = [int(pk) for pk in site.shell(MAKE.format(REQUESTS)).split()]
    loads: list[str] = []
    page.goto(QUEUE)
    page.on("load", lambda shown: loads.append(shown.url))
    page.get_by_role("link", name=re.compile("^VIS-")).first.press("Enter")

    for pk in pks:
        expect(page).to_have_url(re.compile(rf"/{pk}/change/\?tab=waiting#asked$"))
        land(page)
        for key in ("Tab", "Enter", "ArrowDown", "ArrowDown"):
            page.keyboard.press(key)
        expect(page.get_by_label("No answer")).to_be_checked()
        page.keyboard.press("Tab")
        page.keyboard.type("Rang out.")
        for key in ("Tab", "ArrowDown"):
            page.keyboard.press(key)
        expect(page.get_by_label("Set it aside until a day")).to_be_checked()
        with page.expect_navigation():
            page.keyboard.press("Enter")

    assert len(loads) == len(pks) + 1  # each, and what is next
    until = site.shell(f"print({{str(r.set_aside_until) for r in R.objects.filter(pk__in={pks})}})")
    assert re.fullmatch(r"\{'\d{4}-\d\d-\d\d'\}", until)
    assert site.shell(f"print(sum(r.notes.count() for r in R.objects.filter(pk__in={pks})))") == (
        f"{len(pks) * 2}"
    )


def test_the_form_on_a_phone_shows_what_a_step_needs_and_what_is_wrong(
    page: Page, site: Site
) -> None:
    (pk,) = site.shell(MAKE.format(1)).split()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{QUEUE}{pk}/change/")
    expect(page.get_by_label("Place")).to_be_hidden()
    page.get_by_role("link", name="Call, note, next step").click()
    page.get_by_label("Schedule a visit").check()
    page.get_by_label("Place").fill("Room 2")
    page.get_by_label("Note").fill("She prefers noon.")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    def leave() -> None:
        page.once("dialog", stay)
        page.get_by_role("link", name="Home").click()

    leave()
    assert asked == ["beforeunload"]

    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Enter the day of the visit.")).to_be_visible()
    page.wait_for_load_state()  # with the script
    leave()  # with what a refused page shows again
    assert len(asked) == 2
    expect(page.get_by_label("Place")).to_have_value("Room 2")
    assert_accessible(page, by_turns(3))
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("Day", exact=True).fill(
        f"{dt.datetime.now(dt.UTC).date() + dt.timedelta(days=9)}"
    )
    page.get_by_label("Time", exact=True).fill("09:30")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The visit is set.")).to_be_visible()
    expect(page.get_by_text("She prefers noon.")).to_be_visible()
