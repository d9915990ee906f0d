"""How fast pages are, each against its limit in the same run.

wrk asks one address and its limit by turns, for a second each.
"""

import contextlib
import functools
import http.client
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from bench import CONDITION
from bench.common import by_turns, gunicorn, line
from tests.front import in_front

CONNECTIONS = 16
WRK = shutil.which("wrk") or sys.exit("Stopped: wrk is missing. On Debian: apt-get install wrk")
# Asks with pauses, so that all connections together reach a rate (in requests a second).
PACED = "function delay() return math.floor({connections} / {rate} * 2000 * math.random()) end"


def load(address: str, *, script: str = "", **headers: str) -> tuple[float, float]:
    """Return the requests answered in one second of it, and the 99th percentile in milliseconds."""
    command = [WRK, "--latency", "-t1", f"-c{CONNECTIONS}", "-d1s"]
    for name, value in {"Accept-Encoding": "br", **headers}.items():
        command.append(f"-H{name.replace('_', '-')}: {value}")
    command += [f"-s{script}"] if script else []
    told = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout  # noqa: S603
    if failed := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", told):
        sys.exit(f"{address}: {failed[0]}")
    rate = re.search(r"Requests/sec: +([\d.]+)", told)
    slow = re.search(r"99% +([\d.]+)(us|ms|s)", told)
    if not (rate and slow):
        sys.exit(f"wrk said something else of {address}:\n{told}")
    return float(rate[1]), float(slow[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slow[2]]


def rate(address: str, **headers: str) -> float:
    """Return the requests answered in one second."""
    return load(address, **headers)[0]


def row(name: str, address: str, limit: str, **headers: str) -> float:
    """Print a line on one address and its limit; return the limit's requests a second."""
    pair = (functools.partial(rate, each, **headers) for each in (address, limit))
    (one, other), ratios = by_turns(*pair)
    line(name, round(one), round(other), ratios[1], other / one)
    return other


def paced(name: str, address: str, limit: str, at: float) -> None:
    """Print how long the slowest hundredth waits, each at so many requests a second."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(PACED.format(connections=CONNECTIONS, rate=at))
        file.flush()
        slowest = functools.partial(load, script=file.name)
        medians, ratios = by_turns(lambda: slowest(address)[1], lambda: slowest(limit)[1])
    line(name, *medians, ratios[1])


@contextlib.contextmanager
def nginx(site: str, headers: Iterable[tuple[str, str]], body: bytes) -> Iterator[str]:
    """The site behind deploy/nginx.conf, and at /file a file of nginx's own like that answer."""
    others = {"Server", "Date", "Connection", "Content-Length", "Content-Type", "ETag"}
    own = "".join(
        'add_header {} "{}";'.format(name, value.replace('"', '\\"'))
        for name, value in headers
        if name not in others
    )
    with tempfile.TemporaryDirectory(prefix="clinic-bench-nginx-") as folder:
        Path(folder).chmod(0o755)
        Path(folder, "file").write_bytes(body)
        type_ = "default_type 'text/html; charset=utf-8';"
        file = f"location = /file {{ root {folder}; {type_} {own} }}"
        # As fast as both are, without the limit of one sender, and without a log.
        changes = {"access_log /": f"{file} access_log off; #", "rate=50r/s": "rate=1000000r/s"}
        with in_front(site, changes=changes) as front:
            yield front.address


def main() -> None:
    """Measure, and print the table."""
    line(f"\n{connection.vendor}: requests a second, by 2 processes of gunicorn")
    line("", "it", "limit", "ratio", "times")
    with gunicorn("bench.limits:application") as site:
        page, constant, empty = site + CONDITION, f"{site}/constant", f"{site}/empty"
        for address in (page, constant, empty):
            load(address)
        time.sleep(2)  # until it is packed as small as can be
        server = http.client.HTTPConnection(urlsplit(site).netloc)
        server.request("GET", CONDITION, headers={"Accept-Encoding": "br"})
        answer = server.getresponse()
        headers, body = answer.getheaders(), answer.read()
        server.close()
        most = row("condition page, of constant bytes", page, constant)
        row("not modified, of constant bytes", page, constant, If_None_Match=dict(headers)["ETag"])
        row("condition page made anew, of an empty view", f"{site}/uncached{CONDITION}", empty)
        row("empty form, of an empty view", f"{site}/appointments/request/", empty)
        row("search, of an empty view", f"{site}/search/?q=bone", empty)
        with nginx(site, headers, body) as front:
            load(front + CONDITION)
            row("through nginx, of its own file", front + CONDITION, f"{front}/file")
        line("the slowest hundredth, at half of the rate", "ms", "ms")
        paced("condition page, of constant bytes", page, constant, most / 2)
