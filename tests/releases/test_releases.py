"""Databases of released versions: brought up to date, all that was stored in them can be read.

For each release there is a backup of either kind of database, made by tests/releases/make.py, and the
digests of its migrations.
"""

import hashlib
import json
from pathlib import Path

import pytest

from tests.environment import POSTGRESQL
from tests.releases.make import RELEASES
from tests.running import PROJECT, TEST_ENV, Installation, local_environment

KIND = "postgresql" if POSTGRESQL else "sqlite"
LOOK = """
import contextlib, json
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse
from appointments.models import AppointmentRequest
from clinic_site.access.roles import Role
from conditions.models import Page
from tests.make import sign_in_as
staff, bad = sign_in_as(*Role, name="who looks"), []
def open(client, path):
    status = client.get(path, headers={"host": "localhost"}).status_code
    if status != 200:
        bad.append([path, status])
for model in admin.site._registry:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    open(staff, reverse(f"{name}_changelist"))
    with contextlib.suppress(NoReverseMatch):  # some have no page of one row
        if row := model.objects.first():
            open(staff, reverse(f"{name}_change", args=[row.pk]))
for page in Page.objects.exclude(live=None):
    open(Client(), page.get_absolute_url())
requests = AppointmentRequest.objects.all()
print(json.dumps({
    "bad": bad,
    "words": sorted(request.answer("message") for request in requests),
    "needs": [request.answer("access_needs") for request in requests if request.answer("access_needs")],
}))
"""


def test_what_was_released_stays_as_it_is() -> None:
    """From 1.0 on, migrations only grow."""
    lines = (RELEASES / "migrations.sha256").read_text().splitlines()
    assert lines
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256((PROJECT / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("release", sorted(RELEASES.glob(f"*-{KIND}")), ids=lambda each: each.name)
def test_a_database_of_a_release_is_brought_up_to_date(release: Path, tmp_path: Path) -> None:
    var = tmp_path / "var"
    var.mkdir()
    environment = {**local_environment(var), "ENV_FILE": str(TEST_ENV)}
    site = Installation(environment, tmp_path / "log")

    for command in (("restore", str(release)), ("migrate", "--verbosity=0"), ("check_keys",)):
        done = site.manage(*command)
        assert done.returncode == 0, done.stderr + done.stdout

    found = json.loads(site.shell(LOOK))
    assert found["bad"] == []
    assert found["words"] == ["Can I still walk?", *["It hurts."] * 6]
    assert found["needs"] == ["A ramp"]
    # Mail of then goes out once somebody says so.
    assert site.manage("release_mail").returncode == 0
    assert site.manage("send_notifications", "--once").returncode == 0
    assert site.sql("SELECT count(*) FROM clinic_site_outboxmessage WHERE sent_at IS NULL") == [
        (0,)
    ]
