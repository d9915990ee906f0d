"""One tab of any browser, with what a person does in it; a story is told once for all of them.

Chromium is driven by Playwright, which drives no other browser that people have. So Firefox is
driven by its own Marionette, and WebKit (Safari's engine) by WebKitWebDriver, by the commands of
the W3C's WebDriver.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Error, Page

from tests.running import free_port

# What we ask for, by its path over HTTP and by Marionette's name.
COMMANDS = {
    "open": ("url", "Navigate"),
    "back": ("back", "Back"),
    "reload": ("refresh", "Refresh"),
    "run": ("execute/sync", "ExecuteScript"),
}
Ask = Callable[..., Any]


class NotNow(Exception):
    """The browser could not do it: most often the page is not there yet."""


@contextlib.contextmanager
def firefox(folder: Path) -> Iterator[Ask]:
    """Start Firefox without a window; yield what asks it to do a command."""
    preferences = {"marionette.port": 0, "browser.shell.checkDefaultBrowser": False}
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in preferences.items()]
    (folder / "user.js").write_text("\n".join(lines))
    with running("firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", folder):
        port = int(soon((folder / "MarionetteActivePort").read_text))
        with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as said:

            def answer() -> Any:
                length = b"".join(iter(lambda: said.read(1), b":"))
                return json.loads(said.read(int(length)))

            def ask(command: str, **values: Any) -> Any:
                name = COMMANDS[command][1] if command in COMMANDS else command
                text = json.dumps([0, 1, f"WebDriver:{name}", values]).encode()
                line.sendall(b"%d:%b" % (len(text), text))
                _type, _number, error, result = answer()
                if error:
                    raise NotNow(error["message"])
                return result["value"] if result and set(result) == {"value"} else result

            answer()  # it introduces itself
            ask("NewSession")
            yield ask


@contextlib.contextmanager
def webkit(folder: Path) -> Iterator[Ask]:
    """Start WebKit's small browser on a display that nobody sees; yield what asks it."""
    port, display = free_port(), f":{free_port()}"
    shown = {"GDK_BACKEND": "broadway", "BROADWAY_DISPLAY": display}
    shown |= {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    site = f"http://127.0.0.1:{port}/session"
    with (
        running("broadwayd", "--port", str(free_port()), display, **shown),
        running("WebKitWebDriver", f"--port={port}", **shown),
    ):

        def post(path: str, values: dict[str, Any], method: str = "POST") -> Any:
            body = json.dumps(values).encode()
            request = urllib.request.Request(site + path, body, method=method)
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                with direct.open(request, timeout=60) as response:
                    return json.load(response)["value"]
            except urllib.error.HTTPError as error:
                with error:
                    raise NotNow(json.load(error)["value"]["message"]) from None

        minibrowser = next(Path("/usr").glob("lib*/**/webkit2gtk-4.1/MiniBrowser"))
        browser = {"binary": str(minibrowser), "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": browser}}
        session = soon(lambda: post("", {"capabilities": wanted}))["sessionId"]

        def ask(command: str, **values: Any) -> Any:
            return post(f"/{session}/{COMMANDS[command][0]}", values)

        yield ask
        post(f"/{session}", {}, "DELETE")


@contextlib.contextmanager
def running(*command: object, **environment: str) -> Iterator[None]:
    """Run a program until the block ends."""
    process = subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def soon(look: Callable[[], Any]) -> Any:
    """Return what `look` gives as soon as it gives anything true; it may fail until then."""
    until = time.monotonic() + 30
    while True:
        try:
            if found := look():
                return found
        except (OSError, NotNow):
            if time.monotonic() > until:
                raise
        assert time.monotonic() < until, look
        time.sleep(0.05)


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
