"""What whoever runs the site does about accounts at its command line, and that it is on record."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from django.utils import timezone

from clinic_site.access.models import Invitation, TotpDevice, User
from clinic_site.access.roles import Role
from clinic_site.audit.models import AuditEvent
from tests.access.test_account import add_passkey
from tests.access.test_invitation import accept
from tests.make import PASSWORD, app_of, make_account, signed_in, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]


def run(capsys, *command: str, **options: Any) -> str:
    call_command(*command, **options)
    return capsys.readouterr().out


def token_in(said: str) -> str:
    (token,) = [line.split("/invitation/")[1] for line in said.split() if "/invitation/" in line]
    return token.strip("/")


def audit() -> list[tuple[str, str, str, str]]:
    rows = AuditEvent.objects.order_by("pk")
    return [*rows.values_list("actor", "action", "references", "detail")]


def test_the_first_invitation_is_printed_until_someone_has_signed_in(capsys) -> None:
    said = run(capsys, "invite", "--first")
    assert said.startswith("Staff:      open http://localhost/admin/invitation/")
    assert run(capsys, "invite", "--first") != said
    accept(token_in(run(capsys, "invite", "--first")))

    assert run(capsys, "invite", "--first") == ""
    roles = "+clinician +editor +manager +scheduler"
    assert audit()[:3] == [
        ("(shell)", "people_changed", "first", "added"),
        ("(shell)", "roles_changed", "first", roles),
        ("(shell)", "invited", "first", "first"),
    ]
    assert ("jo", "enrolled", "jo", "before: first") in audit()
    (enrolled,) = AuditEvent.objects.filter(action="enrolled")
    assert enrolled.source == "127.0.0.1"


def test_an_account_is_made_and_invited(capsys) -> None:
    token = token_in(run(capsys, "invite", "ana", role=["editor", "clinician"]))
    assert accept(token).status_code == 200

    user = User.objects.get()
    assert (user.roles, user.is_superuser) == ({Role.EDITOR, Role.CLINICIAN}, False)
    assert audit()[:3] == [
        ("(shell)", "people_changed", "ana", "added"),
        ("(shell)", "roles_changed", "ana", "+clinician +editor"),
        ("(shell)", "invited", "ana", "new"),
    ]


def test_who_has_signed_in_is_not_invited_and_odd_names_are_refused(capsys) -> None:
    signed_in(make_account("ana"))
    make_account("gone", is_active=False)

    for name in ("ana", "Ana", "gone", "(shell)", "a b", ""):
        with pytest.raises(CommandError):
            call_command("invite", name)
    assert Invitation.objects.count() == 0


def test_a_server_takes_no_account_that_everybody_uses(capsys, settings) -> None:
    make_account("Staff", "editor")
    make_account("ana", "editor")
    mia = signed_in(make_account("mia", "manager"))
    add_passkey(mia)  # a second device, without which a manager does nothing else on a server
    assert run(capsys, "check_keys", "--start") == ""  # on a person's own machine
    settings.LOOPBACK = settings.SESSION_COOKIE_SECURE = False

    for command in (["check", "--deploy"], ["check", "--deploy", "--database", "default"]):
        with pytest.raises(SystemCheckError, match=r"\(clinic.E005\) The account Staff is active"):
            call_command(*command)
    with pytest.raises(SystemExit, match="3"):
        call_command("check_keys", "--start")
    assert "Stopped: The account Staff is active" in capsys.readouterr().err
    superuser = ["createsuperuser", "--noinput", "--email=", "--username"]
    for command in (["invite", "STAFF"], [*superuser, "staff"]):
        with pytest.raises(CommandError, match="everybody's name"):
            call_command(*command)
    with pytest.raises(CommandError, match="Somebody else has this name"):
        call_command(*superuser, "ANA")
    # A manager makes none, nor makes one active again; and nobody calls themself so.
    add = {"username": "staff", "first_name": "", "last_name": "", "email": "", "credentials": ""}
    answer = mia.post("/admin/clinic_site/user/add/", {**add, "physician": "", "is_active": "on"})
    assert "everybody&#x27;s name" in answer.text
    token = token_in(run(capsys, "invite", "ana"))
    assert "everybody&#x27;s name" in accept(token, username="staff").text
    assert {*User.objects.values_list("username", flat=True)} == {"Staff", "ana", "mia"}

    User.objects.filter(username="Staff").update(is_active=False)
    assert run(capsys, "check_keys", "--start") == ""


def test_the_last_resort_takes_every_way_in_and_makes_a_new_one(capsys) -> None:
    ana = with_password("ana", "editor", is_superuser=True)
    browser = signed_in(ana)

    said = run(capsys, "reset_second_factor", "ana")

    assert browser.get("/admin/").status_code == 302
    assert not User.objects.get().has_usable_password()
    assert not TotpDevice.objects.exists()
    assert audit()[:2] == [
        ("(shell)", "break_glass", "ana", "shell"),
        ("(shell)", "invited", "ana", "shell"),
    ]
    assert accept(token_in(said)).context["codes"]
    # Who reads the record sees it on their front page, for a month.
    front = signed_in(make_account("mia", "manager"))
    assert "the access of ana was reset at the command line" in front.get("/admin/").text
    editor = signed_in(make_account("ed", "editor"))
    assert "command line" not in editor.get("/admin/").text
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        assert "command line" not in signed_in(User.objects.get(username="mia")).get("/admin/").text
    with pytest.raises(CommandError, match="No active account is named eva"):
        call_command("reset_second_factor", "eva")


def test_a_superuser_is_on_record_and_invited(capsys, monkeypatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    said = run(capsys, "createsuperuser", interactive=False, username="root", email="r@x.example")

    assert audit()[0] == ("(shell)", "superuser_made", "root", "")
    client = Client()
    client.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert client.get("/admin/").status_code == 302
    accept(token_in(said), client)
    assert client.get("/admin/").status_code == 200
    assert User.objects.get().is_superuser


def test_a_password_that_is_changed_is_on_record_and_ends_the_sessions(capsys, monkeypatch) -> None:
    ana = with_password("ana", "editor")
    browser = signed_in(ana)
    monkeypatch.setattr("getpass.getpass", lambda prompt="": "purple monkey dishwasher")

    call_command("changepassword", "ana")

    assert browser.get("/admin/").status_code == 302
    assert audit() == [("(shell)", "password_changed", "ana", "")]
    assert app_of(ana)
