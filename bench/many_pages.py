"""How kept pages do with 10, 200 and 2,000 published conditions, for `make bench`.

Run by bench/run.py. Each time a site starts anew, every page is read, and then one page is
asked for as fast as can be, by turns with constant bytes.
"""

import contextlib
import http.client
import os
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench.content import fill
from bench.growth import gunicorn, prepare
from bench.pages import CONDITION, PAIRS, load

COUNTS = (10, 200, 2_000)


def memory() -> float:
    """Return MiB that the web processes have for themselves, both together (Linux)."""
    total = 0
    for server in children(os.getpid()):
        for process in children(server):
            with contextlib.suppress(OSError):  # it has ended
                rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
                lines = [line.split() for line in rollup.splitlines() if "Private" in line]
                total += sum(int(line[1]) for line in lines)
    return total / 1024


def children(process: int) -> list[int]:
    """Return the processes that one has started."""
    return [
        int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def read_all(site: str, slugs: list[str]) -> None:
    """Ask for each page, a few times over, so that each process has it."""
    line = http.client.HTTPConnection(urlsplit(site).netloc)
    for _time in range(4):
        for slug in slugs:
            line.request("GET", f"/conditions/{slug}/", headers={"Accept-Encoding": "br"})
            answer = line.getresponse()
            if answer.status != 200:
                sys.exit(f"/conditions/{slug}/ answered {answer.status}.")
            answer.read()
        line.close()  # the next may be another process's


def wait_until_quiet(folder: Path) -> None:
    """Wait until all pages are packed as small as can be: nothing was written for three seconds."""
    while any(time.time() - each.stat().st_mtime < 3 for each in folder.iterdir()):
        time.sleep(0.5)


def main() -> None:
    """Measure, and print the table."""
    prepare()
    from django.conf import settings
    from django.db import connection

    from conditions.models import Address

    head = (
        f"{'conditions':>10}{'start, s':>10}{'MiB empty':>11}{'MiB full':>10}{'of constant':>13}\n"
    )
    sys.stdout.write(
        f"\n{connection.vendor}: kept pages, {settings.PAGE_CACHE_MB} MiB a process\n{head}"
    )
    for count in COUNTS:
        fill(count)
        slugs = list(Address.objects.filter(page__kind="condition").values_list("slug", flat=True))
        began = time.monotonic()
        with gunicorn("bench.limits:application") as site:
            started = time.monotonic() - began
            empty = memory()
            read_all(site, slugs)
            wait_until_quiet(settings.VAR / "pages")
            full = memory()
            ratio = statistics.median(
                load(site + CONDITION, Accept_Encoding="br")[0]
                / load(f"{site}/constant", Accept_Encoding="br")[0]
                for _pair in range(PAIRS)
            )
        sys.stdout.write(f"{count:10}{started:10.1f}{empty:11.0f}{full:10.0f}{ratio:13.2f}\n")
        sys.stdout.flush()


main()
