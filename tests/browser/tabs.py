"""One tab of any browser, with what a person does in it; a story is told once for all of them."""

import contextlib
import re
from typing import Any, Protocol

from playwright.sync_api import Error, Page

from tests.browser.webdriver import Ask, NotNow


class Tab(Protocol):
    """What a person does, and sees, in a tab."""

    def open(self, path: str) -> None: ...
    def type(self, name: str, text: str) -> None: ...
    def press(self, words: str, *, times: int = 1) -> None: ...
    def tick(self, choice: str) -> None: ...
    def back(self) -> None: ...
    def reload(self) -> None: ...
    def run(self, script: str) -> Any: ...


class ChromiumTab:
    """A tab of Chromium, by Playwright."""

    def __init__(self, page: Page, *, keeps: bool) -> None:
        self.page = page
        self.keeps = keeps  # the page that is left, to come back to it as it was

    def open(self, path: str) -> None:
        self.page.goto(path)

    def type(self, name: str, text: str) -> None:
        self.page.locator(f"[name={name}]").fill(text)

    def press(self, words: str, *, times: int = 1) -> None:
        pressed = self.page.locator("a, button", has_text=re.compile(words)).first
        pressed.click(click_count=times, no_wait_after=True)

    def tick(self, choice: str) -> None:
        self.page.locator(choice).check()

    def back(self) -> None:
        # A page that was kept does not load again; one that may not be kept shows an error.
        with contextlib.suppress(Error):
            self.page.go_back(wait_until="commit", timeout=2_000)

    def reload(self) -> None:
        self.page.reload()

    def run(self, script: str) -> Any:
        return self.page.evaluate(f"() => {{ {script} }}")


class DrivenTab:
    """The tab of a browser that WebDriver's commands drive.

    Its hands are a script, as WebKit without a screen has no place to click at.
    """

    def __init__(self, ask: Ask, address: str) -> None:
        self.ask, self.address = ask, address

    def open(self, path: str) -> None:
        self.ask("open", url=self.address + path)

    def type(self, name: str, text: str) -> None:
        self.run(
            "const field = document.getElementsByName(arguments[0])[0];"
            "field.focus(); field.value = arguments[1];"
            "field.dispatchEvent(new Event('input', {bubbles: true}));",
            name,
            text,
        )

    def press(self, words: str, *, times: int = 1) -> None:
        self.run(
            "const pressed = [...document.querySelectorAll('a, button')]"
            ".find(each => each.textContent.includes(arguments[0]));"
            "for (let n = 0; n < arguments[1]; n++) pressed.click();",
            words,
            times,
        )

    def tick(self, choice: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", choice)

    def back(self) -> None:
        with contextlib.suppress(NotNow):  # as one that may not be kept shows an error
            self.ask("back")

    def reload(self) -> None:
        self.ask("reload")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.ask("run", script=script, args=arguments)


def shown(tab: Tab) -> tuple[str, str]:
    """Return the address and the title of the page that is there; ("", "") while none is."""
    look = "return document.readyState == 'complete' ? [location.href, document.title] : ['', '']"
    try:
        address, title = tab.run(look) or ("", "")  # nothing, while Firefox changes pages
    except (Error, NotNow):
        return "", ""
    return address, title
