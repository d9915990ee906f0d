"""On paper: the condition page, whose first sheet has what matters at once, and a request."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.journeys import sign_in
from tests.running import Site

CONDITION = "/conditions/spinal-compression-fractures/"
MILLIMETRE = 96 / 25.4  # in CSS pixels
MARGINS = 2 * 14  # static/css/print.css
SHEETS = {"Letter": (215.9, 279.4), "A4": (210, 297)}


@pytest.fixture(scope="module")
def paper(chromium: Browser, site: Site):
    page = chromium.new_page(base_url=site.address)
    page.goto(CONDITION)
    page.emulate_media(media="print")
    yield page
    page.close()


def box(page: Page, selector: str) -> dict[str, float]:
    found = page.locator(selector).first.bounding_box()
    assert found is not None, f"{selector} is not on the paper"
    x, y, width, height = found["x"], found["y"], found["width"], found["height"]
    return {"x": x, "y": y, "width": width, "end": y + height}


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_first_sheet_has_what_a_reader_takes_to_the_visit(paper: Page, sheet: str) -> None:
    width, height = ((side - MARGINS) * MILLIMETRE for side in SHEETS[sheet])
    paper.set_viewport_size({"width": int(width), "height": int(height)})

    phone, emergency, today, short, questions, review = (
        box(paper, selector)
        for selector in (
            *(".top .phone", "#emergency", "#see-doctor"),
            *(".short", "#questions", ".review"),
        )
    )

    assert phone["end"] < emergency["y"] < emergency["end"] <= today["y"]
    assert today["end"] <= min(short["y"], questions["y"])
    assert questions["x"] > short["x"] + short["width"]
    assert max(short["end"], questions["end"]) <= review["y"]
    assert review["end"] < height
    assert review["end"] < box(paper, "#overview")["y"]
    breaks = "element => getComputedStyle(element).breakBefore"
    assert paper.locator("#overview").evaluate(breaks) == "page"


def test_no_way_around_the_site_and_no_block_of_ink_is_on_paper(paper: Page) -> None:
    for selector in (
        ".menu",
        ".contents",
        ".skip",
        ".actions",
        ".back",
        ".foot ul",
        ".up",
        ".talk",
    ):
        for each in paper.locator(selector).all():
            assert not each.is_visible(), selector
    filled = paper.evaluate(
        """() => [...document.querySelectorAll('body *')].filter(e => {
            const style = getComputedStyle(e);
            return e.offsetHeight && style.backgroundColor !== 'rgba(0, 0, 0, 0)'
              && style.backgroundColor !== 'rgb(255, 255, 255)';
        }).map(e => e.className || e.tagName)"""
    )
    assert filled == []


def test_what_is_folded_is_on_paper(paper: Page) -> None:
    folds = paper.locator(".fold").all()

    assert folds
    for fold in folds:
        assert fold.get_attribute("open") is None
        for part in fold.locator("p, li, td").all():
            assert part.is_visible()
            assert (part.bounding_box() or {"height": 0})["height"] > 0


def test_nothing_is_parted_from_its_introduction(paper: Page) -> None:
    introductions = paper.locator(
        ".page :is(h2, h3, caption, summary, p:has(+ ul), p:has(+ ol), p:has(+ .people))"
    )

    breaks = introductions.evaluate_all("all => all.map(e => getComputedStyle(e).breakAfter)")

    assert len(breaks) > 10
    assert set(breaks) == {"avoid"}


def test_sources_are_printed_with_their_addresses(paper: Page) -> None:
    after = paper.locator("#source-3 > a").evaluate("a => getComputedStyle(a, '::after').content")

    assert "aafp.org" in after


def test_it_prints_on_few_sheets(chromium: Browser, site: Site) -> None:
    page = chromium.new_page(base_url=site.address)
    page.goto(CONDITION)
    pdf = page.pdf(format="Letter", prefer_css_page_size=True)
    page.close()

    assert 5 <= len(re.findall(rb"/Type /Page\b", pdf)) <= 10


def test_a_request_prints_as_what_was_asked_and_nothing_to_press(
    chromium: Browser, site: Site
) -> None:
    page = chromium.new_page(base_url=site.address)
    sign_in(page, site)
    number = site.manage(
        *("shell", "--verbosity=0", "-c"),
        "from tests.make import make_request; print(make_request(message='It hurts.').pk)",
    ).strip()
    page.goto(f"/admin/appointments/appointmentrequest/{number}/change/")
    page.emulate_media(media="print")

    expect(page.get_by_text("It hurts.")).to_be_visible()
    expect(page.get_by_text("Private: shred it after use.")).to_be_visible()
    for selector in ("#header", ".breadcrumbs", "#nav-sidebar", "form", "button", "textarea"):
        for each in page.locator(selector).all():
            assert not each.is_visible(), selector
    width = page.evaluate("document.querySelector('.asked').getBoundingClientRect().width")
    assert width > page.evaluate("innerWidth") * 0.9
    page.close()
