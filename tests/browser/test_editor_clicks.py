"""What an editor does is counted: each click, each choice and each field that is filled.

On a site of their own, as they publish pages.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from clinic_site.access.roles import Role
from tests.running import Site, free_port, start_site, started_before, stop_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    var = tmp_path_factory.mktemp("lists") / "var"
    site = start_site(var, started_before(var), free_port())
    yield site
    stop_site(site)


class Clicker:
    """Counts what an editor does: each click, choice and field that is filled."""

    def __init__(self, browser: Browser, site: Site) -> None:
        context = browser.new_context(
            base_url=site.address, viewport={"width": 1440, "height": 900}
        )
        self.page = context.new_page()
        self.page.set_default_timeout(10_000)
        site.sign_in_as(context, Role.EDITOR, name="clicker")
        self.page.goto("/admin/")
        self.clicks = 0
        self.fields = 0

    def click(self, role: str, name: str) -> None:
        self.clicks += 1
        starts = re.compile(f"^{re.escape(name)}")
        self.page.get_by_role(role, name=starts).first.click()  # type: ignore[arg-type]

    def fill(self, name: str, words: str) -> None:
        self.fields += 1
        self.page.locator(f"[name={name}]").last.fill(words)


def test_a_symptom_with_its_source_is_added_and_published_in_six_clicks(
    chromium: Browser, site: Site
) -> None:
    editor = Clicker(chromium, site)
    editor.click("link", "Spinal compression fractures")
    editor.click("link", "Symptoms")
    text = editor.page.locator("[name=section-symptoms-body]")
    text.click()
    text.press("ControlOrMeta+End")
    editor.page.keyboard.type("\n- back pain that lasts")
    editor.page.locator("#section-symptoms [data-mark=source]").click()
    editor.page.get_by_role("button", name="Back pain NHS").click()
    editor.clicks += 2
    editor.click("button", "Publish …")
    editor.click("button", "Publish: meaning changed")
    expect(editor.page.get_by_text("Patients see it now.")).to_be_visible()
    assert editor.clicks <= 6
    editor.page.goto("/conditions/spinal-compression-fractures/")
    symptom = editor.page.get_by_role("listitem").filter(has_text="back pain that lasts")
    expect(symptom.get_by_role("link", name="Source")).to_be_visible()
    editor.page.context.close()


def test_a_condition_and_a_treatment_of_veins_are_begun_and_published(
    chromium: Browser, site: Site
) -> None:
    editor = Clicker(chromium, site)
    page = editor.page

    def begin(kind: str, title: str) -> None:
        page.goto("/admin/")
        page.locator(f".model-{kind} .addlink").click()
        editor.clicks += 1
        editor.fill("title", title)
        editor.click("button", "Begin")

    def source() -> None:
        page.locator(".pane:visible [data-mark=source]").click()
        page.get_by_role("dialog").get_by_label("Title").fill("What we tell our patients")
        page.get_by_role("dialog").get_by_label("Publisher").fill("Vein clinic")
        page.get_by_role("dialog").get_by_label("Year").fill("2024")
        page.keyboard.press("Enter")
        editor.clicks += 2
        editor.fields += 3

    def publish() -> None:
        editor.click("button", "Publish …")
        page.wait_for_url("**/publish/")
        editor.click("button", "Publish")
        expect(page.get_by_text("Patients see it now.")).to_be_visible()

    begin("treatment", "Care of leg veins")
    editor.fill("summary", "How we look after veins in the leg.")
    editor.fill("name", "care of leg veins")
    for entry, words in (
        ("What it is", "We look after veins in your legs."),
        ("Benefits", "Ask us what you may gain."),
        ("Risks", "Ask us what can go wrong."),
    ):
        editor.click("link", entry)
        page.locator(".pane:visible textarea").fill(words)
        editor.fields += 1
    source()
    publish()

    begin("condition", "Leg veins that ache")
    editor.fill("summary", "Veins of the leg that ache, and what to do.")
    editor.fill("name", "a leg vein that aches")
    editor.click("link", "Key points")
    for point in ("Call us.", "We look at your leg.", "You choose with us."):
        page.get_by_label("Another key point").fill(point)
        editor.fields += 1
    editor.click("link", "When to call 911")
    editor.fill("section-emergency-body", "- you think that it is an emergency")
    editor.click("link", "What it is")
    editor.fill("section-overview-body", "Some leg veins ache.")
    source()
    editor.click("link", "Treatments and people")
    page.get_by_label("Add to: Treatments").select_option(label="Care of leg veins")
    page.locator("[value=add-treatment]").click()
    editor.clicks += 2
    publish()

    assert editor.clicks + editor.fields <= 60
    page.goto("/conditions/leg-veins-that-ache/")
    for words in ("We look at your leg.", "Some leg veins ache.", "What we tell our patients"):
        expect(page.get_by_text(words).first).to_be_visible()
    page.goto("/treatments/care-of-leg-veins/")
    for word in ("Needle", "Balloon", "Bone cement"):
        expect(page.get_by_text(word, exact=True)).to_have_count(0)
    page.context.close()
