"""How fast pages are, each against its limit in the same run, for `make bench`.

Run by bench/run.py. wrk asks one address and its limit by turns, for a second each; the figure is
the median of the ratios of the pairs, as single ones vary by a half.
"""

import contextlib
import http.client
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bench.growth import gunicorn, prepare
from tests.front import in_front
from tests.running import Visitor

PAIRS = int(os.environ.get("PAIRS", "15"))  # fewer for a quick look
CONNECTIONS = 16
WRK = shutil.which("wrk") or sys.exit("Stopped: wrk is missing. On Debian: apt-get install wrk")
CONDITION = "/conditions/spinal-compression-fractures/"
# Asks with pauses, so that all connections together reach a rate (in requests a second).
PACED = "function delay() return math.floor({connections} / {rate} * 2000 * math.random()) end"


def load(address: str, script: Path | None = None, **headers: str) -> tuple[float, float]:
    """Return the requests answered in one second of it, and the 99th percentile in milliseconds."""
    command = [WRK, "--latency", "-t1", f"-c{CONNECTIONS}", "-d1s"]
    command += [f"-H{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    command += [f"-s{script}"] if script else []
    told = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout  # noqa: S603
    if failed := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", told):
        sys.exit(f"{address}: {failed[0]}")
    rate, slow = (
        re.search(r"Requests/sec: +([\d.]+)", told),
        re.search(r"99% +([\d.]+)(us|ms|s)", told),
    )
    if not (rate and slow):
        sys.exit(f"wrk said something else of {address}:\n{told}")
    return float(rate[1]), float(slow[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slow[2]]


def row(name: str, address: str, limit: str, **headers: str) -> float:
    """Print a line on one address and its limit; return the limit's requests a second."""
    headers = {"Accept_Encoding": "br", **headers}
    pairs = []
    for _pair in range(PAIRS):
        pairs.append((load(address, None, **headers)[0], load(limit, None, **headers)[0]))
    ratio = statistics.median(one / other for one, other in pairs)
    one, other = (statistics.median(each) for each in zip(*pairs, strict=True))
    sys.stdout.write(f"{name:44}{one:9.0f}{other:9.0f}{ratio:8.2f}{other / one:8.1f}\n")
    sys.stdout.flush()
    return other


def paced(name: str, address: str, limit: str, rate: float) -> None:
    """Print how long the slowest hundredth waits, each at half of the limit's rate."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(PACED.format(connections=CONNECTIONS, rate=rate))
        file.flush()
        pairs = [
            [load(each, Path(file.name), Accept_Encoding="br")[1] for each in (address, limit)]
            for _pair in range(PAIRS)
        ]
    ratio = statistics.median(one / other for one, other in pairs)
    one, other = (statistics.median(each) for each in zip(*pairs, strict=True))
    sys.stdout.write(f"{name:44}{one:9.2f}{other:9.2f}{ratio:8.2f}\n")


def http_answer(site: str, path: str) -> tuple[list[tuple[str, str]], bytes]:
    """Return the headers that the site itself set, and the body, as brotli."""
    line = http.client.HTTPConnection(urlsplit(site).netloc)
    line.request("GET", path, headers={"Accept-Encoding": "br"})
    answer = line.getresponse()
    ours = [each for each in answer.getheaders() if each[0] not in {"Server", "Date", "Connection"}]
    return ours, answer.read()


@contextlib.contextmanager
def nginx(site: str, headers: Iterable[tuple[str, str]], body: bytes) -> Iterator[str]:
    """The site behind deploy/nginx.conf, and at /file a file of nginx's own with this body."""
    kept = [each for each in headers if each[0] not in {"Content-Length", "Content-Type", "ETag"}]
    own = "".join('add_header {} "{}";'.format(n, v.replace('"', '\\"')) for n, v in kept)
    with tempfile.TemporaryDirectory(prefix="clinic-bench-nginx-") as name:
        Path(name).chmod(0o755)
        Path(name, "file").write_bytes(body)
        file = f"location = /file {{ root {name}; default_type 'text/html; charset=utf-8'; {own} }}"
        # As fast as both are, without the limit of one sender, and without a log.
        changes = {
            "access_log /": f"{file} access_log off; #",
            "rate=50r/s": "rate=1000000r/s",
        }
        with in_front(site, changes=changes) as front:
            yield front.address


def main() -> None:
    """Measure, and print the table."""
    prepare()
    from django.db import connection

    sys.stdout.write(f"\n{connection.vendor}: requests a second, by 2 processes of gunicorn\n")
    sys.stdout.write(f"{'':44}{'it':>9}{'limit':>9}{'ratio':>8}{'times':>8}\n")
    with gunicorn("bench.limits:application") as site:
        page, constant, empty = site + CONDITION, site + "/constant", site + "/healthz"
        for address in (page, constant, empty):
            load(address, Accept_Encoding="br")
        time.sleep(2)  # until it is packed as small as can be
        etag = Visitor(site).get(CONDITION, Accept_Encoding="br").headers["ETag"]
        most = row("condition page, of constant bytes", page, constant)
        row("not modified, of constant bytes", page, constant, If_None_Match=etag)
        row("condition page made anew, of an empty view", site + "/uncached" + CONDITION, empty)
        row("empty form, of an empty view", site + "/appointments/request/", empty)
        row("search, of an empty view", site + "/search/?q=bone", empty)
        raw = http_answer(site, CONDITION)
        with nginx(site, *raw) as front:
            load(front + CONDITION, Accept_Encoding="br")
            row("through nginx, of its own file", front + CONDITION, front + "/file")
        sys.stdout.write(f"{'the slowest hundredth, at half of the rate':44}{'ms':>9}{'ms':>9}\n")
        paced("condition page, of constant bytes", page, constant, most / 2)


if __name__ == "__main__":
    main()
