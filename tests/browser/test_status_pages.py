"""A patient looks after their request on a phone, without JavaScript and without cookies."""

import re
import secrets
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.appointments.office import SUMMER_VISIT
from tests.running import Site


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=site.address,
        viewport={"width": 320, "height": 740},
        java_script_enabled=False,
        # An address of one's own, so that no other story's wrong tries count.
        extra_http_headers={"X-Forwarded-For": "192.0.2.144"},
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    assert context.cookies() == []
    context.close()


def send_a_request(page: Page) -> str:
    page.goto("/appointments/request/")
    page.get_by_label("An appointment").check()
    page.get_by_label("Patient's full name").fill(f"Ana María López {secrets.token_hex(4)}")
    page.get_by_label("Phone number").fill("605-555-0142")
    page.get_by_role("button", name="Send the request").click()
    return page.locator(".reference").inner_text()


def opens(page: Page, link: str) -> Page:
    """Follow a link that leaves the page open, as something may be typed there; return the tab."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=f"{link} (opens in a new tab)").click()
    if page.viewport_size:
        opened.value.set_viewport_size(page.viewport_size)
    return opened.value


def test_a_patient_asks_for_a_change_and_later_takes_the_request_back(
    page: Page, site: Site
) -> None:
    # Given a patient whose request arrived, and who looks where it stands,
    reference = send_a_request(page)
    page.get_by_role("link", name="See or change my request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    expect(page.locator(".reference")).to_have_text(reference)

    # when they ask for a change, at first without a word,
    page.get_by_role("button", name="Ask for this change").click()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_role("alert")).to_contain_text("Write what you would like to change.")
    page.get_by_label("What would you like to change?").fill("A Tuesday would suit me.")
    page.get_by_role("button", name="Ask for this change").click()

    # then the page says that the clinic has it, and not what it was.
    expect(page.get_by_text("We have what you wrote.")).to_be_visible()
    expect(page.get_by_text("A Tuesday would suit me.")).to_have_count(0)

    # When staff set a visit, and the patient comes back with reference and phone,
    site.shell(
        "import datetime;"
        f"r = R.objects.get(reference='{reference}'); r.status = 'scheduled';"
        f"r.visit_at = {SUMMER_VISIT!r}; r.save()"
    )
    page.goto("/contact/")
    page.locator("#main").get_by_role("link", name="Check your request").click()
    page.get_by_label("Your reference").fill(reference.lower())
    page.get_by_label("Phone number").fill("605-555-0199")
    page.get_by_role("button", name="Show my request").click()
    expect(page.get_by_role("alert")).to_contain_text("We cannot find a request")
    expect(page.get_by_label("Your reference")).to_have_value(reference.lower())
    page.get_by_label("Phone number").fill("605-555-0142")
    page.get_by_role("button", name="Show my request").click()

    # then they read when it is, and can keep it.
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Your visit is set, and you asked for a change"
    )
    expect(page.get_by_text("2:30 PM to 3:00 PM, Central time (CDT)")).to_be_visible()
    assert reference not in page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Add it to your calendar").click()
    assert download.value.suggested_filename == "visit.ics"

    # When they cancel it, they are asked once,
    page = opens(page, "Cancel my visit")
    expect(page.get_by_text("This also cancels your visit.")).to_be_visible()
    page.get_by_role("button", name="Yes, cancel it").click()

    # then it is taken back, and the page says what they can do now.
    expect(page.get_by_role("heading", level=1)).to_have_text("You canceled this request")
    reach = page.locator(".reach")  # on a phone, the bar at its foot
    expect(reach.get_by_role("link", name="Ask for an appointment")).to_be_visible()
    expect(reach.get_by_role("link", name=re.compile("605-217-5617"))).to_be_visible()


@pytest.mark.parametrize("width", [320, pytest.param(1280, marks=pytest.mark.soak)])
def test_each_page_fits_and_has_no_fault_that_axe_finds(
    phone_page: Page, site: Site, width: int
) -> None:
    phone_page.set_viewport_size({"width": width, "height": 740})
    reference = send_a_request(phone_page)
    phone_page.get_by_role("link", name="See or change my request").click()
    status = phone_page.url
    visit = f"r.visit_at = {SUMMER_VISIT!r}; r.visit_place = 'Room 2';"
    site.shell(
        f"import datetime; r = R.objects.get(reference='{reference}');"
        f"r.status = 'scheduled'; {visit} r.change_requested_at = r.visit_at; r.save()"
    )

    for path in ("/appointments/status/", status, status + "cancel/", status + "visit.ics/"):
        phone_page.goto(path)
        faults = Axe().run(phone_page).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []
        assert phone_page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [pytest.param(320, marks=pytest.mark.soak), 1280])
def test_a_patient_reads_a_copy_and_comes_back(phone_page: Page, site: Site, width: int) -> None:
    phone_page.set_viewport_size({"width": width, "height": 740})
    sender = {"X-Forwarded-For": f"192.0.2.{width % 250}"}
    phone_page.context.set_extra_http_headers(sender)
    reference = send_a_request(phone_page)
    attempt = site.shell(
        "from appointments.tokens import mail_token;"
        f"print(mail_token(R.objects.get(reference='{reference}').attempt))"
    )

    def has_no_fault() -> None:
        phone_page.wait_for_load_state()
        faults = Axe().run(phone_page).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []
        assert phone_page.evaluate("document.documentElement.scrollWidth") <= width

    # A mail's link asks for the number, and tells a wrong one;
    phone_page.goto(f"/appointments/mail/{attempt}/")
    has_no_fault()
    phone_page.get_by_label("Phone number").fill("605-555-0199")
    phone_page.get_by_role("button", name="Show my request").click()
    expect(phone_page.get_by_role("alert")).to_be_focused()
    has_no_fault()
    phone_page.get_by_label("Phone number").fill("605-555-0142")
    phone_page.get_by_role("button", name="Show my request").click()
    # it leads to the status page, and that to the copy, which asks again,
    phone_page = opens(phone_page, "See or print what you told us")
    expect(phone_page.get_by_role("heading", level=1)).to_have_text("See what you told us")
    has_no_fault()
    phone_page.get_by_label("Phone number").fill("605-555-0142")
    phone_page.get_by_role("button", name="Show it").click()
    expect(phone_page.get_by_role("heading", level=1)).to_have_text("What you told us")
    expect(phone_page.get_by_text("Ana María López")).to_be_visible()
    has_no_fault()
    # prints without what is for the screen alone, loads again,
    phone_page.emulate_media(media="print")
    expect(phone_page.get_by_text("Ana María López")).to_be_visible()
    expect(phone_page.get_by_text("You can print this page")).to_be_hidden()
    phone_page.emulate_media(media="screen")
    phone_page.reload()
    expect(phone_page.get_by_text("Ana María López")).to_be_visible()
    # and going back shows the question, not the answers.
    phone_page.go_back()
    expect(phone_page.get_by_role("heading", level=1)).to_have_text("See what you told us")
    expect(phone_page.get_by_text("Ana María López")).to_have_count(0)


def test_the_summary_of_what_is_wrong_takes_the_focus(phone_page: Page) -> None:
    phone_page.goto("/appointments/status/")
    phone_page.get_by_role("button", name="Show my request").click()

    expect(phone_page.get_by_role("alert")).to_be_focused()
    phone_page.get_by_role("link", name="Enter your reference.").click()
    expect(phone_page.get_by_label("Your reference")).to_be_focused()
