"""What comes before a page can be read, in bytes and in time, for `make bench`.

Run by bench/run.py. A real Chromium says what the first view needs: the page as far as its first
paint waits for it (rel="expect"), what else blocks that, and the pictures in sight; each is asked
for once more, to count its bytes, those of the HTTP/1.1 headers too. Fonts are not counted, as no
paint waits for them. Over a budget, it ends with an error.

Times are taken through a proxy that holds everything back for half of DELAY each way (Chromium's
own throttling leaves out what is fetched ahead): medians of ROUNDS, each at a first visit.
"""

import asyncio
import os
import socket
import statistics
import sys
import threading
from urllib.parse import urlsplit

import brotli
from playwright.sync_api import Browser, Page, sync_playwright

from bench.growth import gunicorn, prepare
from bench.limits import CONDITION
from tests.running import free_port, launch_chromium

DELAY = 0.150  # seconds there and back
ROUNDS = int(os.environ.get("PAIRS", "15"))
PHONE = (360, 740)
# Width and height, and the budget in bytes. 14,600 are what a server may send before it must wait
# for an answer (RFC 6928).
VIEWS = {PHONE: 14_600, (1280, 800): 16_000}

# For each request of the first view: its path, and whether it blocks the first paint.
LOADED = """() => {
  const seen = new Set([...document.images]
    .filter(i => { const r = i.getBoundingClientRect(); return r.top < innerHeight && r.height })
    .map(i => i.currentSrc));
  return ['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type))
    .map(e => [new URL(e.name).pathname,
      e.entryType === 'navigation' || e.renderBlockingStatus === 'blocking', seen.has(e.name)])
    .filter(([path, blocks, seen]) => blocks || seen);
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
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    clock = asyncio.get_running_loop().time

    async def send() -> None:
        data = b"-"
        while data:
            due, data = await waiting.get()
            await asyncio.sleep(max(0, due - clock()))
            writer.write(data)
        writer.close()

    sending = asyncio.create_task(send())
    data = b"-"
    while data:
        data = await reader.read(65_536)
        waiting.put_nowait((clock() + DELAY / 2, data))
    await sending


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


def visit(browser: Browser, address: str, size: tuple[int, int] = PHONE) -> Page:
    """Return a page of a browser that has seen nothing yet."""
    viewport = {"width": size[0], "height": size[1]}
    page = browser.new_context(viewport=viewport).new_page()  # type: ignore[arg-type]
    page.goto(address, wait_until="networkidle")
    return page


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


def is_within(browser: Browser, site: str, line: str, size: tuple[int, int], budget: int) -> bool:
    """Print what one first view needs; return whether it fits its budget and nothing moves."""
    page = visit(browser, site + CONDITION, size)
    sys.stdout.write(f"\nFirst view of {CONDITION}, {size[0]} px: bytes of headers and body\n")
    total = blocking = 0
    for path, blocks, _seen in page.evaluate(LOADED):
        head, body, whole = bytes_of(site, path)
        total, blocking = total + head + body, blocking + blocks
        note = "  before the first paint" if blocks else ""
        note += f" (whole: {whole})" if whole > body else ""
        sys.stdout.write(f"{path:60}{head:6}{body:8}{note}\n")
    page.context.close()
    page = visit(browser, line + CONDITION, size)
    shift = 0.0
    for _visit in range(2):
        page.mouse.wheel(0, 20_000)
        shift += page.evaluate(SEEN)[0]
        page.goto(line + CONDITION, wait_until="networkidle")
    page.context.close()
    sys.stdout.write(
        f"{'in all':60}{total:14}  {total / budget:.2f} of {budget}\n"
        f"requests before the first paint: {blocking}; layout shift: {shift:.3f}\n"
    )
    return total <= budget and blocking <= 2 and shift == 0


def first_paint(browser: Browser, address: str) -> float:
    """Return milliseconds from asking to the first words."""
    page = visit(browser, address)
    painted = page.evaluate(PAINTED)
    page.context.close()
    return painted


def click_to_paint(browser: Browser, site: str) -> list[float]:
    """Return milliseconds from a click on a link that was pointed at, and what moved or blocked."""
    page = visit(browser, f"{site}/")
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
    seen = page.evaluate(SEEN)
    page.context.close()
    return [painted, *seen]


def main() -> None:
    """Measure, and print the tables."""
    prepare()
    with gunicorn("bench.limits:application") as site, sync_playwright() as playwright:
        line = slow_line(site)
        browser = launch_chromium(playwright)
        within = [is_within(browser, site, line, *view) for view in VIEWS.items()]
        addresses = [line + path for path in (CONDITION, "/almost-empty", "/almost-empty-file")]
        rounds = [[first_paint(browser, each) for each in addresses] for _round in range(ROUNDS)]
        clicks = [click_to_paint(browser, line) for _round in range(ROUNDS)]
        browser.close()
    page, empty, file = (statistics.median(each) for each in zip(*rounds, strict=True))
    ratios = [statistics.median(each[0] / each[i] for each in rounds) for i in (1, 2)]
    shift, tasks = (max(each[i] for each in clicks) for i in (1, 2))
    sys.stdout.write(
        f"\nOn a line of {DELAY * 1000:.0f} ms there and back, at 360 px\n"
        f"first paint: {page:.0f} ms; of an almost empty page with the same style {empty:.0f} ms,"
        f" ratio {ratios[0]:.2f}; with the style in a file {file:.0f} ms, ratio {ratios[1]:.2f}\n"
        f"from a click on a link that was pointed at to paint:"
        f" {statistics.median(each[0] for each in clicks):.0f} ms;"
        f" layout shift {shift:.3f}, long tasks {tasks:.0f}\n"
    )
    if not all(within):
        sys.exit("Stopped: the first view is over its budget.")


if __name__ == "__main__":
    main()
