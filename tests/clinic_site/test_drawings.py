"""This site's own drawings: small, without text, readable light and dark, each with its words."""

import gzip
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from playwright.sync_api import Browser

from clinic_site.markdown import parse, render
from clinic_site.pictures import DRAWINGS, drawing_size
from tests.running import Site
from tests.visitor import Visitor

FILES = sorted(DRAWINGS.glob("*.svg"))
STEPS = {"vertebroplasty": 3, "kyphoplasty": 4, "sacroplasty": 2}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_drawing_is_small_and_holds_nothing_but_shapes(path: Path) -> None:
    svg = path.read_text()

    assert len(gzip.compress(path.read_bytes())) <= 6_000
    assert drawing_size(path.stem)
    tags = {element.tag.split("}")[1] for element in ElementTree.fromstring(svg).iter()}
    assert not tags & {"text", "tspan", "image", "script", "foreignObject", "a", "animate"}
    assert re.findall(r'href="(?!#)', svg) == []
    assert "prefers-color-scheme:dark" in svg.replace(" ", "")


@pytest.mark.parametrize("treatment", STEPS)
def test_each_treatment_is_shown_step_by_step_with_words_for_each(
    visitor: Visitor, treatment: str
) -> None:
    page = visitor.get(f"/treatments/{treatment}/").text

    steps = re.search(r'<section id="procedure".*?</section>', page, re.DOTALL)
    assert steps
    shown = re.findall(
        r'<img src="/static/img/([\w-]+)\.\w+\.svg" alt="([^"]+)" width="320" height="220" loading="lazy">',
        steps[0],
    )
    assert [name for name, _alt in shown] == [
        f"{treatment}-{number}" for number in range(1, STEPS[treatment] + 1)
    ]
    assert all(len(alt.split()) > 5 for _name, alt in shown)


@pytest.mark.one_database
def test_every_picture_of_a_page_loads_in_a_browser(chromium: Browser, site: Site) -> None:
    page = chromium.new_page(base_url=site.address)
    page.goto("/conditions/spinal-compression-fractures/")
    for picture in page.locator("img").all():
        picture.scroll_into_view_if_needed()
        picture.evaluate("picture => picture.decode()")
    page.close()


@pytest.mark.django_db
def test_a_picture_that_is_gone_leaves_the_text_as_it_is() -> None:
    assert render("It goes in. ![A needle](drawing:nowhere)") == "<p>It goes in. </p>\n"
    assert render("![A needle](picture:0)") == "<p></p>\n"
    assert render("![A needle](https://elsewhere.example/x.png)") == "<p></p>\n"
    assert drawing_size("../../etc/passwd") is None


def test_the_words_of_a_picture_cannot_end_its_tag() -> None:
    html = render('![A "needle" > <b>](drawing:spine)')

    assert 'alt="A &quot;needle&quot; &gt; &lt;b&gt;"' in html


def test_icons_are_there_for_browsers_that_know_no_svg(visitor: Visitor) -> None:
    page = visitor.get("/").text
    for rel in ("icon", "apple-touch-icon"):
        found = re.search(rf'<link rel="{rel}" href="([^"]+)"', page)
        assert found
        assert visitor.get(found[1]).status == 200
    icon = visitor.get("/favicon.ico")
    assert icon.status == 302
    assert visitor.get(icon.headers["Location"]).headers["Content-Type"] == "image/png"
    assert (settings.BASE_DIR / "static" / "img" / "icon-180.png").stat().st_size < 3_000


def test_the_words_of_a_picture_are_plain() -> None:
    html = render("![A **bold** sign\nof [one](/contact/)](drawing:spine)")

    assert 'alt="A bold sign of one"' in html


def test_the_first_cell_of_each_row_heads_it() -> None:
    rows = "".join(f"| Row {number} | **a** | b |\n" for number in range(3))
    tokens = [token.type for token in parse(f"| Name | A | B |\n|---|---|---|\n{rows}")]

    assert [tokens.count(kind) for kind in ("th_open", "th_close", "td_open", "td_close")] == [
        *(6, 6),
        *(6, 6),
    ]
    html = render(f"| Name | A | B |\n|---|---|---|\n{rows}")
    assert html.count('<th scope="col">') == 3
    assert html.count('<tr>\n<th scope="row">Row ') == 3
    assert html.count("<td>") == 6
