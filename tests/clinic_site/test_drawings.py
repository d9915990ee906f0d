"""This site's own drawings: small, labelled, readable light and dark, and true to the anatomy."""

import gzip
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from clinic_site.markdown import parse, render
from clinic_site.pictures import DRAWINGS, picture_size
from tests.running import Site, Visitor

pytestmark = pytest.mark.on_sqlite

FILES = sorted(DRAWINGS.glob("*.svg"))
STEPS = {"vertebroplasty": 3, "kyphoplasty": 4, "sacroplasty": 2}
SIDE_VIEWS = [
    f"{name}-{n + 1}" for name in ("vertebroplasty", "kyphoplasty") for n in range(STEPS[name])
]
SHOWN = {  # what each step has in it; a balloon only in kyphoplasty, and out before the cement
    "vertebroplasty-1": {"needle"},
    "vertebroplasty-2": {"needle", "cement"},
    "vertebroplasty-3": {"cement"},
    "kyphoplasty-1": {"needle"},
    "kyphoplasty-2": {"needle", "balloon"},
    "kyphoplasty-3": {"needle", "cement"},
    "kyphoplasty-4": {"cement"},
    "sacroplasty-1": {"needle"},
    "sacroplasty-2": {"cement"},
}
LABELS = {
    "spine": "spinal canal fracture disc vertebral body vertebra",
    "where": "most common here",
    "vertebroplasty-1": "spinal canal",
    "vertebroplasty-2": "cement",
    "vertebroplasty-3": "cement",
    "kyphoplasty-1": "spinal canal",
    "kyphoplasty-2": "balloon",
    "kyphoplasty-3": "cement",
    "kyphoplasty-4": "cement",
    "sacroplasty-1": "hip bone needle sacrum",
    "sacroplasty-2": "hip bone cement sacrum",
}
NARROWEST = 240  # CSS pixels; drawn narrower, as on a card, a drawing leaves its labels out
# For each label its size, whether it is cut off or meets another one, and its least contrast with
# what lies under it; `ground` is the page's colour where a drawing has none of its own.
MEASURE_LABELS = """ground => {
  const light = rgb => {
    const [r, g, b] = rgb.match(/[\\d.]+/g).map(v => v / 255)
      .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + .05) / (low + .05);
  };
  const svg = document.documentElement, view = svg.viewBox.baseVal;
  const texts = [...svg.querySelectorAll("text")];
  for (const text of texts) text.style.pointerEvents = "none";
  const boxes = texts.map(text => text.getBBox());
  return texts.map((text, index) => {
    const box = boxes[index], style = getComputedStyle(text);
    const under = [];
    for (const across of [0, .25, .5, .75, 1]) for (const down of [.2, .5, .8]) {
      let shape = document.elementFromPoint(box.x + across * box.width, box.y + down * box.height);
      if (shape instanceof SVGUseElement) shape = document.querySelector(shape.getAttribute("href"));
      const drawn = shape && shape !== svg ? getComputedStyle(shape) : null;
      under.push(!drawn ? ground : drawn.fill !== "none" ? drawn.fill : drawn.stroke);
    }
    return {
      shown: style.display !== "none",
      size: parseFloat(style.fontSize) / view.width,
      cut: box.x < 0 || box.y < 0 || box.x + box.width > view.width || box.y + box.height > view.height,
      meets: boxes.some((other, i) => i !== index && box.x < other.x + other.width
        && other.x < box.x + box.width && box.y + 3 < other.y + other.height - 3
        && other.y + 3 < box.y + box.height - 3),
      contrast: Math.min(...under.map(colour => contrast(style.fill, colour))),
    };
  });
}"""
# The needle from its tip outwards, in steps of one unit: what each point lies in.
FOLLOW_NEEDLE = """() => {
  const [needle, ...shapes] = ["needle", "broken", "canal", "arch"].map(id => document.getElementById(id));
  const points = [];
  for (let at = 0; at <= needle.getTotalLength(); at++)
    points.push(shapes.map(shape => shape.isPointInFill(needle.getPointAtLength(at))));
  return points;
}"""
# What lies at each point along lines, each shape by its id or by that of what it repeats.
FOLLOW_LINES = """lines => [...document.querySelectorAll(lines)].map(line =>
  Array.from({length: Math.ceil(line.getTotalLength())}, (_, at) => {
    const {x, y} = line.getPointAtLength(at).matrixTransform(line.getScreenCTM());
    return document.elementsFromPoint(x, y).map(shape => shape.getAttribute("href") || "#" + shape.id);
  }))"""
# How high the broken bone stands near its front and at its back, in units of the drawing.
MEASURE_HEIGHTS = """() => [12, 88].map(x => {
  const bone = document.getElementById("broken");
  let height = 0;
  for (let y = -20; y <= 100; y++) height += bone.isPointInFill(new DOMPoint(x, y));
  return height;
})"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """A page for all of them."""
    page = chromium.new_page()
    yield page
    page.close()


@pytest.fixture
def drawing(page: Page) -> Page:
    """A page of a browser that opens a drawing by itself, at its own size."""
    page.set_viewport_size({"width": 400, "height": 400})
    page.emulate_media(color_scheme="light")
    return page


def address(name: str) -> str:
    return (DRAWINGS / f"{name}.svg").as_uri()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_drawing_is_small_and_holds_nothing_but_shapes_and_labels(path: Path) -> None:
    svg = path.read_text()

    assert len(gzip.compress(path.read_bytes())) <= 1_800
    assert picture_size(f"drawing:{path.stem}")
    tags = {element.tag.split("}")[1] for element in ElementTree.fromstring(svg).iter()}
    assert tags <= {"svg", "style", "defs", "clipPath", "g", "path", "rect", "use", "text"}
    assert re.findall(r'href="(?!#)|url\((?!#)|@import|@font-face', svg) == []
    assert "prefers-color-scheme:dark" in svg


def test_each_drawing_names_what_it_shows() -> None:
    written = {
        path.stem: " ".join(
            element.text or ""
            for element in ElementTree.parse(path).iter()
            if element.tag.endswith("}text")
        )
        for path in FILES
    }

    assert written == {**LABELS, "mark": ""}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", LABELS)
def test_labels_are_read_on_a_phone_and_left_out_on_a_card(
    drawing: Page, name: str, scheme: str
) -> None:
    drawing.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    drawing.goto(address(name))
    # --ground-sand of tokens.css
    ground = "rgb(28, 43, 49)" if scheme == "dark" else "rgb(243, 238, 227)"
    labels = drawing.evaluate(MEASURE_LABELS, ground)
    assert labels
    for label in labels:
        assert label["shown"]
        assert label["size"] * NARROWEST >= 12
        assert not label["cut"]
        assert not label["meets"]
        assert label["contrast"] >= 7

    drawing.set_viewport_size({"width": NARROWEST - 1, "height": 200})
    assert not any(label["shown"] for label in drawing.evaluate(MEASURE_LABELS, ground))


@pytest.mark.parametrize("name", [name for name in SIDE_VIEWS if "needle" in SHOWN[name]])
def test_the_needle_passes_the_spinal_canal_inside_the_bony_arch(drawing: Page, name: str) -> None:
    drawing.goto(address(name))
    points = drawing.evaluate(FOLLOW_NEEDLE)

    assert points[0][0], "the tip is not in the broken bone"
    assert points[-1] == [False, False, False], "the needle does not come from outside"
    beside = [in_arch for _in_bone, in_canal, in_arch in points if in_canal]
    assert beside
    assert all(beside), "the needle crosses the canal where no bone covers it"
    order = drawing.evaluate("[...document.querySelectorAll('[id]')].map(shape => shape.id)")
    assert order.index("canal") < order.index("arch") < order.index("needle")


@pytest.mark.parametrize("name", [name for name in LABELS if "canal" in LABELS[name]])
def test_no_line_to_the_spinal_canal_could_be_taken_for_a_needle(drawing: Page, name: str) -> None:
    drawing.goto(address(name))
    met = [set(chain.from_iterable(line)) for line in drawing.evaluate(FOLLOW_LINES, ".k")]

    to_canal = [shapes for shapes in met if "#canal" in shapes]
    assert len(to_canal) == 1
    assert not to_canal[0] & {"#v", "#d", "#broken", "#arch"}, "it crosses a bone or a disc"


def test_the_needle_reaches_the_sacrum_inside_the_edge_of_the_hip_bone(drawing: Page) -> None:
    drawing.goto(address("sacroplasty-1"))
    assert drawing.locator("[href='#hip']").count() == 1
    needle, handle = drawing.evaluate(FOLLOW_LINES, "#needle, .u")

    assert "#broken" in needle[0], "the tip is not in the broken side"
    assert not any("#hip" in shapes for shapes in needle + handle)


@pytest.mark.parametrize("name", ["sacroplasty-1", "sacroplasty-2"])
def test_only_the_broken_side_of_the_sacrum_is_pink(drawing: Page, name: str) -> None:
    drawing.goto(address(name))
    lefts = drawing.evaluate("""[...document.querySelectorAll("#broken, .c, #needle, #cement")]
        .map(shape => shape.getBBox().x)""")

    assert len(lefts) == 3
    middle = drawing.evaluate("document.documentElement.viewBox.baseVal.width / 2")
    assert min(lefts) > middle


@pytest.mark.parametrize("name", SHOWN)
def test_a_step_shows_what_is_in_the_bone_then(name: str) -> None:
    ids = {element.get("id") for element in ElementTree.parse(DRAWINGS / f"{name}.svg").iter()}

    assert ids & {"needle", "balloon", "cement"} == SHOWN[name]


def test_a_balloon_lifts_the_bone_a_little_and_never_all_the_way(drawing: Page) -> None:
    heights = {}
    for name in SIDE_VIEWS:
        drawing.goto(address(name))
        heights[name] = drawing.evaluate(MEASURE_HEIGHTS)
    fronts = [heights[name][0] for name in SIDE_VIEWS]

    broken, lifted = fronts[0], fronts[-1]
    assert fronts == [broken] * 4 + [lifted] * 3
    assert broken < lifted < 0.9 * heights["kyphoplasty-4"][1]


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
    assert picture_size("drawing:../../etc/passwd") is None


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
