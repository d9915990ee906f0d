"""The staff guide's chapters on new words and new pages, followed word for word, and counted."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from clinic_site.access.roles import Role
from tests.browser.guide import Guide
from tests.running import Site


@pytest.fixture
def guide(chromium: Browser, changed_site: Site) -> Iterator[Guide]:
    # Whatever other stories have left in its drafts.
    changed_site.manage("load_content", "conditions/content", "--replace")
    context = chromium.new_context(
        base_url=changed_site.address, viewport={"width": 1440, "height": 900}
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    changed_site.sign_in_as(context, Role.EDITOR, name="clicker")
    page.goto("/admin/")
    guide = Guide(page)
    yield guide
    guide.close()
    context.close()


def test_a_page_is_put_in_order_and_what_was_typed_is_dropped(guide: Guide) -> None:
    page = guide.page
    guide.click("link", "Spinal compression fractures")
    points = page.get_by_role("textbox", name=re.compile("^Key point"))
    first = page.locator("[name=key_point]").first.input_value()

    guide.open("Put a page in order, and change your mind")
    guide.step("Click **Key points** in the contents, then **Move down** below the first.")
    guide.enter("Key points")
    guide.in_hand("button", "Move down")
    expect(points.nth(1)).to_have_value(first)
    guide.step("Click **Symptoms**, then **Care card …**, and choose **Today**.")
    guide.enter("Symptoms")
    guide.in_hand("button", "Care card …")
    guide.picture("card")
    guide.click("button", "Today")
    expect(page.locator("[name=section-symptoms-body]")).to_have_value(re.compile("::: today"))
    guide.step("Click **Add a section**, choose **What studies say**, and click **Add**.")
    guide.enter("Add a section")
    page.get_by_label("What studies say").check()
    guide.in_hand("button", "Add")
    expect(page.get_by_role("heading", name="What studies say")).to_be_visible()
    guide.step("Click **Remove this section**; **Undo** would bring it back.")
    guide.in_hand("button", "Remove this section")
    expect(page.locator(".pane:visible").get_by_role("button", name="Undo")).to_be_visible()
    guide.is_told(re.compile("^Kept at"))
    guide.step("Click **Discard**, and read what would go.")
    guide.click("link", "Discard")
    expect(page.locator("del").filter(has_text="today")).to_be_visible()
    guide.step("Click **Discard what I typed**.")
    guide.click("button", "Discard what I typed")

    expect(page.locator("[name=key_point]").first).to_have_value(first)
    assert "::: today" not in page.locator("[name=section-symptoms-body]").input_value()


def test_a_symptom_with_its_source_takes_six_clicks(guide: Guide) -> None:
    page = guide.page

    guide.open("Add a symptom and its source")
    guide.step("On the first page, click **Spinal compression fractures** under **Shortcuts**.")
    expect(page.get_by_role("heading", name="Shortcuts")).to_be_visible()
    guide.click("link", "Spinal compression fractures")
    guide.step(
        "Click **Symptoms** in the contents, and write a line at the end: `- back pain that lasts`."
    )
    guide.enter("Symptoms")
    page.locator("[name=section-symptoms-body]").press("ControlOrMeta+End")
    page.keyboard.type("\n- back pain that lasts")
    guide.step("Click **Source …**, then the source that says so.")
    guide.in_hand("button", "Source …")
    guide.picture("source")
    guide.click("button", "Back pain NHS", exact=False)
    guide.step("Click **Publish …**, then **Publish: meaning changed**.")
    guide.click("button", "Publish …")
    guide.click("button", "Publish: meaning changed")

    guide.is_told("Patients see it now.")
    assert guide.actions <= 6
    guide.patients_read("back pain that lasts", "/conditions/spinal-compression-fractures/")
    page.goto("/conditions/spinal-compression-fractures/")
    symptom = page.get_by_role("listitem").filter(has_text="back pain that lasts")
    expect(symptom.get_by_role("link", name="Source")).to_be_visible()


@pytest.mark.soak
def test_a_treatment_and_a_condition_of_veins_take_sixty_actions(guide: Guide) -> None:
    page = guide.page

    guide.open("Begin a treatment")
    guide.step(
        "On the first page, click **Add** beside **Treatments**, enter its title, "
        "and click **Begin**."
    )
    begin(guide, "treatment", "Care of leg veins")
    guide.picture("begin")
    guide.step("Write a summary, and how the treatment is named in a sentence.")
    guide.fill("[name=summary]", "How we look after veins in the leg.")
    guide.fill("[name=name]", "care of leg veins")
    guide.step(
        "Where it takes a needle, a balloon or bone cement, say so under **How it is done**."
    )
    guide.step("Write under **What it is**, **Benefits** and **Risks**, at least.")
    for entry, words in (
        ("What it is", "We look after veins in your legs."),
        ("Benefits", "Ask us what you may gain."),
        ("Risks", "Ask us what can go wrong."),
    ):
        guide.enter(entry)
        guide.fill(".pane:visible textarea", words)
    guide.step("Click **Source …**, and enter under **A new source** where you have it from.")
    cite_a_new_source(guide)
    guide.step("Click **Publish …**, then **Publish**.")
    publish(guide)

    guide.open("Begin a condition")
    page.goto("/admin/")
    guide.step(
        "On the first page, click **Add** beside **Conditions**, enter its title, "
        "and click **Begin**."
    )
    begin(guide, "condition", "Leg veins that ache")
    guide.step("Write a summary, and how the condition is named in a sentence.")
    guide.fill("[name=summary]", "Veins of the leg that ache, and what to do.")
    guide.fill("[name=name]", "a leg vein that aches")
    guide.step("Click **Key points**, and say in at most three lines what matters most.")
    guide.enter("Key points")
    for point in ("Call us.", "We look at your leg.", "You choose with us."):
        page.get_by_label("Another key point").fill(point)
        guide.actions += 1
    guide.step("Click **When to call 911**, and write a line for each sign.")
    guide.enter("When to call 911")
    guide.fill("[name=section-emergency-body]", "- you think that it is an emergency")
    guide.step("Write under **What it is**, and cite where you have it from.")
    guide.enter("What it is")
    guide.fill("[name=section-overview-body]", "Some leg veins ache.")
    cite_a_new_source(guide)
    guide.step("Click **Treatments and people**, and add the treatment.")
    guide.enter("Treatments and people")
    page.get_by_label("Add to: Treatments").select_option(label="Care of leg veins")
    page.locator("[value=add-treatment]").click()
    guide.actions += 2
    guide.picture("treatments")
    guide.step("Click **Publish …**, then **Publish**.")
    publish(guide)

    assert guide.actions <= 60
    guide.patients_read("Some leg veins ache", "/conditions/leg-veins-that-ache/")
    page.goto("/conditions/leg-veins-that-ache/")
    for words in ("We look at your leg.", "Some leg veins ache.", "What we tell our patients"):
        expect(page.get_by_text(words).first).to_be_visible()
    # Nothing is said of it that is not so.
    page.goto("/treatments/care-of-leg-veins/")
    for word in ("Needle", "Balloon", "Bone cement"):
        expect(page.get_by_text(word, exact=True)).to_have_count(0)


def begin(guide: Guide, kind: str, title: str) -> None:
    guide.page.locator(f".model-{kind} .addlink").click()
    guide.actions += 1
    guide.fill("[name=title]", title)
    guide.click("button", "Begin")


def cite_a_new_source(guide: Guide) -> None:
    guide.in_hand("button", "Source …")
    dialog = guide.page.get_by_role("dialog")
    expect(dialog.get_by_label("Title")).to_be_visible()  # open by itself, as there is none yet
    for label, words in (("Title", "What we tell our patients"), ("Publisher", "Vein clinic")):
        dialog.get_by_label(label).fill(words)
        guide.actions += 1
    dialog.get_by_label("Year").fill("2024")
    guide.page.keyboard.press("Enter")
    guide.actions += 2


def publish(guide: Guide) -> None:
    guide.click("button", "Publish …")
    guide.page.wait_for_url(re.compile("/publish/"))
    guide.click("button", "Publish")
    guide.is_told("Patients see it now.")
