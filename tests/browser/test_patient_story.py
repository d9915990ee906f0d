"""A patient and the clinic's staff in a real Chromium."""

import re
import secrets

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.guide import patients_read
from tests.browser.journeys import sign_in
from tests.running import Site

CONDITION = "/conditions/spinal-compression-fractures/"


# For patients no page has a script.
@pytest.fixture(
    params=[
        pytest.param("with JavaScript", marks=pytest.mark.soak),
        "without JavaScript and cookies",
    ]
)
def any_page(request, chromium: Browser, site: Site):
    """A phone's browser, as most have it and as the careful have it."""
    plain = request.param != "with JavaScript"
    context = chromium.new_context(
        base_url=site.address,
        viewport={"width": 360, "height": 740},
        java_script_enabled=not plain,
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    assert context.cookies() == []
    context.close()


def test_from_the_page_to_a_reference_that_staff_find(
    any_page: Page, chromium: Browser, site: Site
):
    page = any_page
    words = f"My back hurts since Sunday. {secrets.token_hex(4)}"  # no other request's
    # Given a patient who reads the page and follows the way to the form,
    page.goto(CONDITION)
    expect(page.get_by_role("heading", level=1)).to_have_text("Spinal compression fractures")
    expect(page.get_by_role("heading", name=re.compile("Call 911"))).to_be_visible()
    page.get_by_role("link", name="Ask for an appointment").first.click()
    expect(page.get_by_label("What is it about?")).to_have_value("spinal-compression-fractures")

    # when they send it with three mistakes,
    page.get_by_label("An appointment").check()
    page.get_by_label("Phone number").fill("555")
    expect(page.get_by_label("Month")).to_be_hidden()
    page.get_by_text("Help us prepare (optional)").click()
    page.get_by_label("Month").fill("2")
    page.get_by_label("Day", exact=True).fill("30")
    page.get_by_label("Year").fill("1950")
    page.get_by_label("What would you like us to know?").fill(words)
    page.get_by_role("button", name="Send the request").click()

    # then the summary names all three, and their own words are still there.
    summary = page.get_by_role("alert")
    expect(summary.get_by_role("listitem")).to_have_count(3)
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_label("Phone number")).to_have_value("555")
    expect(page.get_by_label("Year")).to_have_value("1950")
    expect(page.get_by_label("An appointment")).to_be_checked()
    expect(page.get_by_label("What would you like us to know?")).to_have_value(words)

    # When they follow the summary's links and mend each,
    summary.get_by_role("link", name=re.compile("full name")).click()
    expect(page.get_by_label("Patient's full name")).to_be_in_viewport()
    expect(page.get_by_text("Patient's full name", exact=True)).to_be_in_viewport(ratio=1)
    page.get_by_label("Patient's full name").fill("Ana María López")
    page.get_by_label("Phone number").fill("605 555 0142")
    summary.get_by_role("link", name=re.compile("date of birth")).click()
    expect(page.get_by_label("Month")).to_be_focused()
    page.get_by_label("Day", exact=True).fill("28")
    page.get_by_role("button", name="Send the request").click()

    # then they get a reference,
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    reference = page.locator(".reference").inner_text()
    assert re.fullmatch(r"VIS-[0-9A-Z]{4}-[0-9A-Z]{4}", reference)
    assert "cond" not in page.url

    # and staff find that request in the admin.
    staff = chromium.new_context(base_url=site.address).new_page()
    sign_in(staff, site)
    staff.goto("/admin/appointments/appointmentrequest/find/")
    staff.get_by_label("Reference, name, phone or email").fill(reference)
    staff.get_by_role("button", name="Find", exact=True).click()
    staff.get_by_role("link", name=reference).click()
    expect(staff.get_by_role("heading", level=1)).to_contain_text("Ana María López")
    for shown in ("605-555-0142", words, "Feb. 28, 1950"):
        expect(staff.locator(".asked").get_by_text(shown)).to_be_visible()
    staff.get_by_label("No answer").check()
    staff.get_by_label("Note").fill("Try again at noon.")
    staff.get_by_role("button", name="Save", exact=True).click()
    expect(staff.get_by_text("Try again at noon.")).to_be_visible()
    expect(staff.get_by_text("Taken by staff.")).to_be_visible()
    expect(staff.get_by_text(words)).to_be_visible()
    staff.context.close()


def test_two_quick_clicks_make_one_request(phone_page: Page, site: Site):
    phone_page.goto("/appointments/request/")
    phone_page.get_by_label("An appointment").check()
    phone_page.get_by_label("Patient's full name").fill("Double Click")
    phone_page.get_by_label("Phone number").fill("605-555-0143")

    phone_page.get_by_role("button", name="Send the request").dblclick()

    expect(phone_page.locator(".reference")).to_be_visible()
    count = site.manage(
        "shell",
        "--verbosity=0",
        "-c",
        "from appointments.models import AppointmentRequest as R;"
        "print(sum(r.answer('patient_name') == 'Double Click' for r in R.objects.all()))",
    )
    assert count.strip() == "1"


@pytest.mark.parametrize("link", ["", "?condition=spinal-compression-fractures"])
def test_all_up_to_send_is_within_three_screens_of_a_phone(phone_page: Page, link: str):
    phone_page.goto(f"/appointments/request/{link}")

    send = phone_page.get_by_role("button", name="Send the request").bounding_box()

    assert send is not None
    assert send["y"] + send["height"] <= 3 * 740
    expect(phone_page.get_by_label("Month")).to_be_hidden()
    # What the link says is shown, and can be changed, without opening anything.
    shown = phone_page.get_by_label("What is it about?")
    expect(shown).to_be_visible(visible=bool(link))


def test_who_asks_for_someone_else_is_asked_for_their_name(any_page: Page):
    page = any_page
    page.goto("/appointments/request/")
    expect(page.get_by_label("Your own name")).to_be_hidden()
    page.get_by_label("An answer to a question").check()
    page.get_by_label("Patient's full name").fill("Ana López")
    page.get_by_label("Phone number").fill("605 555 0142, ask for Jo")

    page.get_by_label("I ask for someone else").check()
    expect(page.get_by_label("Your own name")).to_be_visible()
    page.get_by_role("button", name="Send the request").click()

    summary = page.get_by_role("alert")
    expect(summary.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_label("Month")).to_be_hidden()  # nothing in there is answered or wrong
    summary.get_by_role("link", name=re.compile("your own name")).click()
    expect(page.get_by_label("Your own name")).to_be_focused()
    page.get_by_label("Your own name").fill("Jo López")
    page.get_by_label("What would you like us to know?").fill(
        f"How long is the wait? {secrets.token_hex(4)}"
    )
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")


def test_a_look_at_another_page_loses_nothing_that_was_typed(any_page: Page):
    page = any_page
    page.goto("/appointments/request/")
    page.get_by_label("Patient's full name").fill("Ana López")
    page.get_by_text("Help us prepare (optional)").click()
    page.get_by_label("Month").fill("April")

    page.get_by_role("link", name="Contact").click()
    expect(page).to_have_url(re.compile("/contact/$"))
    page.go_back()

    expect(page.get_by_label("Patient's full name")).to_have_value("Ana López")
    expect(page.locator("[name=date_of_birth_month]")).to_have_value("April")


def test_the_error_summary_takes_the_focus(phone_page: Page):
    phone_page.goto("/appointments/request/")
    phone_page.get_by_role("button", name="Send the request").click()

    expect(phone_page.get_by_role("alert")).to_be_focused()


@pytest.mark.soak
def test_staff_change_a_sentence_and_publish(chromium: Browser, site: Site):
    context = chromium.new_context(base_url=site.address)
    page = context.new_page()
    page.set_default_timeout(10_000)
    sign_in(page, site)
    # Given what is still to be done stands on the front page,
    expect(page.get_by_role("link", name="Confirm the clinic's time zone.")).to_be_visible()
    page.get_by_role("link", name="Treatments", exact=True).click()
    page.get_by_role("link", name="Sacroplasty").click()

    # when an editor changes a sentence, as a draft,
    page.get_by_role("link", name=re.compile("^What it is")).click()
    body = page.get_by_role("textbox", name="Text", exact=True)
    body.fill(f"{body.input_value()}\n\nThe sacrum is low in your back.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as a draft. Patients do not see it yet.")).to_be_visible()

    # then patients see the old page,
    reader = context.new_page()
    reader.goto("/treatments/sacroplasty/")
    expect(reader.get_by_text("The sacrum is low in your back")).to_have_count(0)

    # until it is published.
    page.get_by_role("button", name="Publish …").click()
    page.get_by_role("button", name="Publish: meaning changed").click()
    expect(page.get_by_text("Published as number 2.")).to_be_visible()
    patients_read(context, "low in your back", "/treatments/sacroplasty/")
    reader.reload()
    expect(reader.get_by_text("The sacrum is low in your back.")).to_be_visible()
    context.close()


@pytest.mark.soak
def test_staff_add_a_physician_with_a_photo(chromium: Browser, site: Site, tmp_path):
    from PIL import Image

    photo = tmp_path / "photo.jpg"
    Image.new("RGB", (1600, 1200), "teal").save(photo)
    context = chromium.new_context(base_url=site.address)
    page = context.new_page()
    page.set_default_timeout(10_000)
    sign_in(page, site)
    page.goto("/admin/clinic_site/picture/add/")
    page.get_by_label("Text for people who cannot see it").fill("A teal wall")
    page.get_by_label("Picture").set_input_files(photo)
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto("/admin/clinic_site/physician/add/")
    page.get_by_label("Name").fill("Dr. Test Person")
    page.get_by_label("Specialty").fill("Testing")
    page.get_by_label("Bio").fill("A bio with **bold** words.")
    page.get_by_label("Photo").select_option("A teal wall")
    page.get_by_role("button", name="Save", exact=True).click()

    patients_read(context, "Dr. Test Person", "/physicians/dr-test-person/")
    page.goto("/physicians/dr-test-person/")

    picture = page.get_by_alt_text("A teal wall")
    expect(picture).to_be_visible()
    assert picture.evaluate("picture => [picture.naturalWidth, picture.naturalHeight]") == [
        1200,
        900,
    ]
    expect(page.locator("strong", has_text="bold")).to_be_visible()
    page.goto("/admin/clinic_site/physician/")
    page.get_by_role("link", name="Dr. Test Person").click()
    page.get_by_label("Active").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    patients_read(context, "Dr. Test Person", "/physicians/dr-test-person/", no_more=True)
    gone = page.goto("/physicians/dr-test-person/")
    assert gone is not None
    assert gone.status == 404
    context.close()
