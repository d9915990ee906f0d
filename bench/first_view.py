"""What has to be loaded before the condition page can be read, for `make bench`.

The whole site runs as `make run` starts it. A real Chromium says what the first view needs: the
page as far as its first paint waits for it, what else blocks that, and the pictures in sight; each
is then asked for once more, to count its bytes, those of the HTTP/1.1 headers too. The page counts
at brotli's highest quality, as a page cache sends it; the whole of it is told beside. Fonts are not
counted: no paint waits for them. What shifts is looked for on a slow line, where a page arrives in
parts, at a first and a second visit. Over a budget, it ends with an error.
"""

import socket
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import brotli
from playwright.sync_api import Browser, sync_playwright

from tests.running import (
    Site,
    find_chromium,
    free_port,
    local_environment,
    start_site,
    stop_site,
)

PAGE = "/conditions/spinal-compression-fractures/"
# Width and height, and the budget in bytes. 14,600 are what a server may send before it must wait
# for an answer (RFC 6928).
VIEWS = {"phone, 360 px": (360, 740, 14_600), "desk, 1280 px": (1280, 800, 16_000)}

# For each request of the first view: its path, and whether it blocks the first paint.
LOADED = """() => {
  const seen = new Set([...document.images]
    .filter(i => { const r = i.getBoundingClientRect(); return r.top < innerHeight && r.height })
    .map(i => i.currentSrc));
  const entries = [...performance.getEntriesByType('navigation'),
                   ...performance.getEntriesByType('resource')];
  return entries
    .map(e => [new URL(e.name).pathname,
      e.entryType === 'navigation' || e.renderBlockingStatus === 'blocking', seen.has(e.name)])
    .filter(([path, blocks, seen]) => blocks || seen);
}"""
SLOW_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 90_000,
}
SHIFT = """() => new Promise(done => {
  let total = 0;
  new PerformanceObserver(list => list.getEntries().forEach(e => total += e.value))
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(total), 500);
})"""


def main() -> None:
    """Print the bytes of each part, the requests before the first paint, and the layout shift."""
    within: list[bool] = []
    with tempfile.TemporaryDirectory(prefix="clinic-bench-", ignore_cleanup_errors=True) as folder:
        var = Path(folder) / "var"
        site = start_site(var, local_environment(var), free_port())
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=find_chromium(), args=["--no-sandbox"]
                )
                for name, (width, height, budget) in VIEWS.items():
                    page = browser.new_page(viewport={"width": width, "height": height})
                    page.goto(site.address + PAGE, wait_until="networkidle")
                    loaded = {path: blocks for path, blocks, _seen in page.evaluate(LOADED)}
                    shift = largest_shift(browser, site.address + PAGE, width, height)
                    within.append(print_view(site, name, loaded, shift, budget))
                browser.close()
        finally:
            stop_site(site)
    if not all(within):
        sys.exit("Stopped: the first view is over its budget.")


def largest_shift(browser: Browser, address: str, width: int, height: int) -> float:
    """Return how far a page's layout shifts on a slow line: the larger one of two visits."""
    page = browser.new_page(viewport={"width": width, "height": height})
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW_LINE)
    shifts = []
    for _visit in range(2):
        page.goto(address, wait_until="networkidle")
        page.mouse.wheel(0, 20_000)
        shifts.append(page.evaluate(SHIFT))
    page.close()
    return max(shifts)


def bytes_of(site: Site, path: str) -> tuple[int, int, int]:
    """Return how many bytes an answer has: of headers, of body up to the first paint, of body."""
    address = urlsplit(site.address)
    with socket.create_connection((str(address.hostname), address.port or 80)) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            "Accept-Encoding: br\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if path != PAGE:
        return len(head) + 4, len(body), len(body)
    html = brotli.decompress(body)
    waits_for = html.index(b"</aside>", html.index(b'id="talk"'))  # rel="expect" names it
    body = brotli.compress(html, quality=11)
    decoder, read = brotli.Decompressor(), 0
    for needed in range(len(body)):
        read += len(decoder.process(body[needed : needed + 1]))
        if read >= waits_for:
            return len(head) + 4, needed + 1, len(body)
    raise ValueError("The page is not whole.")


def print_view(site: Site, name: str, loaded: dict[str, bool], shift: float, budget: int) -> bool:
    """Print one view's table; return whether it is within the budget."""
    total = 0
    sys.stdout.write(f"\nFirst view of {PAGE}, {name}: bytes of headers and body\n")
    for path, blocks in loaded.items():
        head, body, whole = bytes_of(site, path)
        total += head + body
        note = "  before the first paint" if blocks else ""
        note += f" (whole: {whole})" if whole > body else ""
        sys.stdout.write(f"{path:60}{head:6}{body:8}{note}\n")
    blocking = sum(loaded.values())
    sys.stdout.write(
        f"{'in all':60}{total:14}  {total / budget:.2f} of {budget}\n"
        f"requests before the first paint: {blocking}; layout shift: {shift:.3f}\n"
    )
    return total <= budget and blocking <= 2 and shift == 0


main()
