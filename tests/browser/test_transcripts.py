"""What a screen reader meets on each type of page, kept in transcripts/ for people to read.

They are of invented pages (transcripts/content), so that new words on the clinic's own change
nothing; dates, which change from day to day, are masked. RENEW_TRANSCRIPTS=1 writes them anew.
"""

import difflib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.journeys import State, show
from tests.conditions.test_shipped_content import CONDITION, PAGES
from tests.faults.serving import serving
from tests.generated import SOAK
from tests.running import install

TRANSCRIPTS = Path(__file__).with_name("transcripts")
PHONE = State()
TYPES = {
    "home": "/",
    "condition": "/conditions/sample-condition/",
    "treatment": "/treatments/sample-treatment/",
    "physician": "/physicians/sample-physician/",
    "contact": "/contact/",
    "request": "/appointments/request/",
    "search": "/search/?q=blue+sample",
}

# What ships is loaded once alone, so what goes here does not come back.
EMPTY = """
from clinic_site.models import Notice, Physician
from conditions.models import Condition, Treatment
from conditions.publishing.publish import unpublish
for page in [*Condition.objects.all(), *Treatment.objects.all()]:
    unpublish(page=page, by=None)
Physician.objects.all().delete()
Notice.objects.all().delete()
"""


def transcript(page: Page) -> str:
    """Return what a screen reader meets on the open page, in its order."""
    heard = page.locator("body").aria_snapshot() + "\n"
    return re.sub(r"[A-Z][a-z]+ \d+, \d{4}", "<date>", heard)


def entries(page: Page) -> list[str]:
    """Return the transcript's lines but for addresses and mere text."""
    lines = map(str.strip, transcript(page).splitlines())
    return [line for line in lines if not line.startswith(("- /url:", "- text:"))]


@pytest.fixture(scope="module")
def reader(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A phone's browser on a site that has the invented pages alone."""
    var = tmp_path_factory.mktemp("transcripts") / "var"
    made = install(var)
    made.shell(EMPTY)
    loaded = made.manage("load_content", str(TRANSCRIPTS / "content"), "--replace", "-v0")
    assert loaded.returncode == 0, loaded.stderr
    with serving(made) as address:
        page = chromium.new_page(base_url=address)
        show(page, PHONE)
        yield page
        page.close()


@pytest.mark.parametrize("name", TYPES)
def test_a_page_sounds_as_its_transcript(reader: Page, name: str) -> None:
    reader.goto(TYPES[name])
    reader.locator("details.fold").evaluate_all("all => all.forEach(fold => fold.open = true)")

    heard = transcript(reader)

    file = TRANSCRIPTS / f"{name}.txt"
    if os.environ.get("RENEW_TRANSCRIPTS"):
        file.write_text(heard)
    kept, now = file.read_text().splitlines(), heard.splitlines()
    difference = "\n".join(difflib.unified_diff(kept, now, "kept", "heard", lineterm=""))
    assert not difference, f"\n{difference}\nBetter so? RENEW_TRANSCRIPTS=1 keeps it."


@pytest.mark.parametrize("path", PAGES)
def test_911_is_heard_soon_and_sources_are_few(phone_page: Page, path: str) -> None:
    phone_page.goto(path)

    heard = entries(phone_page)

    sources = sum(entry.startswith('- link "Source ') for entry in heard)
    # Side by side, each cell has its own.
    most = len(heard) / (7 if path == CONDITION else 10)
    assert any("911" in entry for entry in heard[:40])
    assert 0 < sources <= most, f"{sources} of {len(heard)} lead to sources"


def length(page: Page) -> tuple[float, int]:
    """Return the open page's screens and words from its title to its sources, folds closed."""
    start, end = page.locator("h1, #sources").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().top)"
    )
    # A source's number is no word.
    page.locator("main sup").evaluate_all("all => all.forEach(source => source.remove())")
    text = page.locator("main").inner_text()
    return (end - start) / PHONE.height, len(text[: text.rindex("\nSources\n")].split())


def test_the_condition_page_is_short(phone_page: Page) -> None:
    for path in PAGES if SOAK else [CONDITION]:  # of which pytest -s tells
        phone_page.goto(path)
        screens, words = length(phone_page)
        sys.stdout.write(f"\n{screens:.1f} screens, {words} words: {path}")
        assert path != CONDITION or (screens <= 18 and words <= 1500)
