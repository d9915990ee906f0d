"""Lists are put in order in the editor, and errors followed, with a script and without."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Request, expect

from clinic_site.access.roles import Role
from tests.browser.test_accessibility import NOTE_VIOLATIONS, assert_accessible, by_turns
from tests.running import Site

NAMES = iter(f"sorter{number}" for number in range(1, 100))
MAKE = """
from tests.make import *
refs = [make_treatment(slug=f"{name}-{n}", title=f"Way {n}").ref for n in (1, 2, 3)]
make_condition(slug=f"{name}-other", title=f"Other {name}")
page = make_condition(
    slug=name, key_points=["One.", "Two.", "Three."], treatments=refs[:2],
    sources=[Source(key=key, title=key) for key in ("survey", "atlas", "leaflet")],
)
print(page.pk)
"""
READ = """
import json
from conditions.models import Page
document = Page.objects.get(ref=name).draft.page_document
print(json.dumps(document.to_json()))
"""


@pytest.fixture(scope="module", autouse=True)
def _no_page_stays(site: Site) -> Iterator[None]:
    yield
    pages = "from conditions.models import Page; Page.objects.filter(ref__startswith='sorter')"
    site.shell(f"{pages}.delete()")


class Sorter:
    """An editor in a page of their own, which has three of most things."""

    def __init__(self, browser: Browser, site: Site, *, scripted: bool) -> None:
        self.site, self.name, self.scripted = site, next(NAMES), scripted
        context = browser.new_context(base_url=site.address, java_script_enabled=scripted)
        site.sign_in_as(context, Role.EDITOR, name=self.name)
        self.page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.add_init_script(NOTE_VIOLATIONS)
        pk = site.shell(f"name = {self.name!r}\n{MAKE}")
        self.change = f"/admin/conditions/condition/{pk}/change/"
        self.page.goto(self.change)
        self.loads: list[str] = []
        self.page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self.page.main_frame:
            self.loads.append(request.method)

    def open(self, entry: str) -> None:
        contents = self.page.get_by_role("navigation", name="Contents")
        contents.get_by_role("link", name=entry).click()

    def press(self, button: str, within: str, place: int = 0) -> None:
        part = self.page.locator(f"[id='{within}']")
        part.get_by_role("button", name=button, exact=True).nth(place).click()

    def save(self) -> None:
        self.page.get_by_role("button", name="Save", exact=True).click()
        expect(self.page.get_by_text("Saved as a draft.")).to_be_visible()

    def draft(self) -> dict[str, Any]:
        return json.loads(self.site.shell(f"name = {self.name!r}\n{READ}"))

    def is_told(self, words: str) -> None:
        if self.scripted:
            expect(self.page.locator("#done")).to_have_text(words)


@pytest.fixture(params=["with a script", pytest.param("without a script", marks=pytest.mark.soak)])
def sorter(request, chromium: Browser, site: Site) -> Iterator[Sorter]:
    sorter = Sorter(chromium, site, scripted=request.param == "with a script")
    yield sorter
    if sorter.scripted:
        assert sorter.page.evaluate("window.violations") == []
    sorter.page.context.close()


def test_lists_are_put_in_order_and_saved(sorter: Sorter) -> None:
    page = sorter.page
    sorter.open("Key points")
    sorter.press("Move up", "key_points", 1)  # the third, as the first has none
    sorter.is_told("It is number 2 of 3 now.")
    sorter.press("Remove", "key_points", 0)
    page.get_by_label("Another key point").fill("Four.")
    if sorter.scripted:
        expect(page.get_by_label("Key point 3")).to_have_value("Four.")
        page.get_by_label("Another key point").fill("Five.")
        sorter.press("Remove", "key_points", 3)

    sorter.open("Treatments and people")
    sorter.press("Move down", "treatments")
    sorter.is_told("It is number 2 of 2 now.")
    page.get_by_label("Add to: Treatments").select_option(f"{sorter.name}-3")
    sorter.press("Add", "treatments")
    sorter.press("Remove", "treatments", 1)
    sorter.is_told("Removed.")
    page.get_by_label("Add to: Related conditions").select_option(label=f"Other {sorter.name}")
    sorter.press("Add", "related")

    sorter.open("Sources")
    sorter.press("Move down", "source-survey")
    sorter.press("Remove", "source-leaflet")
    if sorter.scripted:
        expect(page.locator(".outline [aria-current=true]")).to_have_text("Sources")
        sorter.press("Add this source", "cited")
        expect(page.locator("[name=source_new-title]:invalid")).to_be_focused()
    page.locator("[name=source_new-title]").fill("How backs ache")
    page.locator("[name=source_new-publisher]").fill("Été & Sons")
    page.locator("[name=source_new-year]").fill("2020")
    sorter.press("Add this source", "cited")
    sorter.is_told("Added.")
    page.locator("[name=source-ete-2020-url]").fill("https://aches.example/")

    sorter.open("What it is")
    page.get_by_role("button", name="Remove this section").click()
    sorter.open("Add a section")
    expect(page.get_by_text("The page has a section of every kind.")).to_be_hidden()
    page.get_by_role("radio", name="Causes").check()
    sorter.press("Add", "add-section")
    page.locator("[name=section-causes-body]").fill("We do not know.")
    assert (sorter.loads == []) == sorter.scripted
    sorter.save()

    draft = sorter.draft()
    assert draft["key_points"] == ["Three.", "Two.", "Four."]
    assert draft["treatments"] == [f"{sorter.name}-2", f"{sorter.name}-3"]
    assert draft["related"] == [f"{sorter.name}-other"]
    assert [each["key"] for each in draft["sources"]] == ["atlas", "survey", "ete-2020"]
    assert draft["sources"][2]["url"] == "https://aches.example/"
    sections = {each["kind"]: (each["heading"], each["body"]) for each in draft["sections"]}
    assert list(sections) == ["emergency", "causes"]
    assert sections["causes"] == ("Causes", "We do not know.")


def test_an_error_leads_to_the_section_that_is_missing(sorter: Sorter) -> None:
    page = sorter.page
    page.goto(f"{sorter.change}#section-emergency")
    page.get_by_role("button", name="Remove this section").click()
    page.get_by_role("button", name="Publish …").click()
    errors = page.locator("#errors")
    expect(errors).to_contain_text("The page does not say yet when to call 911.")
    page.wait_for_load_state()  # with the script
    errors.get_by_role("link", name="Emergency").click()
    choice = page.get_by_role("radio", name="When to call 911")
    expect(choice).to_be_visible()
    if sorter.scripted:
        expect(choice).to_be_focused()
        expect(choice).to_be_checked()
        assert_accessible(page, by_turns(2))
    choice.check()
    sorter.press("Add", "add-section")
    page.locator("[name=section-emergency-body]").fill("- your legs are numb")
    sorter.save()
    assert draft_of(sorter, "emergency") == "- your legs are numb"


def draft_of(sorter: Sorter, kind: str) -> str:
    return next(each["body"] for each in sorter.draft()["sections"] if each["kind"] == kind)


def test_words_in_a_section_that_was_removed_are_found_again(sorter: Sorter) -> None:
    page = sorter.page
    sorter.open("What it is")
    page.locator("[name=section-overview-body]").fill("It hurts, and nobody saved this.")
    page.get_by_role("button", name="Remove this section").click()
    if sorter.scripted:
        expect(page.get_by_role("button", name="Undo")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[name=section-overview-body]")).to_be_visible()
        page.get_by_role("button", name="Remove this section").click()
        assert_accessible(page, by_turns(4))
    sorter.save()
    assert [each["kind"] for each in sorter.draft()["sections"]] == ["emergency"]
    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name="Number 2: what differs").click()
    expect(page.get_by_text("nobody saved this")).to_be_visible()


def test_what_comes_back_with_the_page_is_in_its_own_place(chromium: Browser, site: Site) -> None:
    sorter = Sorter(chromium, site, scripted=True)
    page = sorter.page
    sorter.open("Key points")
    page.get_by_label("Key point 3").fill("Three, and more.")
    sorter.press("Remove", "key_points", 0)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Three, and more.")).to_be_visible()
    page.go_back()
    sorter.save()
    assert sorter.draft()["key_points"] == ["Two.", "Three, and more."]
    page.context.close()


def test_what_was_added_kept_and_removed_does_not_come_back(chromium: Browser, site: Site) -> None:
    sorter = Sorter(chromium, site, scripted=True)
    page = sorter.page
    told = page.locator(".edit [role=status]")
    sorter.open("Sources")
    page.locator("[name=source_new-title]").fill("How backs ache")
    page.locator("[name=source_new-publisher]").fill("Été & Sons")
    with page.expect_response(
        lambda answer: "source-ete-title" in (answer.request.post_data or "")
    ):
        sorter.press("Add this source", "cited")
    expect(told).to_contain_text("Kept at")
    sorter.press("Remove", "source-ete")
    sorter.open("Add a section")
    page.get_by_role("radio", name="Causes").check()
    with page.expect_response(lambda answer: "causes-body" in (answer.request.post_data or "")):
        sorter.press("Add", "add-section")
    page.locator("[id=section-causes]").get_by_role("button", name="Remove this section").click()
    sorter.save()
    draft = sorter.draft()
    assert [each["key"] for each in draft["sources"]] == ["survey", "atlas", "leaflet"]
    assert "causes" not in [each["kind"] for each in draft["sections"]]
    page.context.close()
