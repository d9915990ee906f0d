"""An editor who knows no Markdown writes with the bar above the text, by pointer and by keyboard."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from clinic_site.access.roles import Role
from tests.browser.journeys import State
from tests.browser.test_accessibility import assert_accessible, by_turns, open_page
from tests.browser.test_keyboard import DESK, LOOK, go_to, show
from tests.browser.test_small_screens import LARGE_TEXT, ZOOMED
from tests.running import Site

CHANGE = "/admin/conditions/condition/5/change/"
WIDE = State(width=1440, height=900)


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    page = open_page(chromium, site)
    site.sign_in_as(page.context, Role.EDITOR, name="barry")
    page.goto(f"{CHANGE}#section-symptoms")
    yield page
    assert page.evaluate("window.violations") == []
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/admin/")
    page.context.close()


@pytest.fixture
def text(page: Page) -> Locator:
    return page.locator("[name=section-symptoms-body]")


def press(page: Page, name: str, part: str = "section-symptoms") -> None:
    bar = page.locator(f"[id='{part}']").get_by_role("toolbar").first
    bar.get_by_role("button", name=name).click()


def select(text: Locator, words: str) -> None:
    """Select these words, "" for none with the caret at the end."""
    text.evaluate(
        "(field, words) => { const start = words ? field.value.indexOf(words) : field.value.length;"
        "field.focus(); field.setSelectionRange(start, start + words.length); }",
        words,
    )


PASTED = "• pain\n•\tnumb legs\n· heat"
LIST = "- pain\n- numb legs\n- heat"
# What is typed, what of it is selected, the button, and what it becomes.
MARKED = [
    ("It hurts a lot.", "a lot", "Bold", "It hurts **a lot**."),
    ("It hurts a lot.", " a lot.", "Bold", "It hurts **a lot.**"),
    ("It **hurts** a lot.", "hurts", "Bold", "It hurts a lot."),
    ("- one\n- two", "- one\n- two", "Bold", "- **one**\n- **two**"),
    ("It hurts", "", "Bold", "It **hurts**"),
    (PASTED, PASTED, "List", LIST),
    (f"You feel:\n{PASTED}", "", "List", f"You feel:\n{LIST}"),
    ("• pain\n\n1) numb legs\n\n-heat", "• pain\n\n1) numb legs\n\n-heat", "List", LIST),
    ("Then:\n-\u00a0pain", "", "List", "Then:\n- pain"),
    ("• pain\nThen call.", "• pain", "List", "- pain\n\nThen call."),
    (LIST, LIST, "List", "pain\nnumb legs\nheat"),
    ("*Rest* helps", "", "List", "- *Rest* helps"),
    ("2016. A year", "", "List", "- 2016. A year"),
    ("At home", "", "Heading", "### At home"),
    ("##At home", "", "Heading", "### At home"),
    ("### At home", "", "Heading", "At home"),
    ("See our page.", "our page", "Link", "See [our page](https://)."),
    ("See /contact/", "/contact/", "Link", "See [](/contact/)"),
    ("See this.[^clinic]", "this.[^clinic]", "Link", "See [this.](https://)[^clinic]"),
    ("It hurts.", "", "100 people", "It hurts.\n\n::: people Of 100 people:\n\n-  in 100 \n:::"),
]


def test_a_mark_does_what_its_name_says_and_can_be_undone(page: Page, text: Locator) -> None:
    for typed, selected, button, becomes in MARKED:
        text.fill(typed)
        select(text, selected)
        press(page, button)
        expect(text).to_be_focused()
        expect(text).to_have_value(becomes)
        page.keyboard.press("ControlOrMeta+Z")
        expect(text).to_have_value(typed)

    press(page, "100 people")
    page.keyboard.type("44")
    expect(text).to_have_value("It hurts.\n\n::: people Of 100 people:\n\n- 44 in 100 \n:::")


def test_a_source_is_found_in_a_list_or_made_in_place(page: Page, text: Locator) -> None:
    text.fill("It hurts.")
    press(page, "Source …")
    dialog = page.get_by_role("dialog", name="Cite a source")
    dialog.get_by_label("Find").fill("no such words")
    expect(dialog.get_by_text("No source has these words.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert_accessible(page, by_turns(0))
    dialog.get_by_label("Find").fill("family physician 2016")
    dialog.get_by_role("button", name="Diagnosis and Management").click()
    expect(text).to_be_focused()
    expect(text).to_have_value("It hurts.[^aafp-2016]")

    press(page, "Source …")
    dialog.get_by_text("A new source").click()
    dialog.get_by_label("Title").fill("How backs ache")
    dialog.get_by_label("Publisher").fill("Été & Sons")
    dialog.get_by_label("Year").fill("2020")
    assert_accessible(page, by_turns(1))
    with page.expect_response(lambda answer: "ete-2020" in (answer.request.post_data or "")):
        dialog.get_by_role("button", name="Add and cite it").click()
    expect(text).to_have_value("It hurts.[^aafp-2016][^ete-2020]")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as a draft.")).to_be_visible()
    expect(page.locator("#section-symptoms .error")).to_have_count(0)
    expect(page.locator("[name=source-ete-2020-title]")).to_have_value("How backs ache")
    expect(page.locator("[name=source-ete-2020-publisher]")).to_have_value("Été & Sons")


def test_a_picture_and_a_care_card_are_chosen(page: Page, text: Locator) -> None:
    text.fill("It hurts.\n\nAt night.")
    select(text, "It hurts.")
    press(page, "Picture …")
    page.get_by_role("dialog").get_by_role("button", name="Drawing: spine").click()
    page.keyboard.type("A spine from the side")
    expect(text).to_have_value("It hurts.![A spine from the side](drawing:spine)\n\nAt night.")

    text.fill("It hurts.\n\n• a new pain\n• a fever\n\nAt night.")
    select(text, "• a new pain\n• a fever")
    press(page, "Care card …")
    page.get_by_role("dialog").get_by_role("button", name="Today").click()
    card = "::: today Call us today if you have:\n\n- a new pain\n- a fever\n:::"
    expect(text).to_have_value(f"It hurts.\n\n{card}\n\nAt night.")


def test_the_bar_by_keyboard_alone(page: Page, text: Locator) -> None:
    show(page, DESK)
    text.fill("It hurts.")
    text.focus()
    page.keyboard.press("End")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Bold").first).to_be_focused()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        page.evaluate("window.stops = new Set()")
        assert page.evaluate(LOOK) == ""
    page.keyboard.press("Enter")
    page.keyboard.type("family physician 2016")
    page.keyboard.press("Enter")
    expect(text).to_have_value("It hurts.[^aafp-2016]")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#section-symptoms [data-mark=source]")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#section-symptoms [data-mark=source]")).to_be_focused()
    go_to(page, page.get_by_role("button", name="Remove this section"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(text).to_have_value("It hurts.[^aafp-2016]")


def test_the_bar_fits_and_can_be_hit(page: Page) -> None:
    for state in (State(), State(width=320), LARGE_TEXT, ZOOMED):
        show(page, state)
        assert page.evaluate("document.documentElement.scrollWidth") <= state.width, state
        for button in page.locator("#section-symptoms .marks button").all():
            box = button.bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 44
        press(page, "Source …")
        dialog = page.get_by_role("dialog").bounding_box()
        assert dialog
        assert dialog["x"] >= 0
        assert dialog["x"] + dialog["width"] <= state.width
        page.keyboard.press("Escape")


@pytest.mark.soak
def test_the_preview_is_as_wide_as_a_phone_or_a_desk(page: Page, text: Locator) -> None:
    show(page, WIDE)
    frame = page.frame_locator("#live-preview")
    expect(frame.locator("main")).to_be_visible()
    assert frame.locator("html").evaluate("page => page.clientWidth") < 480
    assert_accessible(page, [WIDE])
    show(page, WIDE)
    page.get_by_role("button", name="Desk").click()
    assert frame.locator("html").evaluate("page => page.clientWidth") > 1200
    assert_accessible(page, [WIDE, State(width=1440, height=900, dark=True)])
    show(page, WIDE)
    page.reload()
    expect(page.get_by_role("button", name="Desk")).to_have_attribute("aria-pressed", "true")
    page.evaluate("localStorage.clear()")


def test_without_a_script_there_is_no_bar(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.address, java_script_enabled=False)
    site.sign_in_as(context, Role.EDITOR, name="barry")
    page = context.new_page()
    page.goto(f"{CHANGE}#section-symptoms")
    expect(page.locator("[name=section-symptoms-body]")).to_be_visible()
    expect(page.get_by_role("button", name="Bold")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    context.close()
