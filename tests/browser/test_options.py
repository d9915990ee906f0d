"""The choices side by side, on a desk and on a phone."""

import pytest
from playwright.sync_api import Page

from tests.browser.journeys import State, show

CONDITION = "/conditions/spinal-compression-fractures/"
CHOICES = ["Care without a procedure", "Vertebroplasty", "Kyphoplasty", "Sacroplasty"]
ROW = "#treatments .options >> nth=0 >> tbody >> nth=0 >> td"


def test_the_choices_stand_side_by_side_or_in_groups_with_their_names(phone_page: Page) -> None:
    page = phone_page
    page.goto(CONDITION)
    cells = page.locator(ROW).all()
    for width, columns in ((1280, 4), (768, 4), (360, 1), (320, 1)):
        show(page, State(width=width))

        places = [cell.bounding_box() or pytest.fail("It does not show.") for cell in cells]
        names = [
            cell.evaluate("cell => getComputedStyle(cell, '::before').content").strip('"')
            for cell in cells
        ]

        assert len({place["x"] for place in places}) == columns, width
        assert len({place["y"] for place in places}) == (4 if columns == 1 else 1), width
        assert names == (CHOICES if columns == 1 else ["none"] * 4), width
        for link in page.locator("#treatments thead a").all():
            assert link.is_visible()


def test_four_rows_show_and_four_open_when_asked_for(phone_page: Page) -> None:
    page = phone_page
    page.goto(CONDITION)
    rows = page.locator("#treatments .options [scope=rowgroup]")

    def seen() -> list[str]:
        # Not as it is laid out: what stands far down a page is not, before someone comes near.
        texts = [each.text_content() or "" for each in rows.all() if each.is_visible()]
        return [text.strip() for text in texts]

    assert seen() == ["What it is", "What studies found", "Harms", "What is not known"]
    page.get_by_text("The goal, who it may suit").click()
    assert seen()[4:] == [
        *("The goal", "Who it may suit, and who not", "What it is like"),
        *("How long it takes", "When pain eases"),
    ]
    for width in (1280, 360, 320):
        show(page, State(width=width))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
