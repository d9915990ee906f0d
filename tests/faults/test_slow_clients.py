"""Hundreds who send and read as slowly as they can: patients hardly notice, and all are cut off.

For 3 seconds, with deadlines of one; in `make soak` for 30, with those of a server.
"""

import contextlib
import itertools
import resource
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.faults.serving import FORM, Asked, Crowd, serving, tell, until
from tests.front import in_front
from tests.generated import SOAK
from tests.running import install

pytestmark = pytest.mark.on_sqlite

SECONDS = 30 if SOAK else 3
BAD = 225  # at each of two doors
CONDITION = "/conditions/spinal-compression-fractures/"
DEADLINES = {} if SOAK else dict.fromkeys(("HEADER_SECONDS", "BODY_SECONDS", "SEND_SECONDS"), "1")
NGINX = (
    {}
    if SOAK
    else {
        "header_timeout 5s": "header_timeout 1s",
        "send_timeout 10s": "send_timeout 1s",
        "keepalive_timeout 4s": "keepalive_timeout 500ms",  # before HEADER_SECONDS, as there
    }
)
ALL_CUT = 45 if SOAK else 15  # seconds, when nobody comes any more
# Seconds at most. Beside other tests the machine is busy.
HEALTHZ, SLOWER = (1, 0.25) if SOAK else (5, 5)
# The request form alone has no deadline behind nginx, which waits for all of its body: of one that
# comes slowly the site knows nothing.
BEHIND = "/appointments/status/"
MEMORY = 40 * 2**20  # bytes, of both processes; 450 connections take some 10
KINDS = ("headers", "body", "chunks", "silence", "reading")


@dataclass
class Slow:
    """One who is slow in one way, from an address of their own."""

    kind: str
    line: socket.socket
    heard: bytes = b""

    def go_on(self) -> bool:
        """Hear what is said, and send a byte; return whether they are still there."""
        try:
            if self.kind != "reading":
                with contextlib.suppress(BlockingIOError):
                    self.heard += (piece := self.line.recv(65536))
                    if not piece:
                        return False
            if self.kind != "silence":
                self.line.send(b"1\r\na\r\n" if self.kind == "chunks" else b"a")
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True


class Horde(threading.Thread):
    """So many at once; who is cut off comes again, until it is over."""

    def __init__(self, address: str, form: str) -> None:
        super().__init__(daemon=True)
        self.host, self.form = urlsplit(address), form
        self.kinds, self.number = itertools.cycle(KINDS), itertools.count()
        self.over = threading.Event()
        self.here: list[Slow] = []
        self.cut: list[Slow] = []

    def come(self) -> Slow:
        kind, number = next(self.kinds), next(self.number) % BAD
        post = f"POST {self.form} HTTP/1.1\r\nHost: {self.host.netloc}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        page = f"GET {CONDITION} HTTP/1.1\r\nHost: {self.host.netloc}\r\n"
        first = {
            "headers": page,
            "body": f"{post}Content-Length: 9000\r\n\r\n",
            "chunks": f"{post}Transfer-Encoding: chunked\r\n\r\n",
            "silence": "",
            "reading": f"{page}\r\n" * 100,
        }
        line = socket.socket()
        if kind == "reading":
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(10)
        line.bind((f"127.0.{number // 200}.{number % 200 + 2}", 0))
        line.connect(("127.0.0.1", self.host.port))
        line.sendall(first[kind].encode())
        line.setblocking(False)
        return Slow(kind, line)

    def run(self) -> None:
        while not self.over.is_set() or self.here:
            gone = [each for each in self.here if not each.go_on()]
            self.cut += gone
            for each in gone:
                each.line.close()
                self.here.remove(each)
            while not self.over.is_set() and len(self.here) < BAD:
                self.here.append(self.come())
            time.sleep(0.2)


def memory() -> int:
    """What all web processes under this one take."""
    everyone = psutil.Process().children(recursive=True)
    return sum(each.memory_info().rss for each in everyone if "gunicorn" in str(each.cmdline()))


def most_wait(asked: list[Asked]) -> float:
    """Within how many seconds 99 of 100 were answered."""
    return sorted(each.seconds for each in asked)[len(asked) * 99 // 100]


def people(doors: tuple[str, ...], seconds: float) -> list[Crowd]:
    """Have people come in by each door to look at pages and ask for appointments, for so long."""
    crowds = [Crowd(door) for door in doors]
    for crowd in crowds:
        crowd.look_at("/healthz")
        crowd.look_at("/", CONDITION)
    for number in range(int(seconds * 3)):
        crowds[number % len(doors)].send(f"Number {number} of {seconds} s")
        time.sleep(1 / 3)
    for crowd in crowds:
        crowd.go_home()
        tell(crowd)
        assert {each.answer.status for each in crowd.seen} == {200}
        assert {each.answer.status for each in crowd.sent} == {303}
    return crowds


def test_hundreds_of_slow_clients_stop_nobody(tmp_path: Path) -> None:
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(files, min(most, 4096)), most))
    site = install(tmp_path / "var", **DEADLINES)
    with serving(site) as alone, in_front(alone, changes=NGINX) as front:
        # Given a site in use, by itself and behind nginx,
        doors = (alone, front.address)
        quiet = people(doors, SECONDS / 3)
        used, log = memory(), site.log.stat().st_size

        # when hundreds come who are as slow as they can be,
        hordes = [Horde(alone, FORM), Horde(front.address, BEHIND)]
        for horde in hordes:
            horde.start()
        for horde in hordes:
            until(lambda horde=horde: len(horde.here) == BAD, "they do not get in")
        busy = people(doors, SECONDS)
        for horde in hordes:
            horde.over.set()

        # then all of them are cut off,
        for horde in hordes:
            until(lambda horde=horde: not horde.here, "some are still there", seconds=ALL_CUT)
        for horde in hordes:
            cut = Counter(each.kind for each in horde.cut)
            print(f"cut off: {dict(cut)}")  # noqa: T201
            assert set(cut) == set(KINDS)
        # who sent a form is told so, and nobody takes more than a line of the log,
        told = [each for each in hordes[0].cut + hordes[1].cut if each.kind in {"body", "chunks"}]
        for each in told:
            assert each.heard.startswith(b"HTTP/1.1 408 "), each.heard
            assert b"605-217-5617" in each.heard
        said = site.log.read_bytes()[log:].splitlines()
        assert len(said) == len(told) + sum(each.kind == "reading" for each in hordes[0].cut)
        print(f"memory: {used / 2**20:.0f} MiB, and at the end {memory() / 2**20:.0f}")  # noqa: T201
        assert memory() < used + MEMORY

        # nobody else waits, and no request is lost.
        for crowd, calm in zip(busy, quiet, strict=True):
            alive = [each.seconds for each in crowd.seen if each.path == "/healthz"]
            assert max(alive) < HEALTHZ
            assert most_wait(crowd.seen) < most_wait(calm.seen) + SLOWER
            assert most_wait(crowd.sent) < most_wait(calm.sent) + SLOWER
        count = site.sql("SELECT count(*) FROM appointments_appointmentrequest")[0][0]
        assert count == sum(len(crowd.sent) for crowd in quiet + busy)
