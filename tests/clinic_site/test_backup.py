"""Backups are made while patients send, restored equal, and refused where they cannot be."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.commands import at_hand
from tests.environment import POSTGRESQL, new_database, pg_dump
from tests.faults.serving import Crowd, serving, stored, until
from tests.generated import SOAK
from tests.running import Installation, install

PATIENTS = ("Ana", "Bo", "Cy")
ENOUGH = 400 if SOAK else 6  # requests before a backup is made
# What must not go on after a restore.
BEFORE = """
from tests.make import cookie_of, make_account
from clinic_site.access.invitations import invite
from clinic_site.actor import SHELL, Actor
cookie_of("ana", "manager")
invite(user=make_account("new", email="new@clinic.example"), by=Actor(SHELL), reason="new")
"""
AFTER = """
from django.contrib.sessions.models import Session
from clinic_site.models import AuditEvent, Invitation
restored = AuditEvent.objects.filter(detail__startswith="restored as of 2").count()
print(Session.objects.count(), Invitation.objects.filter(used_at=None).count(), restored)
"""
SECRETS = """
import json
from django.conf import settings
from django.core.management import call_command
settings.FIELD_KEYS.append({!r})
settings.SECRET_KEY_FALLBACKS.append("an earlier key that signed what is still in use")
settings.EMAIL_HOST_PASSWORD = "the password of the mail server"
named = [getattr(settings, name) for name in dir(settings)
         if name.endswith(("_KEY", "_KEYS", "_FALLBACKS", "_PASSWORD"))]
values = [each for value in named for each in (value if isinstance(value, list) else [value])]
call_command("backup", verbosity=0)
print(json.dumps([each for each in values if isinstance(each, str)]))
"""
WRONG_KEY = """
from django.conf import settings
from django.core.management import call_command
settings.FIELD_KEYS = [{!r}]
call_command("restore", {!r})
"""
STATUS = """
from pathlib import Path
from django.conf import settings
from clinic_site.readiness import backups_are_made
settings.BACKUPS, settings.BACKUPS_EXPECTED = Path({!r}), {}
found = backups_are_made()
print(found.good, found.text)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    site = install(tmp_path_factory.mktemp("backup") / "var")
    site.environment["PYTHONWARNINGS"] = "error"
    site.shell(BEFORE)
    return site


@pytest.fixture(scope="module")
def backup(site: Installation) -> Path:
    done = run(site, "backup")
    assert done.returncode == 0, done.stderr
    return newest(site)


def run(site: Installation, *command: str) -> subprocess.CompletedProcess[str]:
    return at_hand(*command, environment=site.environment)


def newest(site: Installation) -> Path:
    return max((Path(site.environment["VAR"]) / "backups").iterdir())


def elsewhere(site: Installation, var: Path) -> Installation:
    """Another machine with the same keys, on which nothing is stored."""
    var.mkdir()
    return Installation({**site.environment, **new_database(), "VAR": str(var)}, site.log)


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_while_patients_send_a_backup_is_made_and_restored_equal(
    site: Installation, tmp_path: Path
) -> None:
    # Given patients who send without a pause,
    with serving(site) as address:
        crowd = Crowd(address)
        crowd.keep_sending(*PATIENTS, email="a@b.example", email_ok="on")
        until(lambda: len(crowd.heard) >= ENOUGH, "nobody is heard", 300)
        before = list(crowd.heard)
        # when a backup is made and tried,
        drill = run(site, "restore_drill")
        meanwhile = len(crowd.heard) - len(before)
        crowd.go_home()

    # then each table is equal, and the site went on;
    print(*drill.stdout.splitlines()[-1:], f"{meanwhile} requests meanwhile", sep="\n")  # noqa: T201
    assert drill.returncode == 0, drill.stdout + drill.stderr
    assert " 0 of " in drill.stdout
    assert meanwhile > 0
    # restored elsewhere, all that was confirmed before is in it,
    there = elsewhere(site, tmp_path / "var")
    restored = run(there, "restore", str(newest(site)))
    assert restored.returncode == 0, restored.stderr
    assert set(before) <= set(stored(there)) <= set(stored(site))
    assert stored(site) == sorted(crowd.heard)
    # sessions and invitations have ended,
    assert site.shell(AFTER) == "1 2 0"
    assert there.shell(AFTER) == "0 0 1"
    # and no mail goes out until a person says so.
    waiting = there.sql("SELECT count(*) FROM clinic_site_outboxmessage WHERE state = 'waiting'")
    count = waiting[0][0]
    assert count > len(before)
    assert run(there, "send_notifications", "--once").stdout == "Sent 0.\n"
    status = run(there, "status").stdout
    assert f"FAIL  mail       {count} waiting, 0 given up, all held" in status
    assert status.count("FAIL") == 1
    assert run(there, "release_mail").stdout == f"{count} mails released.\n"
    sent = run(there, "send_notifications", "--once").stdout
    assert sent == f"Sent {count - 1}.\n"  # the invitation is over
    assert run(there, "status").returncode == 0


def test_a_backup_is_for_its_owner_alone_and_holds_no_key(site: Installation) -> None:
    said = site.shell(SECRETS.format(new_key()))
    secrets, made = json.loads(said.splitlines()[-1]), newest(site)

    assert len(secrets) == 6
    text = b"".join(path.read_bytes() for path in made.iterdir())
    if POSTGRESQL:
        tool = Path(pg_dump()).with_name("pg_restore")
        command = [str(tool), "--file=-", str(made / "database.dump")]
        text += subprocess.run(command, capture_output=True, check=True).stdout
    assert b"new@clinic.example" in text
    assert [secret for secret in secrets if secret.encode() in text] == []
    assert {oct(path.stat().st_mode & 0o777) for path in made.iterdir()} == {"0o600"}
    assert oct(made.stat().st_mode & 0o777) == "0o700"


def copied(backup: Path, to: Path, **manifest: object) -> str:
    """Return the path of a copy of a backup, in which other things stand in the manifest."""
    file = shutil.copytree(backup, to) / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **manifest}))
    return str(to)


def miscounted(backup: Path, to: Path) -> str:
    """Return the path of a copy that says one row too many."""
    tables = json.loads((backup / "manifest.json").read_text())["tables"]
    tables["clinic_site_clinic"][0] += 1
    return copied(backup, to, tables=tables)


def test_what_is_not_right_is_not_restored(
    site: Installation, backup: Path, tmp_path: Path
) -> None:
    there = elsewhere(site, tmp_path / "var")
    cut = copied(backup, tmp_path / "cut")
    dump = next(Path(cut).glob("database.*"))
    dump.write_bytes(dump.read_bytes()[:-1000])
    other = copied(backup, tmp_path / "other", database="mysql")
    few = miscounted(backup, tmp_path / "few")
    wrong_key = ("shell", "--verbosity=0", "-c", WRONG_KEY.format(new_key(), str(backup)))
    for place, command, said in (
        (site, ("restore", str(backup)), " holds data. "),
        (there, wrong_key, "Keys of this backup are not set: FIELD_KEYS "),
        (there, ("restore", cut), " is damaged: "),
        (there, ("restore", other), "This is a backup of mysql"),
        (there, ("restore", str(tmp_path)), " is no backup "),
        (there, ("restore", str(backup.parent)), "Name one of the folders in it, such as clinic-"),
        (there, ("restore", few), "Not as they were backed up: clinic_site_clinic."),
    ):
        done = run(place, *command)

        assert done.returncode == 1
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1

    # What is not right stays unused: on PostgreSQL the database takes no writes.
    assert run(there, "send_notifications", "--once").returncode == 1
    assert not POSTGRESQL or "takes no writes" in run(there, "release_mail").stderr
    assert list(tmp_path.glob("*/*.sqlite3.*")) == []
    drill = run(site, "restore_drill", few)
    assert drill.returncode == 1
    assert drill.stdout.count("DIFFERS") == 1
    assert re.search(r": 1 of \d\d tables differ", drill.stdout)


def no_room(tmp_path: Path) -> str:
    return "settings.FREE_DISK = 2**60"


def full_disk(tmp_path: Path) -> str:
    return "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))"


def no_tool(tmp_path: Path) -> str:
    return f"settings.PG_BIN = {str(tmp_path)!r}"


def old_tool(tmp_path: Path) -> str:
    tool = tmp_path / "pg_dump"
    tool.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    tool.chmod(0o700)
    return no_tool(tmp_path)


FAULTS = {no_room: " MB free; this can take ", full_disk: "Stopped: "}
TOOLS = {no_tool: "pg_dump is missing. Install", old_tool: "is older than the server. Install"}


@pytest.mark.parametrize(("fault", "said"), (FAULTS | TOOLS if POSTGRESQL else FAULTS).items())
def test_a_backup_that_fails_says_why_and_leaves_nothing(
    site: Installation,
    backup: Path,
    tmp_path: Path,
    fault: Callable[[Path], str],
    said: str,
) -> None:
    before = sorted(newest(site).parent.iterdir())
    code = "from django.conf import settings; from django.core.management import call_command"

    done = run(
        site, "shell", "--verbosity=0", "-c", f"{code}; {fault(tmp_path)}; call_command('backup')"
    )

    assert done.returncode == 1
    assert said in done.stderr
    assert sorted(newest(site).parent.iterdir()) == before


def test_old_backups_go_and_status_tells_when_the_newest_is_old(
    site: Installation, backup: Path, tmp_path: Path
) -> None:
    def told(expected: bool = True) -> str:
        return site.shell(STATUS.format(str(tmp_path), expected))

    assert told() == f"False none in {tmp_path}"
    assert told(expected=False) == f"True none in {tmp_path}"
    copied(backup, tmp_path / "clinic-2019", made_at="2019-01-01T00:00:00+00:00")
    copied(backup, tmp_path / "clinic-2020", made_at="2020-01-01T00:00:00+00:00")
    copied(backup, tmp_path / "clinic-2021", made_at="no time")  # it is no backup
    assert re.fullmatch(r"False the newest is \d+ hours old", told())
    copied(backup, tmp_path / "clinic-2999", made_at="2999-01-01T00:00:00+00:00")
    assert re.fullmatch(r"False the newest is -\d+ hours old", told())  # by a wrong clock
    shutil.rmtree(tmp_path / "clinic-2999")

    done = run(site, "backup", str(tmp_path))
    assert done.returncode == 0
    assert done.stdout.count("Deleted: ") == 2

    assert told() == "True the newest is 0 hours old"
    assert len(list(tmp_path.iterdir())) == 2
    assert (tmp_path / "clinic-2021").exists()


@pytest.mark.needs_postgresql
def test_a_tool_that_knows_no_newer_options_makes_a_backup(
    site: Installation, tmp_path: Path
) -> None:
    # Debian's own pg_dump stops at what a newer library says of a connection.
    tool = tmp_path / "pg_dump"
    tool.write_text(
        f'#!/bin/sh\ncase "$*" in *sslcertmode*) exit 1;; esac\nexec {pg_dump()} "$@"\n'
    )
    tool.chmod(0o755)

    done = at_hand(
        "backup", str(tmp_path / "made"), environment={**site.environment, "PG_BIN": str(tmp_path)}
    )

    assert done.returncode == 0, done.stderr
