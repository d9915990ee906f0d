"""Who has a copy of the whole database, and none of its keys, has no way in and no patient's name."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.environment import new_database, pg_dump
from tests.running import Installation, install

# What somebody else must not have, as it is in use.
SECRETS = """
import json
from clinic_site.access.factors import new_codes
from clinic_site.access.invitations import invite
from clinic_site.access.models import KeptForm
from clinic_site.actor import SHELL, Actor
from tests.make import SECRET, cookie_of, make_account, with_password
from tests.make import make_request
make_request(patient_name="Marker Patient", phone="605-555-0199", message="Marker message")
ana = with_password("ana", "manager")
cookie = json.loads(cookie_of("ana", "manager"))["value"]
token = invite(user=make_account("new", email="new@clinic.example"), by=Actor(SHELL), reason="new")
KeptForm.objects.create(key="0" * 64, user=ana, sent="Marker form")
markers = ["Marker", "5550199", "555-0199"]
print(json.dumps([*markers, cookie, token, SECRET, *new_codes(ana)]))
"""
# What a copy opens, for whoever runs the site's own code on it.
TRIED = """
import logging
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from appointments.models import AppointmentRequest
from clinic_site.access.models import Invitation, KeptForm, RecoveryCode, TotpDevice, User
from clinic_site.crypto.key_ring import CannotRead
logging.disable()
def opens(read):
    try:
        return bool(read())
    except CannotRead:
        return False
def status(path, cookie=""):
    client = Client(headers={"host": "localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    return client.get(path).status_code
rows, hashes = Session.objects.all(), Invitation.objects.values_list("hash", flat=True)
stolen = [each for row in rows for each in (row.session_key, row.session_key[:32], row.session_data)]
device = TotpDevice.objects.get()
print({
    "sessions": [status("/admin/", each) for each in stolen],
    "invitations": [status(f"/admin/invitation/{each}/") for each in hashes],
    "factors": [opens(lambda: device.secret), opens(lambda: device.verify_token("123456"))],
    "names": [opens(lambda: row.answer("patient_name")) for row in AppointmentRequest.objects.all()],
    "forms": [opens(lambda: row.sent) for row in KeptForm.objects.all()],
})
"""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The site in use; nobody is connected to its database."""
    return install(tmp_path_factory.mktemp("clinic") / "var")


def copy_of(clinic: Installation, var: Path) -> dict[str, str]:
    """Where the site's code finds a copy of the whole database, with its thief's own keys."""
    var.mkdir()
    if "DATABASE_URL" not in clinic.environment:
        shutil.copy(Path(clinic.environment["VAR"]) / "db.sqlite3", var)
    return {
        **clinic.environment,
        **new_database(like=clinic.environment),
        "VAR": str(var),
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "DIGEST_KEY": "0123456789 of whoever has the copy",
        "SECRET_KEY": "0123456789 of whoever has the copy, who made another one of their own",
    }


def text_of(environment: dict[str, str]) -> bytes:
    """All that stands in a database."""
    if "DATABASE_URL" in environment:
        command = [pg_dump(), environment["DATABASE_URL"]]
        return subprocess.run(command, capture_output=True, check=True).stdout
    with contextlib.closing(sqlite3.connect(Path(environment["VAR"]) / "db.sqlite3")) as database:
        return "\n".join(database.iterdump()).encode()


def test_a_copy_without_keys_opens_nothing(clinic: Installation, tmp_path: Path) -> None:
    secrets = json.loads(clinic.shell(SECRETS))

    copy = copy_of(clinic, tmp_path / "copy")

    text = text_of(copy)
    assert b"new@clinic.example" in text
    assert [each for each in secrets if each.encode() in text] == []
    found = Installation(copy, clinic.log).shell(TRIED)
    assert found == str(
        {
            "sessions": [302] * 3,
            "invitations": [404] * 2,  # the first account has one as well
            "factors": [False, False],
            "names": [False],
            "forms": [False],
        }
    )
    # With the keys, it all opens.
    theirs = {name: clinic.environment.get(name, "") for name in ("FIELD_KEYS", "DIGEST_KEY")}
    ours = {name: value for name, value in copy.items() if name not in {*theirs, "SECRET_KEY"}}
    assert "'names': [True]" in Installation(ours, clinic.log).shell(TRIED)
