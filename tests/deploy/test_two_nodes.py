"""Two machines with one PostgreSQL behind the shipped nginx: they are one site, also as one dies.

Each has a web server, a worker, and folders of its own. Two are killed; in `make soak` eight.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings

from tests.commands import Running, manage
from tests.faults.serving import FORM, Crowd, stored, tell, until
from tests.front import Front, in_front
from tests.generated import SOAK
from tests.make import form_answers
from tests.running import (
    PROJECT,
    TEST_ENV,
    Answer,
    Installation,
    Visitor,
    free_port,
    install,
    is_up,
    local_environment,
    make_attempt,
)

KILLS, SENT = (8, 60) if SOAK else (2, 12)  # requests about each of them, ten a second
AGAIN = 10 if SOAK else 1  # seconds until nginx asks one again that did not answer; by itself, 10
SOON = 3 if SOAK else 15  # seconds at most; beside other tests the machine is busy
CONDITION = "/conditions/spinal-compression-fractures/"
PAGES = ("/", CONDITION, "/search/?q=back", FORM, "/healthz")

PUBLISH = """
from conditions.models import Page
from tests.make import edited, published
published(edited(Page.objects.get(slug="spinal-compression-fractures"), summary="{}"))
"""
DESK = "from tests.appointments.office import make_desk; make_desk('desk', 'new_request')"
WAITING = "SELECT count(*) FROM clinic_site_outboxmessage WHERE state = 'waiting'"
SUSPECTED = "SELECT suspicion FROM appointments_appointmentrequest ORDER BY received_at"


@dataclass
class Node:
    """One machine."""

    site: Installation
    port: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
        bind = {"BIND": f"127.0.0.1:{self.port}", "KEYS_CHECKED": "yes"}
        with self.site.log.open("ab") as log:
            self.web = subprocess.Popen(
                command,
                cwd=PROJECT,
                env={**self.site.environment, **bind},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        until(lambda: is_up(self.address), "gunicorn is not up")

    def kill(self) -> None:
        """End all its processes without a word, as a power cut does."""
        os.killpg(self.web.pid, signal.SIGKILL)
        self.web.wait(timeout=20)


class Patients(Crowd):
    """People who send from an address of their own each."""

    def post(self, path: str, data: dict[str, object], **headers: str) -> Answer:
        sender = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
        return super().post(path, data, X_Forwarded_For=sender, **headers)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    folder = tmp_path_factory.mktemp("nodes")
    first = install(folder / "a", REQUESTS_AN_HOUR_OF_ONE_SENDER="5")
    other = {"VAR": str(folder / "b"), "STATIC": str(folder / "static")}
    second = Installation({**first.environment, **other}, folder / "b.log")
    (folder / "b").mkdir()
    shutil.copytree(settings.STATIC_ROOT, folder / "static")
    for number in range(6):  # the second was brought to a new release
        (folder / "static" / f"new.{number:012}.css").write_text("p { color: teal }")
    both = [Node(first), Node(second)]
    for node in both:
        node.start()
    for node in both:
        node.wait()
    yield both
    for node in both:
        node.kill()


@pytest.fixture(scope="module")
def front(nodes: list[Node]) -> Iterator[Front]:
    changes = {
        "server 127.0.0.1:8000 max_fails=0;\n    server 127.0.0.1:8000 max_fails=0;": "".join(
            f"server 127.0.0.1:{node.port} fail_timeout={AGAIN}s;" for node in nodes
        ),
        # All who ask have the address of this machine.
        "X-Forwarded-For $remote_addr": "X-Forwarded-For $http_x_forwarded_for",
        "rate=50r/s": "rate=5000r/s",
    }
    with in_front(changes=changes) as front:
        yield front


@pytest.fixture
def workers(nodes: list[Node]) -> Iterator[list[Running]]:
    both = [node.site.start("send_notifications") for node in nodes]
    yield both
    for worker in both:
        worker.process.kill()


@pytest.mark.needs_postgresql
def test_what_one_publishes_the_other_shows_soon(nodes: list[Node], front: Front) -> None:
    everywhere = [Visitor(each) for each in (nodes[0].address, nodes[1].address, front.address)]
    slowest = 0.0
    for number in range(10 if SOAK else 1):
        words = f"Published as {chr(65 + number)}."
        assert {each.get(CONDITION).status for each in everywhere} == {200}
        nodes[number % 2].site.shell(PUBLISH.format(words))
        began = time.monotonic()

        for each in everywhere:
            until(lambda: words in each.get(CONDITION).text, "it does not show", SOON)  # noqa: B023
        slowest = max(slowest, time.monotonic() - began)
    print(f"\nPublished on one machine, shown by both and by nginx within {slowest:.1f} s")  # noqa: T201


@pytest.mark.needs_postgresql
def test_a_new_file_that_one_does_not_know_is_asked_of_the_other(
    nodes: list[Node], front: Front
) -> None:
    new = [f"/static/new.{number:012}.css" for number in range(6)]
    assert [Visitor(node.address).get(new[0]).status for node in nodes] == [404, 200]

    assert [Visitor(front.address).get(each).status for each in new] == [200] * 6
    assert Visitor(front.address).get("/static/never.000000000000.css").status == 404


@pytest.mark.needs_postgresql
def test_limits_hold_across_both(nodes: list[Node]) -> None:
    # Wrong passwords for one name, on both at once, with the form that one of them gave:
    form = Visitor(nodes[0].address).get("/admin/login/")
    typed = {"username": "ana", "password": "wrong"}
    typed["csrfmiddlewaretoken"] = form.value_of("csrfmiddlewaretoken")
    cookie = form.headers["Set-Cookie"].partition(";")[0]

    def try_one(node: Node) -> int:
        return Visitor(node.address).post("/admin/login/", {**typed}, Cookie=cookie).status

    with ThreadPoolExecutor(4) as pool:
        tried = Counter(pool.map(try_one, nodes * 6))
    assert tried == {200: settings.SIGN_INS_AN_HOUR_OF_ONE_NAME, 429: 2}

    # Requests of one sender, by turns.
    for node in nodes * 3:
        sent = Visitor(node.address).post(
            FORM, form_answers(make_attempt()), X_Forwarded_For="192.0.2.9"
        )
        assert sent.status == 303
    assert [row[0] for row in nodes[0].site.sql(SUSPECTED)] == [""] * 5 + ["sender"]


@pytest.mark.needs_postgresql
def test_nobody_notices_that_one_dies(
    nodes: list[Node], workers: list[Running], front: Front
) -> None:
    # Given people who read and send, and a worker on each machine,
    nodes[0].site.shell(DESK)
    crowd, words = Patients(front.address), []
    for _reader in range(3):
        crowd.look_at(*PAGES)
    # when one machine is killed in the midst of it, comes back, and then the other is,
    for number in range(KILLS):
        for moment in range(SENT):
            if moment == SENT // 4:
                nodes[number % 2].kill()
            if moment == SENT // 2:
                nodes[number % 2].start()
            words.append(f"Words {number}, {moment}")
            crowd.send(words[-1])
            time.sleep(0.1)
        nodes[number % 2].wait()
        time.sleep(AGAIN)
    crowd.go_home()
    until(lambda: nodes[0].site.sql(WAITING) == [(0,)], "a mail waits")
    for worker in workers:
        worker.send(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0

    # then nginx noticed, and nobody else: each request is stored once, and told of once.
    passed_on = [line for line in front.log() if re.search(r" 502, (200|303)$", line)]
    found = Counter(stored(nodes[0].site))
    mails = [
        message_id
        for node in nodes
        for path in Path(node.site.environment["VAR"], "mail").iterdir()
        for message_id in re.findall(r"(?m)^Message-ID: (.+)$", path.read_text())
    ]
    lost = sum(not found[each] for each in words)
    doubled = sum(found[each] > 1 for each in words)
    tell(crowd)
    print(  # noqa: T201
        f"{KILLS} machines killed, {len(passed_on)} passed on to the other, {len(words)} sent, "
        f"{len(words)} accepted, {lost} lost, {doubled} doubled, {len(mails)} mails, "
        f"{len(mails) - len(set(mails))} doubled"
    )
    assert {each.answer.status for each in crowd.seen} == {200}
    assert [each.answer.status for each in crowd.sent] == [303] * len(words)
    assert (lost, doubled) == (0, 0)
    assert len(mails) == len(set(mails)) == len(words)
    assert all(any(Path(node.site.environment["VAR"], "mail").iterdir()) for node in nodes)
    assert passed_on


@pytest.mark.on_postgresql
def test_tables_are_made_once_though_both_begin_at_once(tmp_path: Path) -> None:
    environment = {**local_environment(tmp_path), "ENV_FILE": str(TEST_ENV)}

    def migrate(_node: int) -> subprocess.CompletedProcess[str]:
        return manage("migrate", environment=environment)

    with ThreadPoolExecutor(2) as pool:
        both = [*pool.map(migrate, range(2))]

    assert [(each.returncode, each.stderr) for each in both] == [(0, "")] * 2
    said = [each.stdout for each in both]
    assert ["Applying" in each for each in said].count(True) == 1
    assert sum("No migrations to apply." in each for each in said) == 1
