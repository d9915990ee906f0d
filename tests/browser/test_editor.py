"""Whoever types in a page's editor tries to lose the words, and finds every one of them again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Route, expect

from clinic_site.access.roles import Role
from tests.browser.test_accessibility import assert_accessible, by_turns, open_page
from tests.commands import PROJECT
from tests.forms import tree_of
from tests.running import Site

CHANGE = "/admin/conditions/condition/5/change/"
SYMPTOMS = "#field-section-symptoms-body"
TESTS = "#field-section-diagnosis-body"
WORDS = "It hurts when you <stand> & when you cough.\n\nIt is better when you lie down."
NAMES = iter(f"writer{number}" for number in range(1, 100))


class Writer:
    """Someone who edits a page, in tabs of one browser."""

    def __init__(self, chromium: Browser, site: Site) -> None:
        self.site = site
        self.name = next(NAMES)
        self.page = open_page(chromium, site)
        self.asked: list[str] = []
        self.sign_in()
        self.page.goto(f"{CHANGE}#section-symptoms")
        self.page.on("dialog", self._go_on)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def _go_on(self, dialog: Dialog) -> None:
        self.asked.append(dialog.type)
        dialog.accept()

    def sign_in(self, name: str = "") -> None:
        self.site.sign_in_as(self.context, Role.EDITOR, name=name or self.name)

    def type(self, words: str = WORDS, field: str = SYMPTOMS) -> None:
        self.page.locator(field).fill(words)

    def is_told(self, words: str) -> None:
        expect(self.page.locator(".edit [role=status]")).to_contain_text(words)

    def waits_for(self, something: list[Any]) -> None:
        """Let the browser go on until something is there."""
        for _step in range(200):
            if something:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("Nothing came within ten seconds.")

    def finds(self, words: str = WORDS, field: str = SYMPTOMS) -> None:
        """Whoever opens the page anew reads this, and needs nothing that the browser keeps."""
        for _step in range(200):
            page = tree_of(self.context.request.get(CHANGE).text())
            texts = {f"#{each.get('id')}": each.text for each in page.iter("textarea")}
            if (texts[field] or "").removeprefix("\n") == words:
                return
            self.page.wait_for_timeout(50)
        assert texts[field] == words


@pytest.fixture
def writer(chromium: Browser, site: Site) -> Iterator[Writer]:
    writer = Writer(chromium, site)
    yield writer
    assert writer.page.evaluate("window.violations ?? []") == []
    writer.context.close()


def test_the_script_is_small() -> None:
    assert len(brotli.compress(Path(PROJECT, "static/js/editor.js").read_bytes())) <= 12_000


def test_save_goes_on_in_the_section_in_hand(writer: Writer) -> None:
    writer.type("It hurts at night.")
    writer.page.get_by_role("button", name="Save", exact=True).click()

    expect(writer.page.get_by_text("Saved as a draft.")).to_be_visible()
    expect(writer.page.locator(SYMPTOMS)).to_be_visible()
    in_hand = writer.page.locator(".outline [aria-current=true]")
    expect(in_hand).to_contain_text("Symptoms")
    writer.type("It hurts at night and by day.")
    expect(writer.page.get_by_text("Saved as a draft.")).to_have_count(0)  # it is not so any more


def test_words_are_kept_while_the_writer_thinks(writer: Writer) -> None:
    writer.type()
    writer.is_told("Kept at")
    writer.finds()

    writer.type(f"{WORDS} And at night.")
    with writer.page.expect_response("**/autosave/") as sent:
        pass
    assert sent.value.request.headers["x-background"] == "typed"
    posted = sent.value.request.post_data or ""
    assert "section-symptoms-body" in posted
    assert "section-diagnosis-body" not in posted
    writer.finds(f"{WORDS} And at night.")

    sent.value.finished()
    writer.page.evaluate("new Promise(done => setTimeout(done))")  # until the page has read it
    writer.page.reload()
    assert writer.asked == []
    expect(writer.page.locator(SYMPTOMS)).to_have_value(f"{WORDS} And at night.")
    assert_accessible(writer.page, by_turns(1))


def test_words_are_there_after_a_preview_and_back(writer: Writer) -> None:
    writer.type()
    writer.page.get_by_role("button", name="Preview").click()
    expect(writer.page.get_by_text("It is better when you lie down.")).to_be_visible()
    writer.page.go_back()
    expect(writer.page.locator(SYMPTOMS)).to_have_value(WORDS)
    writer.type(f"{WORDS} And at night.")
    writer.is_told("Kept at")
    writer.finds(f"{WORDS} And at night.")
    assert writer.asked == []


@pytest.mark.parametrize("how", ["reload", pytest.param("link", marks=pytest.mark.soak), "close"])
def test_who_leaves_in_the_middle_of_a_word_is_asked_and_loses_nothing(
    writer: Writer, how: str
) -> None:
    writer.type()
    if how == "reload":
        writer.page.reload()
    elif how == "link":
        writer.page.get_by_role("link", name="Home").first.click()
        writer.page.wait_for_url("**/admin/")
    else:
        tab, writer.page = writer.page, writer.context.new_page()
        with tab.expect_event("dialog"):
            tab.close(run_before_unload=True)
        writer.page.goto("/admin/")
    assert writer.asked == ["beforeunload"]
    writer.finds()


def test_what_is_typed_while_save_waits_is_kept_beside_what_it_saves(writer: Writer) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            waiting.append(route)
        else:
            route.continue_()

    writer.page.route("**/change/", hold)
    writer.type("It hurts at night.")
    writer.page.locator(SYMPTOMS).press("ControlOrMeta+End")
    # Not by a click: whatever touches an element waits for what the click began.
    writer.page.evaluate("setTimeout(() => document.querySelector('[name=_save]').click())")
    writer.waits_for(waiting)
    writer.page.keyboard.type(" And at dawn.")
    waiting[0].continue_()

    expect(writer.page.get_by_text("Saved as a draft.")).to_be_visible()
    writer.finds("It hurts at night. And at dawn.")
    assert writer.asked == []


def test_who_leaves_while_older_words_are_on_their_way_finds_the_newer_ones(writer: Writer) -> None:
    on_its_way: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if on_its_way:
            route.continue_()
        else:
            on_its_way.append(route)

    writer.page.route("**/autosave/", hold_the_first)
    writer.type("It hurts at noon.")
    writer.waits_for(on_its_way)
    writer.type("It hurts at noon. And at dusk.")
    writer.page.goto("/admin/")

    writer.finds("It hurts at noon. And at dusk.")


def test_where_links_of_the_page_lead_all_that_was_typed_is_told(writer: Writer) -> None:
    writer.type()
    writer.page.get_by_role("link", name="Discard", exact=True).click()
    expect(writer.page.locator("del").filter(has_text="<stand>")).to_be_visible()
    writer.page.go_back()
    writer.type("It hurts at dusk.")
    writer.page.get_by_role("link", name="History", exact=True).click()
    expect(writer.page.locator("ins").filter(has_text="dusk").first).to_be_attached()
    assert writer.asked == []


def test_the_text_of_a_long_page_is_kept_when_its_writer_leaves(writer: Writer) -> None:
    long = "Rest and walk in turns. " * 4_000
    writer.type(long)
    writer.is_told("Kept at")
    writer.page.goto(f"{CHANGE}#section-diagnosis")
    writer.type(WORDS, TESTS)
    writer.page.goto("/admin/")
    assert writer.asked == ["beforeunload"]
    writer.finds(long)
    writer.finds(WORDS, TESTS)


def test_words_wait_in_the_page_until_the_connection_is_back(writer: Writer) -> None:
    writer.context.set_offline(True)
    writer.type()
    writer.is_told("Not connected.")
    writer.page.get_by_role("button", name="Save", exact=True).click()
    expect(writer.page.locator(SYMPTOMS)).to_have_value(WORDS)
    writer.context.set_offline(False)
    writer.is_told("Kept at")
    writer.finds()


def test_words_wait_in_the_page_until_their_writer_signs_in(writer: Writer) -> None:
    writer.context.clear_cookies()
    writer.type()
    writer.is_told("You are signed out.")

    writer.sign_in("colleague")
    writer.page.evaluate("dispatchEvent(new Event('focus'))")
    writer.is_told("Someone else is signed in now.")
    colleague = writer.context.new_page()
    colleague.goto(CHANGE)
    expect(colleague.locator(SYMPTOMS)).not_to_have_value(WORDS)
    colleague.close()

    writer.context.clear_cookies()
    writer.sign_in()
    writer.page.evaluate("dispatchEvent(new Event('focus'))")
    writer.is_told("Kept at")
    writer.finds()


def test_two_tabs_of_one_writer_are_put_together(writer: Writer) -> None:
    other = writer.context.new_page()
    other.goto(f"{CHANGE}#section-diagnosis")
    writer.type("It can hurt for weeks.")
    writer.is_told("Kept at")
    other.locator(TESTS).fill("We take a picture.")
    expect(other.locator(".edit [role=status]")).to_contain_text("Kept at")
    other.close()
    writer.page.get_by_role("button", name="Save", exact=True).click()
    expect(writer.page.get_by_text("Saved as a draft.")).to_be_visible()
    expect(writer.page.locator(SYMPTOMS)).to_have_value("It can hurt for weeks.")
    expect(writer.page.locator(TESTS)).to_have_value("We take a picture.")
    assert writer.asked == []


@pytest.mark.soak
def test_two_writers_see_each_other_in_the_page(
    writer: Writer, chromium: Browser, site: Site
) -> None:
    other = Writer(chromium, site)
    other.page.goto(f"{CHANGE}#section-diagnosis")
    # Not what it told when it was opened, which may still be on its way.
    with other.page.expect_response(
        lambda told: "section-diagnosis" in (told.request.post_data or "")
    ):
        other.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    with writer.page.expect_response("**/here/") as asked:
        writer.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert asked.value.request.headers["x-background"] == "1"
    told = f"{other.name} is here, in “Diagnosis”."
    expect(writer.page.locator(".here")).to_contain_text(told)
    writer.page.reload()
    expect(writer.page.locator(".here")).to_contain_text(other.name)
    assert_accessible(writer.page)
    other.context.close()


def test_the_page_beside_the_text_shows_each_word_and_leads_nowhere(writer: Writer) -> None:
    writer.page.set_viewport_size({"width": 1440, "height": 900})
    frame = writer.page.frame_locator("#live-preview")
    expect(frame.locator("main")).to_be_visible()
    writer.type()
    expect(frame.get_by_text("It is better when you lie down.")).to_be_visible()
    frame.locator("a[href^='/']").first.click()
    expect(frame.get_by_text("It is better when you lie down.")).to_be_visible()
    assert writer.page.url.endswith(f"{CHANGE}#section-symptoms")
    writer.is_told("Kept at")
