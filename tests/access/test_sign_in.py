"""Signing in by a password and a code: two pages, and nothing opens after the first."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from django.utils.encoding import iri_to_uri

from clinic_site.access.factors import new_codes
from clinic_site.access.models import TotpDevice, User
from clinic_site.audit.models import AuditEvent
from tests.make import PASSWORD, app_of, code_now, is_in, make_account, signed_in, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

LOGIN, CODE = "/admin/login/", "/admin/login/code/"


@pytest.fixture
def ana() -> User:
    user = with_password("ana", "editor")
    app_of(user)
    return user


def type_password(client: Client, name: str = "ana", password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"username": name, "password": password})


def type_code(client: Client, code: str) -> Any:
    return client.post(CODE, {"code": code})


def audit() -> list[tuple[str, str, str, str]]:
    rows = AuditEvent.objects.order_by("pk")
    return list(rows.values_list("actor", "action", "references", "detail"))


def test_a_password_and_then_a_code_open_the_page_that_was_asked_for(
    client: Client, ana: User
) -> None:
    asked = client.get("/admin/conditions/condition/?q=back")
    assert (asked.status_code, asked["Location"][:18]) == (302, "/admin/login/?next")
    page = client.get(asked["Location"])
    to = page.context["next"]

    first = client.post(LOGIN, {"username": "ana", "password": PASSWORD, "next": to})
    assert (first.status_code, first["Location"]) == (303, CODE)
    second = type_code(client, code_now())

    assert (second.status_code, second["Location"]) == (303, "/admin/conditions/condition/?q=back")
    assert client.get(second["Location"]).status_code == 200
    assert audit() == [("ana", "signed_in", "ana", "app")]


@pytest.mark.parametrize("loopback", [True, False])
def test_a_password_alone_opens_no_page_and_makes_no_session(
    client: Client, settings, loopback: bool
) -> None:
    settings.LOOPBACK = loopback
    with_password("ana", "editor", "manager", is_superuser=True)

    assert type_password(client).status_code == 303
    page = client.get(CODE, SERVER_NAME="localhost")

    assert page.status_code == 200
    assert Session.objects.count() == 0
    assert settings.SESSION_COOKIE_NAME not in client.cookies
    for path in ("", "account/", "again/", "clinic_site/user/", "jsi18n/", "autocomplete/"):
        answer = client.get(f"/admin/{path}")
        assert (answer.status_code, answer["Location"][:13]) == (302, LOGIN)
    assert ("Later" in page.text) is loopback
    # A session that is made by other means proves nothing either.
    client.force_login(User.objects.get())
    assert client.get("/admin/").status_code == 302


def test_a_code_is_good_once(ana: User) -> None:
    first, second = Client(), Client()
    code = code_now()
    for browser in (first, second):
        type_password(browser)
        type_code(browser, code)

    assert is_in(first)
    assert not is_in(second)


@pytest.mark.parametrize(
    "typed", ["0", "12345", "1234567", "abcdef", "１２３４５６", "", " ", "\0"]
)
def test_what_is_no_code_opens_nothing(client: Client, ana: User, typed: str) -> None:
    type_password(client)

    assert type_code(client, typed).status_code == 200
    assert not is_in(client)


def test_wrong_codes_make_the_app_wait_and_no_recovery_code(client: Client, ana: User) -> None:
    codes = new_codes(ana)
    type_password(client)
    for _try in range(4):
        TotpDevice.objects.update(throttling_failure_timestamp=None)  # a while later
        answer = type_code(client, "000000")
    assert "Wait 8 seconds" in answer.text
    assert audit()[-1] == ("(stranger)", "refused", "ana", "code")

    # The right code is not looked at either, while a recovery code opens.
    assert type_code(client, code_now()).status_code == 200
    assert not is_in(client)
    assert type_code(client, codes[0]).status_code == 303
    assert is_in(client)


def test_codes_that_a_wrong_clock_refused_make_nobody_wait_once_it_is_right(
    client: Client, ana: User
) -> None:
    with time_machine.travel(timezone.now() + dt.timedelta(days=1)):
        type_password(client)
        assert type_code(client, "000000").status_code == 200  # as it is a day too late

    type_password(client)
    type_code(client, code_now())

    assert is_in(client)


def test_wrong_codes_of_others_do_not_hold_up_who_was_here_before(ana: User) -> None:
    # Given ana, who signed in here, and somebody elsewhere who knows her password,
    here, elsewhere, noon = Client(), Client(), timezone.now()
    with time_machine.travel(noon, tick=False):
        type_password(here)
        type_code(here, code_now())
        here.post("/admin/logout/")
        type_password(elsewhere)
        for _try in range(3):
            type_code(elsewhere, "000000")

    with time_machine.travel(noon + dt.timedelta(seconds=31), tick=False):
        TotpDevice.objects.update(
            throttling_failure_timestamp=timezone.now(), throttling_failure_count=20
        )
        # when she comes back,
        type_password(here)
        mistyped = type_code(here, "000000")
        type_code(here, code_now())

        # then her own slip makes her wait for nothing, and she is in; elsewhere one still waits.
        assert "Type the one that the app shows now." in mistyped.text
        assert is_in(here)
    with time_machine.travel(noon + dt.timedelta(seconds=62), tick=False):
        TotpDevice.objects.update(
            throttling_failure_timestamp=timezone.now(), throttling_failure_count=20
        )
        type_password(elsewhere)
        type_code(elsewhere, code_now())
        assert not is_in(elsewhere)
        # Here, too, only so many are looked at in an hour.
        here.post("/admin/logout/")
        type_password(here)
        for _try in range(10):
            type_code(here, "000000")
        type_code(here, code_now())
        assert not is_in(here)


def test_a_recovery_code_opens_once_however_it_is_typed(ana: User) -> None:
    code = new_codes(ana)[3]
    assert ana.recovery_codes.count() == settings.RECOVERY_CODES
    typed = code.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    browsers = [Client(), Client()]
    for browser in browsers:
        type_password(browser)
        type_code(browser, f" {typed} ")

    assert [is_in(browser) for browser in browsers] == [True, False]
    assert ("ana", "signed_in", "ana", "recovery code") in audit()
    assert ana.recovery_codes.count() == settings.RECOVERY_CODES - 1


def test_a_recovery_code_of_somebody_else_opens_nothing(client: Client, ana: User) -> None:
    code = new_codes(make_account("eva"))[0]
    type_password(client)

    type_code(client, code)

    assert not is_in(client)


def test_between_the_two_pages_another_password_a_wait_or_a_forged_cookie_ends_it(
    client: Client, ana: User
) -> None:
    type_password(client)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=11)):
        assert client.get(CODE)["Location"] == LOGIN
    assert client.get(CODE).status_code == 200
    ana.end_sessions()
    assert type_code(client, code_now())["Location"] == LOGIN

    for value in ("x", "eyJ1c2VyIjoxfQ:1:2", client.cookies["clinic_pending"].value + "x"):
        client.cookies["clinic_pending"] = value
        assert client.get(CODE)["Location"] == LOGIN


def test_a_cookie_of_ours_for_another_end_is_no_pending_one(client: Client, ana: User) -> None:
    type_password(client)
    type_code(client, code_now())
    device = client.cookies["clinic_device"].value

    other = Client()
    other.cookies["clinic_pending"] = device

    assert other.get(CODE)["Location"] == LOGIN


@pytest.mark.parametrize(
    "to",
    ["https://evil.example/admin/", "//evil.example/admin/", "/contact/", "javascript:1", "\\"],
)
def test_nobody_is_led_to_another_site(client: Client, ana: User, to: str) -> None:
    client.post(LOGIN, {"username": "ana", "password": PASSWORD, "next": to})

    assert type_code(client, code_now())["Location"] == "/admin/"
    assert client.get(LOGIN, {"next": to})["Location"] == "/admin/"


@pytest.mark.parametrize(
    "words", ["x" * 3000, "x" * 2000, "ß" * 500, "\N{GRINNING FACE}" * 500, '"' * 1500]
)
def test_an_address_too_long_for_a_cookie_stops_nobody(
    client: Client, ana: User, words: str
) -> None:
    to = f"/admin/conditions/condition/?q={words}"

    answer = client.post(LOGIN, {"username": "ana", "password": PASSWORD, "next": to})

    assert len(answer.cookies["clinic_pending"].OutputString()) < 4096  # else browsers drop it
    assert type_code(client, code_now())["Location"] in {"/admin/", iri_to_uri(to)}


def test_who_is_in_is_led_on_when_they_sign_in_once_more(ana: User) -> None:
    client = signed_in(ana)

    assert type_password(client)["Location"] == "/admin/"
    assert client.get(f"{LOGIN}?next=/admin/account/")["Location"] == "/admin/account/"


def test_a_session_from_before_is_left_behind(client: Client, ana: User) -> None:
    session = client.session
    session["planted"] = "by a stranger"
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted = str(session.session_key)

    type_password(client)
    type_code(client, code_now())

    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted
    assert "planted" not in client.session
    assert Session.objects.count() == 1


def test_a_wrong_password_is_told_and_put_on_record_without_what_was_typed(
    client: Client, ana: User
) -> None:
    for name in ("ana", "my secret 1", "ANA"):
        answer = type_password(client, name, "also a secret")
        assert answer.status_code == 200
        assert "do not belong together" in answer.text
        assert "also a secret" not in answer.text

    refused = ("(stranger)", "refused", "ana", "password")
    assert audit() == [refused, (*refused[:2], "", "password"), (*refused[:2], "", "password")]


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"username": "ana"},
        {"username": "ana\0", "password": "x"},
        {"username": "x" * 5000, "password": "x"},
        {"username": "ana", "password": "x" * 5000},
    ],
)
def test_what_cannot_be_a_password_is_not_even_tried(client: Client, typed: dict) -> None:
    answer = client.post(LOGIN, typed)

    assert answer.status_code == 200
    assert "errorlist" in answer.text
    assert audit() == []


def test_an_account_that_is_closed_opens_no_more(client: Client, ana: User) -> None:
    type_password(client)
    User.objects.update(is_active=False)

    assert type_code(client, code_now())["Location"] == LOGIN
    assert "do not belong together" in type_password(client).text


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(client: Client, ana: User) -> None:
    type_password(client)
    pending = client.cookies["clinic_pending"]
    assert (pending["httponly"], pending["samesite"]) == (True, "Strict")
    type_code(client, code_now())

    device = client.cookies["clinic_device"]
    assert (device["httponly"], device["samesite"]) == (True, "Lax")
    assert client.cookies["clinic_pending"].value == ""


def test_in_production_cookies_are_for_this_host_and_https_alone(
    client: Client, ana: User, settings
) -> None:
    settings.LOOPBACK = False
    type_password(client)

    cookie = client.cookies["__Host-pending"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
    type_code(client, code_now())
    assert client.cookies["__Host-device"]["secure"] is True
    assert client.cookies["__Host-pending"]["secure"] is True


def test_signing_out_is_on_record_and_ends_it(ana: User) -> None:
    client = signed_in(ana)

    client.post("/admin/logout/")

    assert not is_in(client)
    assert audit() == [("ana", "signed_out", "ana", "")]


def test_djangos_own_pages_around_a_password_are_gone(ana: User) -> None:
    client = signed_in(ana)

    for path in ("password_change/", "password_change/done/"):
        assert client.get(f"/admin/{path}").status_code == 404


def test_a_sign_in_page_left_open_in_another_tab_is_shown_anew(ana: User) -> None:
    client = Client(enforce_csrf_checks=True)
    typed = {
        "username": "ana",
        "password": PASSWORD,
        "next": "/admin/account/",
        "csrfmiddlewaretoken": client.get(LOGIN).text.split('csrfmiddlewaretoken" value="')[1][:64],
    }
    client.get(LOGIN)
    client.cookies["clinic_csrf"] = "a" * 32  # as after a sign-in in the other tab

    own = client.post(LOGIN, typed, headers={"origin": settings.SITE_URL})
    assert (own.status_code, own["Location"]) == (303, f"{LOGIN}?next=%2Fadmin%2Faccount%2F")
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {}):
        assert client.post(LOGIN, typed, headers=headers).status_code == 403
    second = client.post(CODE, typed, headers={"origin": settings.SITE_URL})
    assert (second.status_code, second["Location"]) == (303, CODE)
