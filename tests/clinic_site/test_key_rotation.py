"""Keys on a real site: wrong ones stop its start or shut it, and rotation under load loses none."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from tests.commands import manage
from tests.deploy.test_make_run import run_local
from tests.generated import SOAK
from tests.make import form_answers
from tests.running import (
    PROJECT,
    Site,
    Visitor,
    free_port,
    start_site,
    started_before,
    stop_site,
)

FORM = "/appointments/request/"
OLD, NEW = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
ROWS = 600 if SOAK else 150

STORE = """
from appointments.models import AppointmentRequest as R
from tests.make import answers_to
R.objects.bulk_create(R(content_hash="0" * 64, change_request="Not read yet",
    answers=answers_to(patient_name=f"Name {n}", message=f"Message {n}")) for n in range(%d))
"""
EDIT = """
import time
from appointments.models import AppointmentRequest as R
until, edited = time.monotonic() + 2, set()
while time.monotonic() < until:
    for row in R.objects.order_by("?")[:20]:
        row.change_request = "Read " + row.reference
        row.save(update_fields=["change_request"])
        edited.add(row.reference)
print(*edited)
"""
READ = """
import json
from appointments.models import AppointmentRequest as R
print(json.dumps([[r.reference, r.answer("patient_name"), r.phone, r.answer("message"),
    r.change_request]
    for r in R.objects.all()]))
"""
KILLED = """
import django, os, signal
django.setup()
from django.core.management import call_command
from clinic_site.crypto import rotation
encrypt, done = rotation.encrypt, []
def encrypt_a_few(text):
    done.append(text)
    if len(done) == %d:
        os.kill(os.getpid(), signal.SIGKILL)
    return encrypt(text)
rotation.encrypt = encrypt_a_few
call_command("reencrypt")
"""


GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]


def with_keys(var: Path, field_keys: str) -> dict[str, str]:
    """Return the environment of a site that was started before with the key OLD, and has these now."""
    environment = started_before(var)
    write_keys(var, field_keys)
    return environment


def write_keys(var: Path, field_keys: str) -> None:
    """Write the file of keys that `make run` would make."""
    (var / "local.env").write_text(
        f"SECRET_KEY={settings.SECRET_KEY}\nFIELD_KEYS={field_keys}\n"
        f"DIGEST_KEY={settings.DIGEST_KEY}\n"
    )


def environment_of(var: Path, environment: dict[str, str], **changed: str) -> dict[str, str]:
    """The environment of a process of the site in `var`, with other settings where given."""
    return {
        **environment,
        "ENV_FILE": str(var / "local.env"),
        "SITE_URL": "http://localhost:8000",
        "CLINIC_TIME_ZONE": "America/Chicago",
        "DJANGO_SETTINGS_MODULE": "clinic_site.settings",
        **changed,
    }


def shell(environment: dict[str, str], code: str) -> str:
    done = manage("shell", "--verbosity=0", "-c", code, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def rotating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own that has a new key before its old one."""
    var = tmp_path_factory.mktemp("rotating") / "var"
    site = start_site(var, with_keys(var, f"{NEW},{OLD}"), free_port())
    yield site
    stop_site(site)


@pytest.mark.on_sqlite
def test_a_wrong_key_stops_the_start_with_one_line(tmp_path: Path) -> None:
    var = tmp_path / "var"

    environment = with_keys(var, NEW)
    done = run_local({**environment, "PORT": str(free_port())})
    server = subprocess.run(
        GUNICORN,
        cwd=PROJECT,
        env=environment_of(var, environment, BIND=f"127.0.0.1:{free_port()}"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    for each in (done, server):
        assert each.returncode == os.EX_CONFIG
        assert each.stderr.startswith(
            "Stopped: FIELD_KEYS do not open what is stored in this database. Set the keys "
        )
        assert each.stderr.count("\n") == 1
    assert "Ctrl-C" not in done.stdout


@pytest.mark.on_postgresql
def test_keys_that_turn_wrong_shut_a_running_site_until_they_are_right(rotating: Site) -> None:
    visitor = Visitor(rotating.address)
    attempt = visitor.get(FORM).value_of("attempt")
    other = environment_of(
        rotating.var, rotating.environment, FIELD_KEYS=Fernet.generate_key().decode()
    )
    right = environment_of(rotating.var, rotating.environment)

    assert manage("check_keys", "--accept", environment=other).returncode == 0
    time.sleep(1.5)  # each process looks twice a second
    shut = [visitor.get(FORM), visitor.post(FORM, form_answers(attempt, message="Still here"))]
    page = visitor.get("/conditions/spinal-compression-fractures/")
    assert manage("check_keys", "--accept", environment=right).returncode == 0
    time.sleep(1.5)

    assert [answer.status for answer in shut] == [503, 503]
    for answer in shut:
        answer.assert_valid_html()
        assert "605-217-5617" in answer.words
        assert "Set-Cookie" not in answer.headers
    assert "Still here" in shut[1].text
    assert page.status == 200
    again = visitor.post(FORM, form_answers(shut[1].value_of("attempt"), message="Still here"))
    assert again.status == 303


@pytest.mark.on_postgresql
def test_rotation_under_load_loses_nothing(rotating: Site) -> None:
    right = environment_of(rotating.var, rotating.environment)
    shell({**right, "FIELD_KEYS": f"{OLD},{NEW}"}, STORE % ROWS)
    confirmed: dict[str, str] = {}
    refused: list[int] = []
    finished = threading.Event()

    def send_requests(person: int) -> None:
        visitor, number = Visitor(rotating.address), 0
        while not finished.wait(0 if SOAK else 0.1):
            name, number = f"Person {person} {number}", number + 1
            attempt = visitor.get(FORM).value_of("attempt")
            answer = visitor.post(FORM, form_answers(attempt, patient_name=name))
            if answer.status != 303:
                refused.append(answer.status)
                continue
            shown = visitor.get(answer.headers["Location"])
            found = re.search(r"VIS-\w{4}-\w{4}", shown.words)
            assert found
            confirmed[found[0]] = name

    people = [threading.Thread(target=send_requests, args=[person]) for person in range(4)]
    editor = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", EDIT],
        cwd=PROJECT,
        env=right,
        stdout=subprocess.PIPE,
        text=True,
    )
    for person in people:
        person.start()
    try:
        done = manage("reencrypt", environment=right)
    finally:
        edited = editor.communicate(timeout=60)[0].split()
        finished.set()
        for person in people:
            person.join(timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr
    anew = re.search(r"anew, from key 2 \(.{8}\): ([\d,]+)$", done.stdout, re.MULTILINE)
    assert anew
    assert int(anew[1].replace(",", "")) > ROWS
    assert editor.returncode == 0
    assert refused == []
    assert len(confirmed) > 10
    alone = {**right, "FIELD_KEYS": NEW}
    assert manage("check_keys", environment=alone).returncode == 0
    rows = {row[0]: row[1:] for row in json.loads(shell(alone, READ))}
    for reference, name in confirmed.items():
        assert rows[reference][0] == name
    early = [row for row in rows.values() if row[0].startswith("Name ")]
    assert len(early) == ROWS
    for name, phone, message, _notes in early:
        assert (phone, message) == ("+16055550142", f"Message {name.removeprefix('Name ')}")
    assert len(edited) > 20
    for reference in edited:
        assert rows[reference][3] == f"Read {reference}"


@pytest.mark.on_postgresql
def test_reencrypt_killed_half_way_goes_on_where_it_was(tmp_path: Path) -> None:
    var = tmp_path / "var"
    before = environment_of(var, with_keys(var, OLD))
    shell(before, STORE % 200)
    both = {**before, "FIELD_KEYS": f"{NEW},{OLD}"}

    # Each time in its second batch of 50 rows with 2 values, within the transaction.
    for calls in (125, 120):
        command = [sys.executable, "-c", KILLED % calls]
        killed = subprocess.run(command, cwd=PROJECT, env=both, timeout=120, check=False)
        assert killed.returncode == -signal.SIGKILL

    halfway = manage("check_keys", environment=both).stdout
    counts = [int(count.replace(",", "")) for count in re.findall(r"opens: ([\d,]+)", halfway)]
    assert counts == [200, 201, 0]
    assert manage("check_keys", environment={**before, "FIELD_KEYS": NEW}).returncode == 3
    done = manage("reencrypt", environment=both)
    assert done.returncode == 0
    assert re.search(r"from key 2 \(.{8}\): 201$", done.stdout, re.MULTILINE)
    alone = {**before, "FIELD_KEYS": NEW}
    assert manage("check_keys", environment=alone).returncode == 0
    assert len(json.loads(shell(alone, READ))) == 200
