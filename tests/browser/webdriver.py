"""A browser driven by the W3C's WebDriver commands, as Playwright drives none that people have:
Firefox by its own Marionette, WebKit (Safari's engine) by WebKitWebDriver.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
                with direct.open(request, timeout=30) as response:
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
