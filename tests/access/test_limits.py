"""How often passwords can be tried: strangers run into it, and lock nobody out who was here."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from clinic_site.access.models import User
from clinic_site.audit.models import AuditEvent
from clinic_site.counters import Counter, count_of
from tests.make import PASSWORD, app_of, code_now, make_account, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]


def try_password(
    name: str, password: str = "wrong", *, source: str = "192.0.2.1", browser: Client | None = None
) -> Any:
    browser = browser or Client()
    return browser.post(
        "/admin/login/", {"username": name, "password": password}, REMOTE_ADDR=source
    )


def statuses(tries: int, **options: Any) -> list[int]:
    """Of tries, each with a name and an address of its own unless these are given."""
    return [
        try_password(
            str(options.get("name", f"name{number}")),
            source=str(options.get("source", f"192.0.2.{number}")),
        ).status_code
        for number in range(tries)
    ]


@pytest.fixture
def ana() -> User:
    user = with_password("ana")
    app_of(user)
    return user


def test_one_name_from_many_addresses(ana: User) -> None:
    assert statuses(12, name="ana") == [200] * 10 + [429] * 2

    refused = try_password("ana", PASSWORD, source="198.51.100.1")
    assert refused.status_code == 429
    assert "try again in 60 minutes" in refused.text
    assert "605-217-5617" in refused.text
    assert try_password("eva").status_code == 200


def test_many_names_from_one_address() -> None:
    assert statuses(22, source="192.0.2.1") == [200] * 20 + [429] * 2
    assert try_password("eva", source="192.0.2.2").status_code == 200


def test_many_names_from_many_addresses() -> None:
    assert statuses(62) == [200] * 60 + [429] * 2


def test_a_right_password_and_a_refused_try_count_nowhere(ana: User) -> None:
    for _try in range(15):
        assert try_password("ana", PASSWORD).status_code == 303
    assert count_of("sign-in") == 0

    assert statuses(15, name="ana", source="192.0.2.1").count(429) == 5
    assert count_of("sign-in") == 10


def test_where_somebody_signed_in_before_strangers_do_not_lock_them_out(ana: User) -> None:
    browser = Client()
    try_password("ana", PASSWORD, browser=browser)
    browser.post("/admin/login/code/", {"code": code_now()})
    browser.post("/admin/logout/")
    statuses(60)
    statuses(60, name="ana")
    assert try_password("ana", PASSWORD).status_code == 429

    assert try_password("ana", PASSWORD, browser=browser).status_code == 303
    # It has a limit of its own, is good for this one account, and not after a change there.
    assert try_password("eva", browser=browser).status_code == 429
    tries = [try_password("ana", browser=browser).status_code for _try in range(11)]
    assert tries == [200] * 10 + [429]
    call_command("unlock")
    statuses(60, name="ana")
    # Other roles, and the end of all sessions, change nothing of that; another password does.
    make_account("ana", "scheduler")
    ana.end_sessions()
    assert try_password("ana", PASSWORD, browser=browser).status_code == 303
    ana.set_password("purple monkey dishwasher")
    ana.save()
    assert try_password("ana", browser=browser).status_code == 429


def test_where_a_factor_was_taken_away_the_device_is_unknown_as_well(ana: User) -> None:
    browser = Client()
    try_password("ana", PASSWORD, browser=browser)
    browser.post("/admin/login/code/", {"code": code_now()})
    browser.post("/admin/logout/")
    statuses(12, name="ana")
    assert try_password("ana", PASSWORD, browser=browser).status_code == 303

    app_of(ana).delete()

    assert try_password("ana", PASSWORD, browser=browser).status_code == 429


def test_an_hour_later_and_by_the_command_it_is_over(ana: User, capsys) -> None:
    statuses(12, name="ana")
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=59)):
        assert "try again in 1 minute," in try_password("ana").text
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=61)):
        assert try_password("ana").status_code == 200

    statuses(12, name="ana")
    call_command("unlock", "eva")
    assert try_password("ana").status_code == 429
    call_command("unlock", "ana")
    assert try_password("ana").status_code == 200

    assert capsys.readouterr().out.splitlines() == [
        "No limit was in force.",
        "Passwords can be tried again.",
    ]
    last = AuditEvent.objects.filter(action="unlocked").latest("pk")
    assert (last.actor, last.references) == ("(shell)", "ana")


def test_what_was_typed_as_a_name_stands_nowhere() -> None:
    try_password("my password 123")

    assert "my password" not in str([*Counter.objects.values(), *AuditEvent.objects.values()])


def test_what_else_is_refused_hides_no_wrong_code_after_a_right_password(
    ana: User, settings
) -> None:
    settings.REFUSED_ON_RECORD = 5
    browser, everywhere = Client(), [f"192.0.2.{number}" for number in range(9)]
    for source in everywhere:
        browser.get("/appointments/received/forged/", REMOTE_ADDR=source)
        wrong = {"reference": "VIS-7K3M-92QF", "phone": "605-555-0142"}
        browser.post("/appointments/status/", wrong, REMOTE_ADDR=source)
        try_password("ana", source=source)
    try_password("ana", PASSWORD, source="198.51.100.1", browser=browser)
    browser.post("/admin/login/code/", {"code": "000000"})

    rows = [*AuditEvent.objects.order_by("pk").values_list("references", "detail")]
    assert rows[-1] == ("ana", "code")
    more = "; more of it is not on record this hour"
    for kind in ("dead link", "wrong pair", "password"):
        told = [detail for _reference, detail in rows if detail.startswith(kind)]
        assert told == [kind] * 5 + [kind + more]
