"""The staff guide's chapters on the clinic, followed word for word."""

import datetime as dt
import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.guide import Guide, chapters
from tests.running import PROJECT, Site


@pytest.fixture
def guide(chromium: Browser, changed_site: Site) -> Iterator[Guide]:
    context = chromium.new_context(
        base_url=changed_site.address,
        viewport={"width": 1100, "height": 760},
        accept_downloads=True,
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    changed_site.sign_in_as(context, "editor", "clinician", "scheduler", "manager", name="lead")
    guide = Guide(page)
    page.goto("/admin/")
    yield guide
    guide.close()
    context.close()


def test_a_picture_and_a_physician(guide: Guide) -> None:
    page = guide.page
    photo = io.BytesIO()
    Image.new("RGB", (600, 700), "teal").save(photo, "JPEG")

    guide.open("Put a picture on the site")
    guide.step("Click **Pictures**, then **Add picture**.")
    guide.click("link", "Pictures")
    guide.click("link", "Add picture")
    guide.step("Choose the file: a JPEG, PNG or WebP of at most 15 MB.")
    page.get_by_label("Picture:").set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()}
    )
    guide.step("Say in a sentence what it shows, for people who cannot see it.")
    page.get_by_label("Text for people who cannot see it").fill("Dr. Example, smiling")
    guide.picture("picture")
    guide.step("Click **Save**.")
    guide.click("button", "Save")
    guide.is_told("was added successfully")

    guide.open("Introduce a physician")
    guide.step("Click **Physicians**, then **Add physician**.")
    guide.click("link", "Physicians")
    guide.click("link", "Add physician")
    guide.step("Enter name, title and specialty, as patients read them.")
    page.get_by_label("Name:").fill("Dr. Ann Example")
    page.get_by_label("Title:").fill("Interventional radiologist")
    page.get_by_label("Specialty:").fill("Interventional radiology")
    guide.step("Say under **Bio** in a few short paragraphs what patients should know.")
    page.get_by_label("Bio:").fill("She listens first.")
    guide.step("Choose a photo among the pictures, if there is one.")
    page.get_by_label("Photo:").select_option("Dr. Example, smiling")
    guide.picture("physician")
    guide.step("Click **Preview the page**, and read it in its new tab.")
    preview = guide.click_to_new_tab("button", "Preview the page")
    expect(preview.get_by_text("She listens first.")).to_be_visible()
    expect(preview.get_by_role("img", name="Dr. Example, smiling")).to_be_visible()
    preview.close()
    assert "Ann Example" not in page.context.request.get("/physicians/").text()
    guide.step("Click **Save**.")
    guide.click("button", "Save")
    guide.is_told("was added successfully")
    guide.patients_read("Ann Example", "/physicians/")


def test_the_small_print(guide: Guide) -> None:
    page = guide.page

    guide.open("Keep the small print")
    guide.step("Click **Notices**, then **Notice of privacy practices**.")
    guide.click("link", "Notices")
    guide.click("link", "Notice of privacy practices")
    guide.step("Put the text that your counsel gave you under **Text**.")
    page.get_by_label("Text:", exact=True).first.fill("This text is only for the guide.")
    guide.step(
        "For each other language, click **Add another Line in another language**, and enter its "
        "tag, such as `es`, and the text."
    )
    guide.click("button", "Add another Line in another language")
    page.get_by_label("Language:").first.fill("es")
    page.locator("#id_lines-0-text").fill("Este texto es solo para la guía.")
    page.locator("#id_lines-0-text").scroll_into_view_if_needed()
    guide.picture("notice")
    guide.step("Click **Preview the page**, and read it in its new tab.")
    preview = guide.click_to_new_tab("button", "Preview the page")
    expect(preview.get_by_text("Este texto es solo para la guía.")).to_be_visible()
    preview.close()
    guide.step("Tick **Confirmed** once counsel has read the text as it stands here.")
    page.get_by_label("Confirmed").check()
    guide.step("Click **Save**.")
    guide.click("button", "Save")
    guide.is_told("was changed successfully")
    guide.patients_read("only for the guide", "/notices/privacy-practices/")


def test_the_hours(guide: Guide) -> None:
    page = guide.page

    guide.open("Set the hours and the closed days")
    guide.step("Click **Clinic**, then **Vascular & Interventional Specialists**.")
    guide.click("link", "Clinic")
    page.locator("#result_list").get_by_role("link", name="Vascular").click()
    guide.step(
        "Under **Opening hours**, choose a day, and type when it opens and closes: "
        "`8:00 am`, `5 pm`."
    )
    page.get_by_label("Day:").first.select_option("Monday")
    page.get_by_label("Opens:").first.fill("8:00 am")
    page.get_by_label("Closes:").first.fill("5 pm")
    guide.step("For another day, or after lunch, click **Add another Opening hours**.")
    guide.click("button", "Add another Opening hours")
    page.locator("#id_opening_hours-1-weekday").select_option("Wednesday")
    page.locator("#id_opening_hours-1-opens").fill("9")
    page.locator("#id_opening_hours-1-closes").fill("noon")
    guide.step("Under **Closed days**, type a holiday with its year, such as `12/25/2026`.")
    christmas = dt.date(dt.datetime.now(dt.UTC).year + 1, 12, 25)
    page.locator("#id_closed_days-0-day").fill(f"{christmas:%m/%d/%Y}")
    guide.step("Click **Preview the contact page**, and read it in its new tab.")
    preview = guide.click_to_new_tab("button", "Preview the contact page")
    expect(preview.get_by_text(f"December 25, {christmas.year}")).to_be_visible()
    preview.set_viewport_size({"width": 1100, "height": 760})
    preview.get_by_text(f"December 25, {christmas.year}").scroll_into_view_if_needed()
    guide.page = preview
    guide.picture("hours")
    guide.page = page
    preview.close()
    guide.step("Click **Save**.")
    guide.click("button", "Save")
    guide.is_told("was changed successfully")
    guide.patients_read("Monday.{0,200}8:00 AM", "/contact/")


def test_accounts_and_their_mail(guide: Guide) -> None:
    page = guide.page

    guide.open("Give somebody an account")
    guide.step("Click **Users**, then **Add user**.")
    guide.click("link", "Users")
    guide.click("link", "Add user")
    guide.step("Enter a user name, and tick what they do at the clinic.")
    page.get_by_label("Username").fill("dana")
    page.get_by_label("scheduler: works through").check()
    guide.step("Click **Save**, then **Invite them**.")
    guide.click("button", "Save")
    guide.click("button", "Invite them")
    guide.step("Give the link to them, and to nobody else: it is good once, for 24 hours.")
    guide.is_told(re.compile("/admin/invitation/"))
    guide.picture("invite")

    guide.open("Choose who gets which mail")
    page.goto("/admin/")
    guide.step("Click **Who gets mail**.")
    guide.click("link", "Who gets mail")
    guide.step("Tick what each person is to get.")
    person = page.get_by_role("group", name=re.compile("^dana"))
    person.get_by_label("For each new request").check()
    guide.picture("mail")
    guide.step("Click **Save**.")
    guide.click("button", "Save")
    expect(person.get_by_label("For each new request")).to_be_checked()


def test_every_chapter_with_steps_is_followed() -> None:
    with_steps = {heading for heading, text in chapters().items() if re.search(r"(?m)^1\. ", text)}
    tests = [path.read_text("utf-8") for path in PROJECT.glob("tests/browser/test_staff_guide*.py")]

    assert with_steps == set(re.findall(r'guide\.open\("(.+)"\)', "".join(tests)))
