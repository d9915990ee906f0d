"""The staff guide's chapters on requests, followed word for word."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from clinic_site.access.roles import Role
from tests.browser.guide import Guide, chapters
from tests.browser.test_keyboard import land
from tests.running import Site

# Older than any other request here, so that they stand first; the first one is the oldest.
MAKE = """
import datetime as dt
from tests.make import make_request
for n in range(3):
    received_at = dt.datetime(2019, 1, 1 + n, tzinfo=dt.UTC)
    make_request(received_at=received_at, patient_name=f"Early Patient {n}")
make_request(status="quarantined", suspicion="sender", patient_name="Sell Sellers")
"""


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A scheduler's browser."""
    context = chromium.new_context(
        base_url=site.address, viewport={"width": 1280, "height": 800}, color_scheme="light"
    )
    context.set_default_timeout(10_000)
    site.sign_in_as(context, Role.SCHEDULER, name="dana")
    yield context.new_page()
    context.close()


def test_the_guide_on_requests_does_what_it_says(page: Page, site: Site) -> None:
    site.shell(MAKE)
    guide = Guide(page)
    page.goto("/admin/")

    guide.open("Call a patient")
    guide.step("Click **Requests**, then the reference of the first one.")
    guide.click("link", "Requests")
    page.get_by_role("link", name=re.compile("^VIS-")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Early Patient 0")
    guide.step(
        "Call the number. Beside it stand whom to ask for, whether a voicemail is fine, and the "
        "language of an interpreter."
    )
    expect(page.locator(".call")).to_contain_text("no voicemail")
    guide.step("Choose how the call went, such as **No answer**.")
    keys = "By keyboard: Tab, Enter, twice the arrow down lead to **No answer**"
    assert keys in chapters()["Call a patient"]
    land(page)
    for key in ("Tab", "Enter", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.get_by_label("No answer")).to_be_checked()
    guide.step(
        "Under **Next**, choose **Set it aside until a day**: the next open day, unless you change it."
    )
    page.get_by_label("Set it aside until a day").check()
    guide.step("Click **Save and next**.")
    first = page.url
    guide.click("button", "Save and next")
    expect(page.get_by_role("heading", level=1)).to_have_text("Early Patient 1")

    guide.open("Schedule a visit")
    guide.step(
        "Open a request, choose **Spoke with them**, and under **Next** choose "
        "**Schedule a visit**."
    )
    page.get_by_label("Spoke with them").check()
    page.get_by_label("Schedule a visit").check()
    guide.step(
        "Enter day, time, length and place, and read below them whether the patient is told by mail."
    )
    today = site.shell("from django.utils import timezone; print(timezone.localdate())")
    page.get_by_label("Day", exact=True).fill(today)
    page.get_by_label("Time").fill("23:59")
    guide.step("Click **Save**.")
    guide.click("button", "Save")
    guide.step(
        "If the page says what speaks against that time, change it, or click "
        "**Schedule it anyway**."
    )
    guide.is_told("This visit is today: tell the patient by phone.")
    guide.click("button", "Schedule it anyway")
    guide.is_told("The visit is set.")

    guide.open("Take back what you did")
    guide.step("Within ten minutes of closing a request or setting it aside, open it again.")
    page.goto(first)
    guide.step("Click **Undo** with what you did.")
    guide.click("button", "Undo", exact=False)
    guide.is_told("Undone.")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)

    guide.open("Take a request by phone")
    guide.step("Click **Requests**, then **Enter a request taken by phone**.")
    guide.click("link", "Requests")
    guide.click("link", "Enter a request taken by phone")
    guide.step("Type the number. Requests that came from it lately show below it.")
    page.get_by_label("Caller’s phone").press_sequentially("605-555-0142")
    expect(page.get_by_role("link", name=re.compile("^VIS-")).first).to_be_visible()
    guide.step("Fill in the name and what they would like, and click **Enter the request**.")
    page.get_by_label("Patient’s full name").fill("Carol Caller")
    page.get_by_label("An appointment").check()
    guide.click("button", "Enter the request")
    guide.step(
        "Read the reference to the caller: with it they can look where their request stands."
    )
    guide.is_told(re.compile(r"Entered as VIS-\w{4}-\w{4}\. Read this reference to the caller\."))

    guide.open("See the visits of a day")
    guide.step("Click **Requests**, then **Visits by day**.")
    guide.click("link", "Requests")
    guide.click("link", "Visits by day")
    expect(page.get_by_text("Early Patient 1")).to_be_visible()
    guide.step("Click **Day after** until you see the day, or choose it under **Another day**.")
    guide.click("link", "Day after")
    guide.step("Print it as you print any page. Shred it after use.")

    guide.open("Close suspected spam")
    guide.step(
        "Click **Requests**, then **Suspected spam**, and read what each one says: it may be a "
        "patient."
    )
    guide.click("link", "Requests")
    guide.click("link", "Suspected spam", exact=False)
    guide.step("Tick those that are spam, and click **Close the ticked ones as spam …**.")
    page.get_by_role("row").filter(has_text="Sell Sellers").get_by_role("checkbox").check()
    guide.click("button", "Close the ticked ones as spam …")
    guide.step("Read how many that closes, and click **Close 1 as spam**.")
    guide.click("button", "Close 1 as spam")
    expect(page.get_by_text("Sell Sellers")).to_have_count(0)
    guide.close()
