"""What a phone has to load before the condition page can be read, for `make bench`.

The whole site runs as `make run` starts it; a real Chromium that takes brotli says what came over
the wire. Counted are the bodies (HTTP/2 packs the headers) of the page, of what blocks its first
paint, and of the pictures in its first view. Over the budget, it ends with an error.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.running import find_chromium, free_port, local_environment, start_site, stop_site

PAGE = "/conditions/spinal-compression-fractures/"
BUDGET = 14_600  # bytes: what a server may send before it must wait for an answer (RFC 6928)
VIEWS = {"phone, 360 px": (360, 740), "desk, 1280 px": (1280, 800)}

# For each request: path, bytes of its body as sent, whether it blocks the first paint, and whether
# it is a picture in the first view.
LOADED = """() => {
  const seen = new Set([...document.images]
    .filter(i => { const r = i.getBoundingClientRect(); return r.top < innerHeight && r.height })
    .map(i => i.currentSrc));
  const entries = [...performance.getEntriesByType('navigation'),
                   ...performance.getEntriesByType('resource')];
  return entries.map(e => [new URL(e.name).pathname, e.encodedBodySize,
    e.entryType === 'navigation' || e.renderBlockingStatus === 'blocking', seen.has(e.name)]);
}"""
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
                for name, (width, height) in VIEWS.items():
                    page = browser.new_page(viewport={"width": width, "height": height})
                    page.goto(site.address + PAGE, wait_until="networkidle")
                    loaded = page.evaluate(LOADED)
                    page.mouse.wheel(0, 20_000)
                    within.append(print_view(name, loaded, page.evaluate(SHIFT)))
                browser.close()
        finally:
            stop_site(site)
    if not all(within):
        sys.exit("Stopped: the first view is over its budget.")


def print_view(name: str, loaded: list[tuple[str, int, bool, bool]], shift: float) -> bool:
    """Print one view's table; return whether it is within the budget."""
    first = list({part[0]: part for part in loaded if part[2] or part[3]}.values())
    total = sum(size for _path, size, _blocks, _seen in first)
    blocking = sum(blocks for _path, _size, blocks, _seen in first)
    sys.stdout.write(f"\nFirst view of {PAGE}, {name}: bytes as sent with brotli\n")
    for path, size, blocks, _seen in first:
        sys.stdout.write(f"{path:60}{size:8}{'  before the first paint' if blocks else ''}\n")
    sys.stdout.write(
        f"{'in all':60}{total:8}  {total / BUDGET:.2f} of {BUDGET}\n"
        f"requests before the first paint: {blocking}; layout shift: {shift:.3f}\n"
    )
    return total <= BUDGET and blocking <= 2 and shift == 0


main()
