"""A site to break: real gunicorn, patients who send until they are heard, readers who look on.

OUTAGE in the environment says for how many seconds a database is away (3; `make soak` says 60).
"""

import contextlib
import functools
import itertools
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.generated import SOAK
from tests.make import form_answers
from tests.running import PROJECT, Answer, Installation, Visitor, free_port, is_up, make_attempt

FORM = "/appointments/request/"
OUTAGE = float(os.environ.get("OUTAGE", "3"))
LONGEST = 8  # seconds until what was typed is stored, or back; 6, and 2 for a busy machine

STORED = """
from appointments.models import AppointmentRequest as R
print(*(r.answer("message") for r in R.objects.all()), sep="|")
"""


@contextlib.contextmanager
def serving(
    site: Installation, application: str = "clinic_site.wsgi", *, looks_first: bool = False
) -> Iterator[str]:
    """gunicorn as in production; gives its address.

    With `looks_first` it looks at its keys before it starts, which takes a second.
    """
    port = free_port()
    looked = {} if looks_first else {"KEYS_CHECKED": "yes"}
    address = f"http://localhost:{port}"
    with site.log.open("ab") as out:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"),
                application,
            ],
            cwd=PROJECT,
            env={**looked, **site.environment, "BIND": f"127.0.0.1:{port}"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: is_up(address) or server.poll() is not None, "gunicorn is not up")
        assert server.poll() is None, site.log.read_text()
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=40)


@contextlib.contextmanager
def serving_with_worker(site: Installation) -> Iterator[str]:
    """The same, with a worker beside it that ends well."""
    worker = site.start("send_notifications")
    with serving(site) as address:
        yield address
    worker.send(signal.SIGTERM)
    assert worker.wait(timeout=40) == 0


def until(happened: Callable[..., object], else_say: str = "", seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, else_say
        time.sleep(0.05)


def is_ready(address: str) -> bool:
    """What /readyz says, by a look that is at most 5 seconds old."""
    return Visitor(address).get("/readyz").status == 200


def stored(site: Installation) -> list[str]:
    """What patients wrote, in order of the alphabet."""
    return sorted(site.shell(STORED).split("|"))


@dataclass
class Asked:
    """One question, and what came of it."""

    path: str
    seconds: float
    answer: Answer


@dataclass
class Crowd:
    """People who use the site at the same time, each in a thread of their own."""

    address: str
    seen: list[Asked] = field(default_factory=list)
    sent: list[Asked] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)  # messages that were confirmed
    failures: list[str] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def get(self, path: str) -> Answer:
        began = time.monotonic()
        answer = Visitor(self.address).get(path)
        self.seen.append(Asked(path, time.monotonic() - began, answer))
        if answer.status == 200 and answer.headers.get_content_type() == "text/html":
            assert answer.text.startswith("<!DOCTYPE html>"), answer.text[:80]
            assert answer.text.endswith("</html>\n"), answer.text[-80:]
        return answer

    def post(self, path: str, data: dict[str, object], **headers: str) -> Answer:
        began = time.monotonic()
        answer = Visitor(self.address).post(path, data, **headers)
        self.sent.append(Asked(path, time.monotonic() - began, answer))
        return answer

    def add(self, act: Callable[[], object]) -> None:
        """Have somebody do this."""

        def run() -> None:
            try:
                act()
            except Exception as error:  # told when all are home
                self.failures.append(repr(error))

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def look_at(self, *paths: str) -> None:
        """Have somebody look at these pages, over and over, until all go home."""

        def look() -> None:
            while not self.over.is_set():
                for path in paths:
                    self.get(path)
                time.sleep(0.05 if SOAK else 0.2)

        self.add(look)

    def be_heard(self, message: str, **more: object) -> None:
        """Send a request, again and again until it is confirmed; `more`: further answers.

        Each answer before that shows what was typed.
        """
        phone = f"605-555-{secrets.randbelow(10_000):04d}"  # equal words of one phone would be asked about
        answers = form_answers(make_attempt(), message=message, phone=phone, **more)
        while (answer := self.post(FORM, answers)).status != 303:
            assert message in answer.text, answer.text
            time.sleep(0.1 if SOAK else 0.5)
        self.heard.append(message)

    def send(self, message: str) -> None:
        """Have a patient send a request until it is confirmed."""
        self.add(lambda: self.be_heard(message))

    def keep_sending(self, *patients: str, **more: object) -> None:
        """Have each of these send one request after another, until all go home."""

        def send(patient: str) -> None:
            for number in itertools.count():
                if self.over.is_set():
                    return
                self.be_heard(f"Words {number} of {patient}", **more)

        for patient in patients:
            self.add(functools.partial(send, patient))

    def go_home(self) -> None:
        """Wait for all of them."""
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=90)
            assert not thread.is_alive(), "someone still waits"
        assert not self.failures, self.failures


def tell(crowd: Crowd, fault: str = "", site: Installation | None = None) -> None:
    """Print what they met, for those who run `make soak`.

    Where this is all that was sent to a `site`: what is stored there is what was confirmed.
    """
    print(f"\nseen: {_summary(crowd.seen)}\nsent: {_summary(crowd.sent)}")  # noqa: T201
    if site is None:
        return
    there, heard = Counter(stored(site)), Counter(crowd.heard)
    lost, doubled = (heard - there).total(), (there - heard).total()
    forms = [each.answer.status for each in crowd.sent if each.path == FORM]
    failed = sum(each.answer.status != 200 for each in crowd.seen)
    print(  # noqa: T201
        f"{fault}: {len(forms)} sent, {forms.count(303)} accepted, "
        f"{len(forms) - forms.count(303)} refused with their words, {lost} lost, {doubled} doubled; "
        f"{len(crowd.seen)} pages asked for, {failed} failed"
    )
    assert (lost, doubled) == (0, 0)


def _summary(asked: list[Asked]) -> str:
    """How many, with which answers, and how long they took."""
    if not asked:
        return "none"
    seconds = sorted(each.seconds for each in asked)
    answers = dict(sorted(Counter(each.answer.status for each in asked).items()))
    middle = seconds[len(seconds) // 2]
    return f"{len(asked)}, {answers}, half within {middle:.3f} s, slowest {seconds[-1]:.3f} s"
