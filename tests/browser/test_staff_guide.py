"""The staff guide's chapters on pages, followed word for word, and the clicks counted."""

import datetime as dt
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.guide import Guide, patients_read
from tests.make import PASSWORD, code_now
from tests.running import Site


@pytest.fixture
def guide(chromium: Browser, site: Site):
    context = chromium.new_context(
        base_url=site.address, viewport={"width": 1100, "height": 760}, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield Guide(page)
    context.close()


def test_the_guide_does_what_it_says(guide: Guide, site: Site) -> None:
    page = guide.page

    code = "from tests.make import *; app_of(with_password('lea', *Role))"
    site.shell(f"from clinic_site.access.roles import Role; {code}")
    guide.open("Sign in")
    guide.step("Open `/admin/`.")
    page.goto("/admin/")
    guide.step("Enter your name and your password, then click **Sign in**.")
    page.get_by_label("Username").fill("lea")
    page.get_by_label("Password").fill(PASSWORD)
    guide.click("button", "Sign in")
    guide.step("Type the six digits that your app shows, then click **Go on**.")
    page.get_by_label("Code").fill(code_now())
    guide.click("button", "Go on")
    expect(page.get_by_role("heading", name="To do")).to_be_visible()
    expect(page.get_by_role("link", name="Sign “Sacroplasty”.")).to_be_visible()
    guide.picture("front-page")

    guide.open("Change a page")
    guide.step("Click **Treatments**, then **Sacroplasty**.")
    guide.click("link", "Treatments")
    guide.click("link", "Sacroplasty")
    guide.step("Click **What it is** in the contents, and change its text.")
    page.get_by_role("link", name=re.compile("^What it is")).click()
    before = page.get_by_role("textbox", name="Text", exact=True).input_value()
    page.get_by_role("textbox", name="Text", exact=True).fill(
        before + "\n\nAsk us how this fits you."
    )
    guide.step("Click **Save**.")
    guide.click("button", "Save")
    expect(page.get_by_text("Saved as a draft. Patients do not see it yet.")).to_be_visible()
    guide.step(
        "Look at the school grade beside each entry of the contents. Aim at 6; 8 is the most."
    )
    contents = page.get_by_role("navigation", name="Contents")
    expect(contents.locator(".grade").first).to_have_text(re.compile(r"school grade \d+\.\d$"))
    guide.picture("edit")

    guide.open("See the draft as patients would")
    guide.step("Click **Preview**.")
    guide.click("button", "Preview")
    guide.step("Read the page. The box at its top lists what is missing.")
    expect(
        page.get_by_role("heading", name="Preview: patients do not see this draft")
    ).to_be_visible()
    expect(page.get_by_text("Ask us how this fits you.")).to_be_visible()
    guide.picture("preview")
    guide.step("Click **Back to editing**.")
    guide.click("link", "Back to editing")

    guide.open("Publish")
    guide.step("Click **Note for your colleagues** in the contents, and write why.")
    guide.click("link", "Note for your colleagues")
    page.get_by_label("Why this change?").fill("Tried the guide")
    guide.step("Click **Publish …**.")
    guide.click("button", "Publish …")
    guide.step("Read what changes for patients.")
    changed = page.get_by_text("Ask us how this fits you.")
    expect(changed.and_(page.locator("ins"))).to_be_visible()
    guide.picture("publish")
    guide.step(
        "Click **Publish: same meaning** if the page says the same as before, "
        "else **Publish: meaning changed**."
    )
    guide.click("button", "Publish: same meaning")
    expect(
        page.get_by_text(re.compile(r"Published as number \d+\. Patients see it now\."))
    ).to_be_visible()
    guide.patients_read("Ask us how this fits you", "/treatments/sacroplasty/")

    guide.open("Compare, and go back")
    guide.step("Click **History**, then the number **1**.")
    guide.click("link", "History")
    guide.click("link", "Number 1: what differs")
    guide.step(
        "Read what differs from what was saved before; **Compare** puts another text beside it."
    )
    page.get_by_label("Compare with").select_option("what patients see")
    guide.click("button", "Compare")
    expect(changed.and_(page.locator("del"))).to_be_visible()
    guide.picture("compare")
    guide.step("Click **Take this text back**, then **Take it back**.")
    guide.click("link", "Take this text back")
    guide.click("button", "Take it back")
    expect(page.get_by_text("Number 1 is the draft again.")).to_be_visible()
    guide.step("Publish it as any other change.")
    guide.click("button", "Publish …")
    guide.click("button", "Publish: same meaning")
    patients_read(page.context, "Ask us how this fits", "/treatments/sacroplasty/", no_more=True)

    site.shell(
        "from tests.make import make_signer; from clinic_site.access.models import User;"
        "make_signer(User.objects.get(username='lea'), 'Dr. Test Reviewer')"
    )
    guide.open("Sign a page")
    guide.step("Click **History**, then **Sign the live page**.")
    guide.click("link", "History")
    guide.click("link", "Sign the live page")
    guide.step("Click **Read the page as patients see it**, and read it.")
    with page.context.expect_page() as read:
        guide.click("link", "Read the page as patients see it")
    expect(read.value.get_by_role("heading", level=1)).to_have_text("Sacroplasty")
    read.value.close()
    guide.step("Look at your name as patients will read it.")
    expect(page.get_by_text("Patients will read your name: Dr. Test Reviewer")).to_be_visible()
    guide.step("Enter the day by which the page is to be read again.")
    in_half_a_year = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=180)
    page.get_by_label("Next review due").fill(f"{in_half_a_year}")
    guide.step("Tick that you have read the page and answer for it, then click **Sign**.")
    page.get_by_label("I have read this page").check()
    guide.picture("sign")
    guide.click("button", "Sign")
    expect(page.get_by_text("Signed by Dr. Test Reviewer.")).to_be_visible()
    guide.patients_read("Reviewed by Dr. Test Reviewer on", "/treatments/sacroplasty/")

    site.shell("from tests.make import make_account; make_account('eva', 'editor')")
    page.goto("/admin/")
    guide.open("Confirm the name that a clinician signs with")
    guide.step("Click **Users**, then the account of the person.")
    guide.click("link", "Users")
    guide.click("link", "eva")
    guide.step("Tick what they do at the clinic.")
    page.get_by_label("clinician: signs pages").check()
    guide.step(
        "For a clinician, enter name and credentials as patients read them, or choose the physician."
    )
    page.get_by_label("First name").fill("Eva")
    page.get_by_label("Last name").fill("Example")
    page.get_by_label("Credentials").fill("MD")
    guide.step("Click **Save and continue editing**.")
    guide.click("button", "Save and continue editing")
    guide.step("Read **The name under the pages they sign**, then click **Confirm this name**.")
    confirm = page.get_by_role("region", name="The name under the pages they sign")
    expect(confirm).to_contain_text("Patients would read Eva Example, MD.")
    confirm.scroll_into_view_if_needed()
    guide.picture("people")
    guide.click("button", "Confirm this name")
    expect(page.get_by_text("eva signs as Eva Example, MD from now on.")).to_be_visible()

    guide.close()


@pytest.mark.soak
def test_two_editors_on_one_page_lose_nothing(chromium: Browser, site: Site) -> None:
    pages = []
    for name in ("first", "second"):
        page = chromium.new_context(base_url=site.address).new_page()
        page.set_default_timeout(10_000)
        site.sign_in_as(page.context, "editor", name=name)
        page.goto("/admin/conditions/treatment/")
        page.get_by_role("link", name="Kyphoplasty").click()
        pages.append(page)
    first, second = pages
    first.get_by_label("Summary", exact=True).fill("The first editor's words")
    second.get_by_label("Summary", exact=True).fill("The second editor's words")

    first.get_by_role("button", name="Save").click()
    expect(first.get_by_text("Saved as a draft.")).to_be_visible()
    second.get_by_role("button", name="Save").click()

    expect(second.get_by_text("saved by first while you typed")).to_be_visible()
    expect(second.get_by_label("Summary", exact=True)).to_have_value("The second editor's words")
    expect(second.locator("del")).to_contain_text(["only theirs", "first"])
    first.reload()
    expect(first.get_by_label("Summary", exact=True)).to_have_value("The first editor's words")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_text("Saved as a draft.")).to_be_visible()
    for page in pages:
        page.context.close()


def test_a_page_saved_as_a_file_can_be_loaded(guide: Guide, site: Site, tmp_path: Path) -> None:
    page = guide.page
    site.sign_in_as(page.context, "editor")
    page.goto("/admin/conditions/condition/")
    page.get_by_role("link", name="Spinal compression fractures").click()
    page.get_by_role("link", name="History").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a file").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)

    assert path.name == "condition-spinal-compression-fractures.yaml"
    assert "loaded  condition" in site.manage("load_content", "--replace", str(path))


def test_a_typo_is_mended_and_published_in_four_clicks(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.address, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(10_000)
    site.sign_in_as(context, "editor", name="typo")
    clicks = 0

    def click(role: str, name: str) -> None:
        nonlocal clicks
        clicks += 1
        page.get_by_role(role, name=re.compile(f"^{name}")).click()  # type: ignore[arg-type]

    page.goto("/admin/")
    click("link", "Vertebroplasty")
    click("link", "What it is")
    expect(page.get_by_role("heading", name="What it is")).to_be_visible()
    text = page.get_by_role("textbox", name="Text", exact=True)
    text.fill(f"{text.input_value()}\n\nNo more typo here.")
    click("button", "Publish …")
    click("button", "Publish: same meaning")

    expect(page.get_by_text("Patients see it now.")).to_be_visible()
    patients_read(context, "No more typo here.", "/treatments/vertebroplasty/")
    assert clicks <= 4
    context.close()


def test_a_page_is_signed_in_three_clicks(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.address, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(10_000)
    site.sign_in_as(context, "clinician", name="signer")
    site.shell(
        "from tests.make import make_signer; from clinic_site.access.models import User;"
        "make_signer(User.objects.get(username='signer'), 'Dr. Test Signer')"
    )
    page.goto("/admin/")

    page.get_by_role("link", name="Sign “Kyphoplasty”.").click()
    page.get_by_label("I have read this page").click()
    page.get_by_role("button", name="Sign", exact=True).click()

    expect(page.get_by_text("Signed by Dr. Test Signer.")).to_be_visible()
    context.close()
