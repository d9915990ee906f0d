"""Web processes are killed at each step of storing a request, while patients keep sending.

KILLS in the environment says how often (4, at each step once; `make soak` says 200).
"""

import http.client
import json
import os
import random
import re
import threading
import time
import urllib.error
import urllib.parse
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.serving import serving, until
from tests.make import form_answers
from tests.running import Installation, Visitor, install, make_attempt

pytestmark = pytest.mark.on_postgresql

KILLS = int(os.environ.get("KILLS", "4"))
# Of storing a request, at which a process is killed.
STEPS = ("before insert", "before mail", "before commit", "after commit")
PATIENTS = 6  # who send at the same time

STAFF = """
from tests.appointments.office import make_desk
make_desk("desk", "new_request")
"""
STORED = """
import json
from appointments.models import AppointmentRequest
from clinic_site.models import OutboxMessage
print(json.dumps({
    "requests": [[r.reference, r.answer("message")] for r in AppointmentRequest.objects.all()],
    "attempts": AppointmentRequest.objects.values("attempt").distinct().count(),
    "told": list(OutboxMessage.objects.filter(kind="new_request")
                 .values_list("reference", flat=True)),
}))
"""


class Patient(threading.Thread):
    """Opens the form, sends it, tries again with the same page until it is confirmed; and again."""

    def __init__(self, address: str, stop: threading.Event, number: int) -> None:
        super().__init__(daemon=True)
        self.visitor = Visitor(address)
        self.stop = stop
        self.number = number
        self.shown: dict[str, str] = {}
        self.tries: Counter[str] = Counter()
        self.failure = ""

    def run(self) -> None:
        try:
            count = 0
            while not self.stop.is_set():
                count += 1
                message = f"Patient {self.number}, request {count}"
                self.shown[message] = self.send(message)
        except Exception as error:  # told by the test, which waits for all patients
            self.failure = repr(error)

    def send(self, message: str) -> str:
        """Return the reference that the confirmation shows."""
        self.ask(lambda: self.visitor.get("/appointments/request/"))
        attempt = make_attempt()
        answers = form_answers(attempt, message=message)
        answer = self.ask(
            lambda: self.visitor.post("/appointments/request/", answers), message=message
        )
        assert answer.status == 303, answer.words
        page = self.ask(lambda: self.visitor.get(answer.headers["Location"]))
        reference = re.search(r"VIS-\w{4}-\w{4}", page.words)
        assert reference
        return reference[0]

    def ask(self, question, message: str = ""):
        """As a person does: an error, or no answer, and the same is tried again."""
        end = time.monotonic() + 60
        while True:
            self.tries[message] += 1
            try:
                answer = question()
                if answer.status < 500:
                    return answer
            except (urllib.error.URLError, http.client.HTTPException, OSError):
                pass
            assert time.monotonic() < end, "no answer for a minute"
            time.sleep(random.uniform(0.05, 0.2))  # noqa: S311


@pytest.fixture
def site(tmp_path: Path) -> Installation:
    site = install(tmp_path / "var")
    site.shell(STAFF)
    return site


def test_no_request_is_lost_or_doubled_however_the_process_dies(site: Installation) -> None:
    # Given patients who keep sending,
    kill = Path(site.environment["VAR"]) / "kill"
    stop = threading.Event()
    patients: list[Patient] = []

    def count() -> int:
        return sum(len(patient.shown) for patient in patients)

    with serving(site, "tests.faults.killable") as address:
        patients += [Patient(address, stop, n) for n in range(PATIENTS)]
        for patient in patients:
            patient.start()

        # when the process that serves them is killed at each step, many times,
        for number in range(KILLS):
            served = count()
            step = STEPS[number % len(STEPS)]
            kill.write_text(step)
            until(lambda: not kill.exists(), f"nobody came to {step}")
            # Between two deaths somebody is served.
            until(lambda served=served: count() > served, f"nobody was served after {step}")
        stop.set()
        for patient in patients:
            patient.join(timeout=90)

    # then each reference that was shown is stored, with what was typed,
    assert [patient.failure for patient in patients if patient.failure] == []
    stored = json.loads(site.shell(STORED))
    shown = {message: ref for patient in patients for message, ref in patient.shown.items()}
    by_message = {message: reference for reference, message in stored["requests"]}
    assert shown.items() <= by_message.items()
    # no attempt has two rows,
    assert len(stored["requests"]) == len(by_message) == stored["attempts"]
    assert len(shown) >= KILLS
    # staff are told of each once,
    assert sorted(stored["told"]) == sorted(by_message.values())
    # a worker's mails tell of each at least once,
    assert site.manage("send_notifications", "--once").returncode == 0
    mails = "".join(path.read_text() for path in (Path(site.environment["VAR"]) / "mail").iterdir())
    assert [reference for reference in by_message.values() if reference not in mails] == []
    # and some patients did have to try again.
    again = sum(tries - 1 for patient in patients for m, tries in patient.tries.items() if m)
    assert again > 0
    print(f"{KILLS} kills, {len(stored['requests'])} requests, {again} tries again, 0 lost")  # noqa: T201
