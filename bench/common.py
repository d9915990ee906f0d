"""What the benchmarks share. What is compared is measured in one run, so that a ratio says how one
thing does against the other, and not how busy the machine was.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import django
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.running import free_port, is_up

ROUNDS = int(os.environ.get("PAIRS", "15"))  # fewer for a quick look


def prepare() -> None:
    """Set Django up, on an empty database, with the shipped content."""
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("load_content", "conditions/content", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


@contextlib.contextmanager
def gunicorn(application: str = "clinic_site.wsgi") -> Iterator[str]:
    """The site, or it beside its limits, on gunicorn as in production; gives its address."""
    port = free_port()
    address = f"http://localhost:{port}"
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", application]
    own = {"BIND": f"127.0.0.1:{port}", "SITE_URL": address, "KEYS_CHECKED": "yes"}
    server = subprocess.Popen(command, env={**os.environ, **own})  # noqa: S603
    try:
        while not is_up(address):
            if server.poll() is not None:
                sys.exit("The server did not start; what it said is above.")
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=40)


def line(name: str, *cells: str | float) -> None:
    """Print a line of a table; what is no whole number has two decimals."""
    shown = [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells]
    sys.stdout.write(f"{name:46}{''.join(f'{each:>12}' for each in shown)}\n")
    sys.stdout.flush()


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long it takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def measure(work: Callable[[], object]) -> tuple[float, int]:
    """Return the median milliseconds and the number of queries of `work`, once it is warm."""
    work()
    median = statistics.median(milliseconds(work) for _round in range(ROUNDS))
    with CaptureQueriesContext(connection) as queries:
        work()
    return median, len(queries)


def by_turns(*measured: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Return the medians of what each returns, and those of the ratios of the first to each.

    By turns, as all are to meet the same machine: single ratios vary by a half.
    """
    rounds = [[each() for each in measured] for _round in range(ROUNDS)]
    medians = [statistics.median(each) for each in zip(*rounds, strict=True)]
    ratios = [statistics.median(each[0] / each[n] for each in rounds) for n in range(len(measured))]
    return medians, ratios


def compare(
    works: Mapping[str, Callable[[], object]],
    *,
    fill: Callable[[int], None],
    few: int,
    many: int,
    what: str,
) -> None:
    """Measure each work with few rows and with many, and print the table; `fill` stores rows."""
    fill(few)
    with_few = {name: measure(work) for name, work in works.items()}
    fill(many)
    line(f"\n{connection.vendor}: {many} {what} against {few}")
    line("", "queries", "ms, few", "ms, many", "ratio")
    for name, work in works.items():
        (t_few, q_few), (t_many, q_many) = with_few[name], measure(work)
        queries = str(q_many) if q_few == q_many else f"{q_few}->{q_many}"
        line(name, queries, t_few, t_many, t_many / t_few)
