"""How work grows with what is stored: its time and its queries with many rows against few.

Both are measured in one run, on one database, so that the ratio says how the work grows and not
how busy the machine was.
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

ROUNDS = 15


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
    server = subprocess.Popen(  # noqa: S603
        [
            *(sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"),
            application,
        ],
        env={**os.environ, "BIND": f"127.0.0.1:{port}", "SITE_URL": address, "KEYS_CHECKED": "yes"},
    )
    try:
        while not is_up(address):
            if server.poll() is not None:
                sys.exit("The server did not start; what it said is above.")
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=40)


def measure(work: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, int]:
    """Return the median milliseconds and the number of queries of `work`, once it is warm."""
    work()
    times = []
    for _round in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    with CaptureQueriesContext(connection) as queries:
        work()
    return statistics.median(times), len(queries)


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
    with_many = {name: measure(work) for name, work in works.items()}
    sys.stdout.write(f"\n{connection.vendor}: {many} {what} against {few}\n")
    sys.stdout.write(f"{'':28}{'queries':>9}{'ms, few':>9}{'ms, many':>10}{'ratio':>8}\n")
    for name in works:
        (t_few, q_few), (t_many, q_many) = with_few[name], with_many[name]
        queries = str(q_many) if q_few == q_many else f"{q_few}->{q_many}"
        sys.stdout.write(f"{name:28}{queries:>9}{t_few:9.1f}{t_many:10.1f}{t_many / t_few:8.2f}\n")
