"""How the site does with 10, 200 and 2,000 published conditions.

Each time one page is published and a common word sought; a site starts anew, every page is read,
and then one is asked for as fast as can be, by turns with constant bytes.
"""

import functools
import http.client
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from django.conf import settings
from django.db import connection
from django.test import Client

from bench import CONDITION
from bench.common import by_turns, gunicorn, line, measure
from bench.content import fill, publish
from bench.pages import rate
from conditions.models import Address


def memory() -> int:
    """Return MiB that the larger web process has for itself."""
    processes = psutil.Process().children(recursive=True)
    return max(each.memory_full_info().uss for each in processes) // 2**20


def read_all(site: str, slugs: list[str]) -> None:
    """Ask for each page, a few times over, so that each process has it."""
    server = http.client.HTTPConnection(urlsplit(site).netloc)
    for _time in range(4):
        slugs = slugs[::-1]  # so that those that did not fit are not always the next
        for slug in slugs:
            server.request("GET", f"/conditions/{slug}/", headers={"Accept-Encoding": "br"})
            answer = server.getresponse()
            if answer.status != 200:
                sys.exit(f"/conditions/{slug}/ answered {answer.status}.")
            answer.read()
        server.close()  # the next may be another process's


def wait_until_quiet(folder: Path) -> None:
    """Wait until all pages are packed as small as can be: nothing was written for three seconds."""
    while any(time.time() - each.stat().st_mtime < 3 for each in folder.iterdir()):
        time.sleep(0.5)


def main() -> None:
    """Measure, and print the table."""
    line(f"\n{connection.vendor}: kept pages, {settings.PAGE_CACHE_MB} MiB a process")
    line("", "start, s", "MiB empty", "MiB full", "of constant", "publish, ms", "search, ms")
    for count in (10, 200, 2_000):
        fill(count)
        publishing, _queries = measure(publish)
        searching, _queries = measure(lambda: Client().get("/search/?q=bone"))
        slugs = list(Address.objects.filter(page__kind="condition").values_list("slug", flat=True))
        began = time.monotonic()
        with gunicorn("bench.limits:application") as site:
            started, empty = time.monotonic() - began, memory()
            read_all(site, slugs)
            wait_until_quiet(settings.VAR / "pages")
            full = memory()
            pair = (functools.partial(rate, f"{site}{path}") for path in (CONDITION, "/constant"))
            _rates, ratios = by_turns(*pair)
        line(f"{count} conditions", started, empty, full, ratios[1], publishing, searching)
