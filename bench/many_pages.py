"""How the site does with 10, 200 and 2,000 published conditions, for `make bench`.

Run by bench/run.py. Each time one page is published and a common word sought; a site starts anew,
every page is read, and then one is asked for as fast as can be, by turns with constant bytes.
"""

import contextlib
import http.client
import os
import re
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from django.test import Client

from bench.content import fill, publish
from bench.growth import gunicorn, measure, prepare
from bench.pages import CONDITION, PAIRS, load

COUNTS = (10, 200, 2_000)


def memory() -> float:
    """Return MiB that the larger web process has for itself (Linux)."""
    found = [0]
    for process in (each for server in children(os.getpid()) for each in children(server)):
        with contextlib.suppress(OSError):  # it has ended
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
            found.append(sum(map(int, re.findall(r"Private_\w+: +(\d+)", rollup))))
    return max(found) / 1024


def children(process: int) -> list[int]:
    """Return the processes that one has started."""
    return [
        int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def read_all(site: str, slugs: list[str]) -> None:
    """Ask for each page, a few times over, so that each process has it."""
    line = http.client.HTTPConnection(urlsplit(site).netloc)
    for _time in range(4):
        slugs = slugs[::-1]  # so that those that did not fit are not always the next
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

    columns = (
        "conditions",
        "start, s",
        "MiB empty",
        "MiB full",
        "of constant",
        "publish",
        "search",
    )
    sys.stdout.write(f"\n{connection.vendor}: kept pages, {settings.PAGE_CACHE_MB} MiB a process;")
    sys.stdout.write(f" MiB of each process, ms\n{''.join(f'{each:>12}' for each in columns)}\n")
    for count in COUNTS:
        fill(count)
        publishing, searching = (
            measure(work)[0] for work in (publish, lambda: Client().get("/search/?q=bone"))
        )
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
        sys.stdout.write(
            f"{count:12}{started:12.1f}{empty:12.0f}{full:12.0f}{ratio:12.2f}"
            f"{publishing:12.1f}{searching:12.1f}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
