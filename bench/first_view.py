"""What comes before a page can be read, in bytes and in time.

A real Chromium says what the first view needs: the page as far as its first
paint waits for it (rel="expect"), what else blocks that, and the pictures in sight; each is asked
for once more, to count its bytes, those of the HTTP/1.1 headers too. Fonts are not counted, as no
paint waits for them. Over a budget, it ends with an error.

Times are taken through a proxy that holds everything back for half of DELAY each way (Chromium's
own throttling leaves out what is fetched ahead): medians, each at a first visit.
"""

import asyncio
import contextlib
import functools
import socket
import statistics
import sys
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import brotli
from playwright.sync_api import Browser, Page, sync_playwright

from bench import CONDITION
from bench.common import ROUNDS, by_turns, gunicorn, line
from tests.running import free_port, launch_chromium

DELAY = 0.150  # seconds there and back
PHONE = (360, 740)
# Width and height, and the budget in bytes. 14,600 are what a server may send before it must wait
# for an answer (RFC 6928).
VIEWS = {PHONE: 14_600, (1280, 800): 16_000}

# For each request of the first view: its path, and whether it blocks the first paint.
LOADED = """() => {
  const seen = new Set([...document.images]
    .filter(i => { const r = i.getBoundingClientRect(); return r.top < innerHeight && r.height })
    .map(i => i.currentSrc));
  const blocks = e => e.entryType === 'navigation' || e.renderBlockingStatus === 'blocking';
  return ['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type))
    .filter(e => blocks(e) || seen.has(e.name)).map(e => [new URL(e.name).pathname, blocks(e)]);
}"""
PAINTED = """() => new Promise(done => new PerformanceObserver(list => done(
  list.getEntriesByName('first-contentful-paint')[0].startTime))
  .observe({type: 'paint', buffered: true}))"""
SEEN = """() => new Promise(done => {
  let shift = 0, tasks = 0;
  new PerformanceObserver(list => list.getEntries().forEach(e => shift += e.value))
    .observe({type: 'layout-shift', buffered: true});
  new PerformanceObserver(list => tasks += list.getEntries().length)
    .observe({type: 'longtask', buffered: true});
  setTimeout(() => done([shift, tasks]), 500);
})"""
HOW = "performance.getEntriesByType('navigation')[0].deliveryType"


async def hold_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on, each half of DELAY later; one way of one connection."""
    later = asyncio.get_running_loop().call_later
    while data := await reader.read(65_536):
        later(DELAY / 2, writer.write, data)
    later(DELAY / 2, writer.close)


def slow_line(to: str) -> str:
    """Return an address that passes all on to another, late, for as long as this process lives."""
    port = free_port()

    async def both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("localhost", urlsplit(to).port)
        ways = (hold_back(reader, back), hold_back(there, writer))
        await asyncio.gather(*ways, return_exceptions=True)

    async def listen() -> None:
        server = await asyncio.start_server(both_ways, "127.0.0.1", port)
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(listen()), daemon=True).start()
    return f"http://localhost:{port}"


@contextlib.contextmanager
def visit(browser: Browser, address: str, size: tuple[int, int] = PHONE) -> Iterator[Page]:
    """A page of a browser that has seen nothing yet."""
    with browser.new_context(viewport={"width": size[0], "height": size[1]}) as context:
        page = context.new_page()
        page.goto(address, wait_until="networkidle")
        yield page


def bytes_of(site: str, path: str) -> tuple[int, int, int]:
    """Return how many bytes an answer has: of headers, of body up to the first paint, of body."""
    address = urlsplit(site)
    with socket.create_connection((str(address.hostname), address.port or 80)) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            "Accept-Encoding: br\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if path != CONDITION:
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


def is_within(browser: Browser, site: str, late: str, size: tuple[int, int], budget: int) -> bool:
    """Print what one first view needs; return whether it fits its budget and nothing moves."""
    with visit(browser, site + CONDITION, size) as page:
        loaded = page.evaluate(LOADED)
    line(f"\nFirst view of {CONDITION}, {size[0]} px", "headers", "body", "whole body")
    total = blocking = 0
    for path, blocks in loaded:
        head, body, whole = bytes_of(site, path)
        total, blocking = total + head + body, blocking + blocks
        line(f"{path}, before the first paint" if blocks else path, head, body, whole)
    shift = 0.0
    with visit(browser, late + CONDITION, size) as page:
        for _visit in range(2):
            page.mouse.wheel(0, 20_000)
            shift += page.evaluate(SEEN)[0]
            page.goto(late + CONDITION, wait_until="networkidle")
    line("in all; the budget; the ratio", total, budget, total / budget)
    line("requests before the first paint; layout shift", blocking, f"{shift:.3f}")
    return total <= budget and blocking <= 2 and shift == 0


def first_paint(browser: Browser, address: str) -> float:
    """Return milliseconds from asking to the first words."""
    with visit(browser, address) as page:
        return page.evaluate(PAINTED)


def click_to_paint(browser: Browser, site: str) -> list[float]:
    """Return milliseconds from a click on a link that was pointed at, and what moved or blocked."""
    with visit(browser, f"{site}/") as page:
        tool = page.context.new_cdp_session(page)
        ready: list[str] = []
        tool.on("Preload.prefetchStatusUpdated", lambda told: ready.append(told["status"]))
        tool.send("Preload.enable")
        link = page.locator(f'main a[href="{CONDITION}"]').first
        link.hover()
        while "Ready" not in ready:
            page.wait_for_timeout(50)
        link.click()
        page.wait_for_url(f"**{CONDITION}")
        painted = page.evaluate(PAINTED)
        if page.evaluate(HOW) != "navigational-prefetch":
            sys.exit("The page was not fetched ahead.")
        return [painted, *page.evaluate(SEEN)]


def main() -> None:
    """Measure, and print the tables."""
    with gunicorn("bench.limits:application") as site, sync_playwright() as playwright:
        late = slow_line(site)
        browser = launch_chromium(playwright)
        within = [is_within(browser, site, late, *view) for view in VIEWS.items()]
        paths = (CONDITION, "/almost-empty", "/almost-empty-file")
        painted = (functools.partial(first_paint, browser, late + path) for path in paths)
        (page, empty, file), ratios = by_turns(*painted)
        clicks = [click_to_paint(browser, late) for _round in range(ROUNDS)]
        browser.close()
    times, shifts, tasks = zip(*clicks, strict=True)
    line(f"\nOn a line of {DELAY * 1000:.0f} ms there and back, {PHONE[0]} px", "ms", "ratio")
    line("first paint", round(page))
    line("of an almost empty page with the same style", round(empty), ratios[1])
    line("of one with the style in a file", round(file), ratios[2])
    line("from a click on what was pointed at to paint", round(statistics.median(times)))
    line("its layout shift, and its long tasks", f"{max(shifts):.3f}", max(tasks))
    if not all(within):
        sys.exit("Stopped: the first view is over its budget.")
