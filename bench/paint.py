"""When a page is seen on a slow line, against an almost empty page, for `make bench`.

Run by bench/run.py. Chromium asks through a proxy that holds everything back for half of DELAY each
way (its own throttling leaves out what is fetched ahead). Medians of ROUNDS, each at a first visit.
"""

import asyncio
import statistics
import sys
import threading
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from bench.growth import gunicorn, prepare
from bench.pages import CONDITION
from tests.running import free_port, launch_chromium

DELAY = 0.150  # seconds there and back
ROUNDS = 9
PAINTED = """() => new Promise(done => new PerformanceObserver(list => done(
  list.getEntriesByName('first-contentful-paint')[0].startTime))
  .observe({type: 'paint', buffered: true}))"""
SEEN = """() => new Promise(done => {
  const found = {shift: 0, tasks: 0};
  new PerformanceObserver(list => list.getEntries().forEach(e => found.shift += e.value))
    .observe({type: 'layout-shift', buffered: true});
  new PerformanceObserver(list => found.tasks += list.getEntries().length)
    .observe({type: 'longtask', buffered: true});
  setTimeout(() => done(found), 300);
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


def slow_line(to: str, port: int) -> None:
    """Listen on a port, and pass all on to an address, late; for as long as this process lives."""
    host, _colon, other = urlsplit(to).netloc.partition(":")

    async def both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(other))
        ways = (hold_back(reader, back), hold_back(there, writer))
        await asyncio.gather(*ways, return_exceptions=True)

    async def listen() -> None:
        server = await asyncio.start_server(both_ways, "127.0.0.1", port)
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(listen()), daemon=True).start()


def visit(browser: Browser, address: str) -> Page:
    """Return a page of a browser that has seen nothing yet."""
    page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    page.goto(address)
    return page


def first_paint(browser: Browser, address: str) -> float:
    """Return milliseconds from asking to the first words."""
    page = visit(browser, address)
    painted = page.evaluate(PAINTED)
    page.context.close()
    return painted


def click_to_paint(browser: Browser, site: str) -> tuple[float, dict[str, float]]:
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
    return painted, seen


def main() -> None:
    """Measure, and print the table."""
    prepare()
    port = free_port()
    with gunicorn("bench.limits:application") as address, sync_playwright() as playwright:
        slow_line(address, port)
        line = f"http://localhost:{port}"
        browser = launch_chromium(playwright)
        first_paint(browser, line + CONDITION)
        pairs = [
            (first_paint(browser, line + CONDITION), first_paint(browser, f"{line}/almost-empty"))
            for _round in range(ROUNDS)
        ]
        clicks = [click_to_paint(browser, line) for _round in range(ROUNDS)]
        browser.close()
    page, empty = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    click = statistics.median(painted for painted, _seen in clicks)
    shift = max(seen["shift"] for _painted, seen in clicks)
    tasks = max(seen["tasks"] for _painted, seen in clicks)
    sys.stdout.write(
        f"\nOn a line of {DELAY * 1000:.0f} ms there and back, at 360 px\n"
        f"first paint: {page:.0f} ms, of an almost empty page {empty:.0f} ms, ratio {ratio:.2f}\n"
        f"from a click on a link that was pointed at to paint: {click:.0f} ms\n"
        f"layout shift {shift:.3f}, long tasks {tasks:.0f}\n"
    )


if __name__ == "__main__":
    main()
