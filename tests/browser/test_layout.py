"""Where things stand: what a reader sees first, one right edge, and nothing said twice."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.journeys import State, show
from tests.clinic_site.test_drawings import NARROWEST
from tests.running import Site

CONDITION = "/conditions/spinal-compression-fractures/"
PHONE = State()
LARGE_TEXT = State(text=200)
WIDTHS = (360, 768, 1280, 1920)


def top(page: Page, selector: str) -> float:
    found = page.locator(selector).first.bounding_box()
    assert found is not None, f"{selector} is not shown"
    return found["y"]


@pytest.mark.parametrize("faces", ["our faces", "the system's faces"])
def test_a_phones_first_screen_has_four_signs_of_911(
    chromium: Browser, site: Site, faces: str
) -> None:
    context = chromium.new_context(
        base_url=site.address, viewport={"width": PHONE.width, "height": PHONE.height}
    )
    if faces == "the system's faces":
        context.route("**/*.woff2", lambda route: route.abort())
    page = context.new_page()
    page.goto(CONDITION)
    page.reload()  # our faces are shown once they are there; the first visit may be before that
    assert page.evaluate("[...document.fonts].some(face => face.status === 'loaded')") == (
        faces == "our faces"
    )

    bar = top(page, ".reach")
    signs = [each.bounding_box() for each in page.locator("#emergency li").all()]

    whole = [box for box in signs if box and box["y"] + box["height"] <= bar]
    assert len(whole) >= 4
    # Nothing but the title stands above the card.
    above = page.locator("main > .page > *:visible").evaluate_all(
        "(all, end) => all.filter(e => e.getBoundingClientRect().bottom < end).map(e => e.tagName)",
        top(page, "#emergency"),
    )
    assert above == ["H1"]
    context.close()


def test_with_large_text_title_and_emergency_come_first(phone_page: Page) -> None:
    # Given a phone on which someone has doubled the size of text,
    phone_page.goto(CONDITION)
    show(phone_page, LARGE_TEXT)

    # then the title and the card about 911 are on the first screen,
    assert top(phone_page, "h1") <= 250
    assert top(phone_page, "#emergency") <= PHONE.height
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= PHONE.width
    # and the menu is one tap away, as are calling and asking.
    menu = phone_page.get_by_role("navigation", name="Main")
    expect(menu.get_by_role("link", name="Physicians")).not_to_be_visible()
    menu.get_by_text("Menu").click()
    expect(menu.get_by_role("link", name="Physicians")).to_be_visible()
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= PHONE.width
    expect(phone_page.get_by_role("link", name="Call 605-217-5617").first).to_be_visible()
    expect(phone_page.get_by_role("link", name="Ask for an appointment").first).to_be_visible()


def test_the_menu_says_where_one_is(phone_page: Page) -> None:
    for path, word, here in (
        ("/conditions/", "Conditions", "page"),
        (CONDITION, "Conditions", "true"),
        ("/physicians/", "Physicians", "page"),
    ):
        phone_page.goto(path)
        current = phone_page.locator(".menu [aria-current]")
        expect(current).to_have_text(word)
        expect(current).to_have_attribute("aria-current", here)


@pytest.mark.parametrize("path", [CONDITION, "/treatments/vertebroplasty/"])
def test_text_cards_rules_and_tables_end_at_one_edge(phone_page: Page, path: str) -> None:
    phone_page.goto(path)
    parts = ".page .care, .short, .emergency-line, .rest > section, .rest .rows, .rest section > table, .fold"
    for width in WIDTHS:
        show(phone_page, State(width=width))

        edges = phone_page.locator(parts).evaluate_all(
            "all => all.filter(e => !e.closest('#causes')).map(e => e.getBoundingClientRect().right)"
        )

        assert len(edges) > 8
        assert max(edges) - min(edges) < 1, width


def test_a_phone_leads_to_the_contents_and_back(phone_page: Page) -> None:
    phone_page.goto(CONDITION)

    phone_page.get_by_role("link", name="What is on this page").click()
    contents = phone_page.get_by_role("navigation", name="On this page")
    expect(contents).to_be_in_viewport()
    contents.get_by_role("link", name="Sources").click()
    expect(phone_page.locator("#sources")).to_be_in_viewport()
    expect(contents).not_to_be_in_viewport()
    phone_page.locator(".up:visible a").last.click()
    expect(contents).to_be_in_viewport()


def test_on_a_desk_the_contents_show_the_section_one_reads(phone_page: Page) -> None:
    phone_page.goto(CONDITION)
    show(phone_page, State(width=1280, height=800))

    for name in ("recovery", "diagnosis"):
        phone_page.locator(f"#{name}").evaluate("e => e.scrollIntoView()")
        phone_page.wait_for_function(
            "href => document.querySelector('.contents :target-current')?.hash === href",
            arg=f"#{name}",
        )
        expect(phone_page.locator(".contents")).to_be_in_viewport()
        expect(phone_page.locator(".page > .talk")).to_be_in_viewport()


def test_drawings_are_wide_enough_for_their_labels(phone_page: Page) -> None:
    phone_page.goto(CONDITION)
    for width in WIDTHS:
        show(phone_page, State(width=width))

        widths = phone_page.evaluate(
            """() => [...document.querySelectorAll('main img')].filter(img => !img.closest('.rows'))
              .map(img => { const style = getComputedStyle(img); return img.clientWidth
                - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight); })"""
        )

        assert widths
        assert min(widths) >= NARROWEST, width  # narrower, a drawing leaves its labels out
