"""The style sheets: contrast of every pair of tokens, and what joining and minifying leaves."""

import base64
import hashlib
import re
from itertools import product

import pytest
from django.conf import settings
from playwright.sync_api import Browser

from clinic_site.markdown import CARE_LEVELS
from clinic_site.static_files import joined_styles
from tests.running import Site, Visitor

pytestmark = pytest.mark.on_sqlite

STYLES = settings.BASE_DIR / "static" / "css"
LIGHT, DARK = (STYLES / "tokens.css").read_text().split("@media screen and (prefers-color-scheme")


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", css))


SCHEMES = {"light": colours(LIGHT), "dark": {**colours(LIGHT), **colours(DARK)}}
# What stands on a fill of its own, beside every text on every ground.
ON_FILLS = {"on-action": "fill-action", "on-alarm": "fill-alarm"}


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


def pairs(scheme: str, on: str) -> list[tuple[str, str]]:
    names = SCHEMES[scheme]
    grounds = [name for name in names if name.startswith("ground")]
    assert len(grounds) == 6
    return list(product([name for name in names if name.startswith(on)], grounds))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_has_seven_to_one_on_every_ground(scheme: str) -> None:
    colour = SCHEMES[scheme]
    found = {
        pair: contrast(colour[pair[0]], colour[pair[1]])
        for pair in [*pairs(scheme, "text"), *ON_FILLS.items()]
    }

    assert len(found) == 5 * 6 + 2
    assert {pair: ratio for pair, ratio in found.items() if ratio < 7} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_controls_have_three_to_one_on_every_ground(scheme: str) -> None:
    colour = SCHEMES[scheme]
    # A filled button is told from what is around it.
    found = {
        (one, ground): contrast(colour[one], colour[ground])
        for one, ground in [*pairs(scheme, "control"), *pairs(scheme, "fill-action")]
    }

    assert len(found) == 3 * 6
    assert {pair: ratio for pair, ratio in found.items() if ratio < 3} == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_of_the_admin_has_seven_to_one(scheme: int) -> None:
    css = (STYLES / "admin.css").read_text()
    colour = {
        name: (both.split(", ") * 2)[scheme]
        for name, both in re.findall(
            r"--([\w-]+): (?:light-dark\()?(#[0-9a-f]{3,6}(?:, #[0-9a-f]{3,6})?)", css
        )
    }
    texts = ("body-fg", "body-quiet-color", "body-loud-color", "link-fg", "error-fg")
    grounds = ("body-bg", "darkened-bg", "selected-bg", "selected-row", "breadcrumbs-bg")
    pairs = [
        *product(texts, grounds),
        *(("button-fg", f"{kind}button-bg") for kind in ("", "default-", "delete-", "close-")),
        *(("body-fg", f"message-{kind}-bg") for kind in ("success", "warning", "error")),
        *(("header-color", "header-bg"), ("primary-fg", "primary")),
    ]

    found = {pair: contrast(colour[pair[0]], colour[pair[1]]) for pair in pairs}

    assert {pair: ratio for pair, ratio in found.items() if ratio < 7} == {}


OF_STAFF = {"admin.css", "desk.css", "editor.css", "visits.css"}  # which have Django's own colours


def test_every_colour_is_a_token() -> None:
    for path in STYLES.glob("*.css"):
        if path.name not in {"tokens.css", "print.css", *OF_STAFF}:
            written = re.sub(r"(?s)/\*.*?\*/", "", path.read_text())
            values = re.findall(r":[^;{}]*?(#[0-9a-f]{3,8}\b|rgba?\(|hsla?\()[^;{}]*[;}]", written)
            assert values == [], path


def test_every_style_is_used_and_every_style_sheet_is_joined() -> None:
    names = {path.name for path in STYLES.glob("*.css")} - {"site.css", "print.css", *OF_STAFF}
    imported = re.findall(r'@import url\("([\w.]+)"\)', (STYLES / "site.css").read_text())
    assert sorted(imported) == sorted(names)

    written = "".join((STYLES / name).read_text() for name in [*names, "print.css"])
    written = re.sub(r"(?s)/\*.*?\*/|url\(.*?\)", "", written)
    templates = "".join(path.read_text() for path in settings.BASE_DIR.glob("templates/**/*.html"))
    used = {word for text in re.findall(r'class="([^>]*?)"', templates) for word in text.split()}
    used |= set(re.findall(r"[\w-]+", (settings.BASE_DIR / "clinic_site/markdown.py").read_text()))
    classes = set(re.findall(r"\.([a-z][\w-]*)(?![\w%]*[;}])", written))
    classes -= {f"care-{level}" for level in CARE_LEVELS}
    assert {name for name in classes if not any(name in each for each in used)} == set()


RULES = r"""css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  const text = rule => rule.cssRules
    ? [rule.constructor.name, rule.conditionText || rule.name || rule.selectorText || '',
       rule.style ? rule.style.cssText : '', [...rule.cssRules].map(text)]
    : [rule.cssText];
  // Custom properties keep their text as written.
  return JSON.stringify([...sheet.cssRules].map(text)).replace(/([,(])\s+/g, '$1');
}"""


@pytest.mark.on_sqlite
def test_minifying_changes_no_rule(chromium: Browser) -> None:
    entry = (STYLES / "site.css").read_text()
    written = re.sub(
        r'@import url\("([\w.]+)"\) layer\((\w+)\);',
        lambda found: f"@layer {found[2]} {{ {(STYLES / found[1]).read_text()} }}",
        entry,
    )
    page = chromium.new_page()

    rules = page.evaluate(RULES, written)

    assert "@import" not in written
    assert page.evaluate(RULES, joined_styles(STYLES)) == rules
    assert len(rules) > 10_000
    page.close()


def test_a_page_waits_for_no_style_sheet_and_its_own_is_the_one_that_its_policy_names(
    visitor: Visitor, site: Site
) -> None:
    page = visitor.get("/")

    (style,) = re.findall(r"(?s)<style>(.*?)</style>", page.text)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}';" in page.headers["Content-Security-Policy"]
    # That for paper is asked for beside it, and nothing waits for it.
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"([^>]*)>', page.text)
    ((address, media),) = sheets
    assert media == ' media="print"'
    assert re.fullmatch(r"/static/css/print\.[0-9a-f]{12}\.css", address)
    sheet = visitor.get(address, Accept_Encoding="br")
    assert sheet.headers["Content-Encoding"] == "br"
    assert "immutable" in sheet.headers["Cache-Control"]


def test_a_face_is_sent_under_a_name_that_may_be_kept_for_ever(
    visitor: Visitor, site: Site
) -> None:
    page = visitor.get("/")
    faces = re.findall(r"url\(/static/(fonts/[^)]+)\)", page.text)

    assert len(faces) == 3
    for face in faces:
        font = visitor.get(f"/static/{face}")
        assert re.fullmatch(r"fonts/\w+-\d00\.[0-9a-f]{12}\.woff2", face)
        assert font.headers["Content-Type"] == "font/woff2"
        assert "immutable" in font.headers["Cache-Control"]
        assert "font-src 'self'" in page.headers["Content-Security-Policy"]
