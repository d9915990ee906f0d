"""The staff guide, to be followed word for word: each test opens the chapters that it follows.

With SCREENSHOTS=1 in the environment the guide's pictures are taken anew as well.
"""

import os
import re
import time

from playwright.sync_api import BrowserContext, Page, expect

from tests.running import PROJECT

GUIDE = PROJECT / "docs" / "staff-guide.md"
PICTURES = PROJECT / "docs" / "staff-guide"


def chapters() -> dict[str, str]:
    """Return the guide's chapters by their headings."""
    _start, *parts = re.split(r"^## (.+)\n", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


class Guide:
    """The numbered steps of the chapters that are open, each to be followed once, in order.

    `actions` counts clicks, choices and fields that are filled.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0
        self.steps: list[str] = []
        self.pictures: list[str] = []

    def open(self, heading: str) -> None:
        """Begin a chapter; the one before has been followed to its end."""
        self.close()
        text = chapters()[heading]
        self.steps = re.findall(r"^\d+\. (.+(?:\n   .+)*)$", text, re.MULTILINE)
        self.pictures = re.findall(r"\(staff-guide/([a-z-]+)\.png\)", text)
        assert self.steps, heading

    def close(self) -> None:
        """Say that nothing of the chapter is left."""
        assert (self.steps, self.pictures) == ([], [])

    def step(self, words: str) -> None:
        """Say that this step is followed now; it must be the guide's next one."""
        assert self.steps.pop(0).replace("\n   ", " ") == words

    def picture(self, name: str) -> None:
        """The guide's next picture is of what the browser shows now."""
        assert self.pictures.pop(0) == name
        path = PICTURES / f"{name}.png"
        if os.environ.get("SCREENSHOTS"):
            PICTURES.mkdir(exist_ok=True)
            self.page.screenshot(path=path)
        assert path.is_file(), f"{path} is missing: run this test with SCREENSHOTS=1"

    def click(self, role: str, name: str, *, exact: bool = True) -> None:
        """Click what has this role and this name, or, not `exact`, a name that holds it."""
        self.actions += 1
        self.page.get_by_role(role, name=name, exact=exact).first.click()  # type: ignore[arg-type]

    def fill(self, selector: str, words: str) -> None:
        """Fill a field."""
        self.actions += 1
        self.page.locator(selector).last.fill(words)

    def enter(self, entry: str) -> None:
        """Click an entry of the contents of a page's editor."""
        self.actions += 1
        contents = self.page.get_by_role("navigation", name="Contents")
        contents.get_by_role("link", name=re.compile(f"^{re.escape(entry)}")).click()

    def in_hand(self, role: str, name: str) -> None:
        """Click what belongs to the part of the page that is in hand."""
        self.actions += 1
        self.page.locator(".pane:visible").get_by_role(role, name=name, exact=True).first.click()  # type: ignore[arg-type]

    def click_to_new_tab(self, role: str, name: str) -> Page:
        """Click what opens a new tab, and return that."""
        with self.page.context.expect_page() as opened:
            self.click(role, name)
        return opened.value

    def is_told(self, words: str | re.Pattern[str]) -> None:
        """Say that the page says so."""
        expect(self.page.get_by_text(words)).to_be_visible()

    def patients_read(self, words: str, path: str) -> None:
        """Say that patients find these words at an address."""
        patients_read(self.page.context, words, path)


def patients_read(context: BrowserContext, words: str, path: str, *, no_more: bool = False) -> None:
    """Say that patients find these words at an address, or `no_more`: it shows within a second."""
    deadline = time.monotonic() + 10
    while bool(re.search(words, context.request.get(path).text(), re.DOTALL)) is no_more:
        assert time.monotonic() < deadline, words
        time.sleep(0.1)
    time.sleep(1.1)  # by then each web process shows it, whichever is asked next
