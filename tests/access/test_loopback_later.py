"""The second factor can be put off on the machine that the site runs on, and nowhere else."""

from typing import Any

import pytest
from django.test import Client

from clinic_site.access.factors import new_codes
from clinic_site.access.invitations import invite
from clinic_site.access.models import Invitation, InvitationReason, User
from clinic_site.actor import SHELL, Actor
from clinic_site.audit.models import AuditEvent
from tests.generated import SOAK
from tests.make import PASSWORD, app_of, is_in, make_account, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]

LATER = "/admin/login/later/"
ELSEWHERE: dict[str, dict[str, Any]] = {
    "another machine": {"REMOTE_ADDR": "192.0.2.7"},
    "an unknown one": {"REMOTE_ADDR": ""},
    "a machine of the same network": {"REMOTE_ADDR": "10.0.0.2"},
    **{
        name: {f"HTTP_{name.upper().replace('-', '_')}": value}
        for name, value in {
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": "localhost",
            "X-Forwarded-Port": "80",
            "X-Real-IP": "127.0.0.1",
            "X-Client-IP": "::1",
            "Forwarded": "for=127.0.0.1",
            "Via": "1.1 proxy",
            "CF-Connecting-IP": "127.0.0.1",
            "True-Client-IP": "127.0.0.1",
        }.items()
    },
    "an empty header": {"HTTP_X_FORWARDED_FOR": ""},
}
HERE: dict[str, Any] = {"SERVER_NAME": "localhost", "REMOTE_ADDR": "127.0.0.1"}


def type_password(client: Client) -> None:
    client.post("/admin/login/", {"username": "ana", "password": PASSWORD})


def put_off(client: Client, **where: Any) -> Any:
    return client.post(LATER, **where)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.9.9.9"])
def test_on_this_machine_it_can_be_put_off_which_is_on_record(address: str) -> None:
    with_password("ana", "editor")
    client = Client(**{**HERE, "REMOTE_ADDR": address})
    type_password(client)
    assert "Later" in client.get("/admin/login/code/").text

    put_off(client)

    assert "You are in without a second factor" in client.get("/admin/").text
    assert AuditEvent.objects.get().detail == "second factor put off"


def test_who_put_it_off_has_no_codes_and_none_are_on_record() -> None:
    with_password("ana", "editor")
    client = Client(**HERE)
    type_password(client)
    put_off(client)

    told = client.post("/admin/account/", {"do": "codes"}).text

    assert "A code stands in for a passkey or an app. Set one up first." in told
    assert not AuditEvent.objects.filter(action="codes_made").exists()


@pytest.mark.parametrize("where", ELSEWHERE.values(), ids=ELSEWHERE)
def test_from_elsewhere_it_cannot_nor_does_such_a_session_open_anything(
    where: dict[str, Any],
) -> None:
    with_password("ana", "editor")
    client = Client(**HERE)
    type_password(client)

    assert "Later" not in client.get("/admin/login/code/", **where).text
    assert put_off(client, **where)["Location"] == "/admin/login/"
    assert not is_in(client)
    put_off(client)
    assert is_in(client)
    assert not is_in(client, **where)


def test_it_cannot_under_another_name_of_the_machine(settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "clinic.example"]
    with_password("ana", "editor")
    client = Client(**HERE)
    type_password(client)

    put_off(client, SERVER_NAME="clinic.example")

    assert not is_in(client)


def test_it_cannot_where_the_site_is_for_others(settings) -> None:
    with_password("ana", "editor")
    client = Client(**HERE)
    type_password(client)
    put_off(client)
    assert is_in(client)

    settings.LOOPBACK = False

    assert not is_in(client)


def test_it_cannot_with_a_factor_nor_without_a_password(client: Client) -> None:
    ana = with_password("ana", "editor")
    client = Client(**HERE)
    assert put_off(client)["Location"] == "/admin/login/"
    app_of(ana)
    type_password(client)

    assert "Later" not in client.get("/admin/login/code/").text
    put_off(client)

    assert not is_in(client)


def test_a_factor_that_is_added_elsewhere_ends_it() -> None:
    ana = with_password("ana", "editor")
    client = Client(**HERE)
    type_password(client)
    put_off(client)

    new_codes(ana)
    assert is_in(client)
    app_of(ana)
    assert not is_in(client)


def accept_later(token: str, **where: Any) -> Client:
    client = Client(**HERE)
    typed = {
        "username": "jo",
        "first_name": "Jo",
        "last_name": "Lee",
        "password": PASSWORD,
        "repeated": PASSWORD,
        "later": "yes",
    }
    client.post(f"/admin/invitation/{token}/", typed, **where)
    return client


SOME = dict([*ELSEWHERE.items()][:: 1 if SOAK else 3])  # the sign-in's story tries each


@pytest.mark.parametrize("where", SOME.values(), ids=SOME)
def test_an_invitation_is_accepted_without_a_factor_on_this_machine_alone(
    where: dict[str, Any],
) -> None:
    user = make_account("first", "manager")
    token = invite(user=user, by=Actor(SHELL), reason=InvitationReason.FIRST)
    page = f"/admin/invitation/{token}/"
    assert "Later" in Client(**HERE).get(page).text
    assert "Later" not in Client(**HERE).get(page, **where).text

    accept_later(token, **where)
    assert Invitation.objects.get().used_at is None
    client = accept_later(token)

    assert is_in(client)
    assert Invitation.objects.get().used_at is not None
    assert User.objects.get().get_full_name() == "Jo Lee"
