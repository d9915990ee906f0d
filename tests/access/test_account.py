"""A person's own account: what they sign in with, which each change asks for anew."""

import re
import time
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django_otp_webauthn.models import WebAuthnCredential

from clinic_site.access import account
from clinic_site.access.factors import factors_of
from clinic_site.access.invitations import reset_access
from clinic_site.access.models import InvitationReason, RecoveryCode, TotpDevice, User
from clinic_site.audit.models import AuditEvent
from tests.access.test_passkeys import begin, send
from tests.authenticator import Authenticator
from tests.make import (
    PASSWORD,
    app_of,
    by,
    code_now,
    is_in,
    make_account,
    signed_in,
    with_password,
)

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]

PAGE = "/admin/account/"
NEW = "purple monkey dishwasher"


@pytest.fixture
def ana() -> User:
    return with_password("ana", "editor")


def change(client: Client, do: str, **typed: str) -> Any:
    return client.post(PAGE, {"do": do, **typed})


def set_up_app(client: Client) -> Any:
    """As by a person with an app; return the answer."""
    page = client.get(PAGE).text
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    key = re.search(r'class="key">([A-Z2-7 ]+)<', page)
    assert sealed
    assert key
    return change(client, "app", sealed=sealed[1], code=code_now(key[1].replace(" ", "")))


def add_passkey(client: Client) -> Authenticator:
    device = Authenticator()
    assert send(client, PAGE, device.make(begin(client, PAGE)), do="passkey").status_code == 303
    return device


def later(client: Client) -> None:
    """Ten minutes after they showed who they are."""
    session = client.session
    session["proved_at"] = time.time() - 601
    session.save()


def audit() -> list[tuple[str, str]]:
    return [*AuditEvent.objects.order_by("pk").values_list("actor", "action")]


def test_each_change_keeps_this_session_and_ends_the_others(ana: User) -> None:
    codes = {
        "codes": {},
        "sessions": {},
        "password": {"password": NEW, "repeated": NEW},
    }
    for do, typed in codes.items():
        here, elsewhere = signed_in(ana), signed_in(ana)
        answer = change(here, do, **typed)

        assert answer.status_code in {200, 303}
        assert is_in(here), do
        assert not is_in(elsewhere), do
        ana.refresh_from_db()
    assert ana.check_password(NEW)
    assert audit() == [
        ("ana", "codes_made"),
        ("ana", "sessions_ended"),
        ("ana", "password_changed"),
    ]


def test_this_browser_stays_known_after_a_change(ana: User) -> None:
    client = signed_in(ana)

    change(client, "sessions")

    before = client.cookies["clinic_device"].value
    assert before
    change(client, "sessions")
    assert client.cookies["clinic_device"].value != before


def test_a_new_app_takes_the_place_of_the_earlier_one(ana: User) -> None:
    client, old = signed_in(ana), app_of(ana)
    RecoveryCode.objects.create(user=ana, hash="a" * 64)

    assert set_up_app(client).status_code == 303

    assert is_in(client)
    assert TotpDevice.objects.get().secret != old.secret
    assert audit() == [("ana", "factor_added")]


def test_the_first_factor_brings_codes(ana: User) -> None:
    client = signed_in(ana)
    answer = set_up_app(client)

    assert len(answer.context["codes"]) == 8
    assert is_in(client)


def test_a_passkey_is_added_and_then_the_app_can_go(ana: User) -> None:
    client = signed_in(ana)
    change(client, "codes")
    device = add_passkey(client)
    app = TotpDevice.objects.get()
    page = client.get(PAGE).text
    # The session is the passkey's by now.
    assert "You signed in with this one" in page

    assert change(client, "remove", factor=app.persistent_id).status_code == 303

    assert not TotpDevice.objects.exists()
    assert is_in(client)
    other = Client()
    send(other, "/admin/login/", device.use(begin(other, "/admin/login/")))
    assert is_in(other)


def test_the_last_factor_and_the_one_of_this_session_stay(ana: User) -> None:
    client = signed_in(ana)
    change(client, "codes")
    app = TotpDevice.objects.get()
    assert "Remove" not in client.get(PAGE).text
    assert "It is the only one" in change(client, "remove", factor=app.persistent_id).text
    add_passkey(client)
    own = WebAuthnCredential.objects.get()

    assert "You signed in with this one" in change(client, "remove", factor=own.persistent_id).text
    assert "It was removed before" in change(client, "remove", factor="x/1").text
    assert "It was removed before" in change(client, "remove").text
    assert (TotpDevice.objects.count(), WebAuthnCredential.objects.count()) == (1, 1)


def test_an_app_alone_lets_nobody_in_so_a_password_is_set_first() -> None:
    ana = make_account("ana", "editor")
    client = signed_in(ana)
    change(client, "codes")
    add_passkey(client)
    (passkey,) = WebAuthnCredential.objects.all()
    in_by_app = signed_in(User.objects.get())

    told = change(in_by_app, "remove", factor=passkey.persistent_id).text

    assert "An app needs a password beside it" in told
    assert WebAuthnCredential.objects.exists()
    change(in_by_app, "password", password=NEW, repeated=NEW)
    change(in_by_app, "remove", factor=passkey.persistent_id)
    assert not WebAuthnCredential.objects.exists()


def test_nobody_removes_a_factor_of_somebody_else(ana: User) -> None:
    eva = with_password("eva")
    client = signed_in(ana)
    change(client, "codes")
    add_passkey(client)

    change(client, "remove", factor=app_of(eva).persistent_id)

    assert TotpDevice.objects.filter(user=eva).exists()


@pytest.mark.parametrize(
    ("password", "repeated", "told"),
    [("short", "short", "too short"), (NEW, PASSWORD, "differ"), ("", "", "required")],
)
def test_a_bad_password_is_told_and_changes_nothing(
    ana: User, password: str, repeated: str, told: str
) -> None:
    client, elsewhere = signed_in(ana), signed_in(ana)

    answer = change(client, "password", password=password, repeated=repeated)

    assert told in answer.text
    assert is_in(elsewhere)
    assert User.objects.get().check_password(PASSWORD)


def test_a_while_later_one_is_asked_again(ana: User) -> None:
    client = signed_in(ana)
    later(client)

    asked = client.get(PAGE)
    assert (asked.status_code, asked["Location"]) == (
        303,
        "/admin/again/?next=%2Fadmin%2Faccount%2F",
    )
    assert change(client, "codes").status_code == 303
    assert begin_status(client) == 303
    assert audit() == []
    typed = {"password": "wrong", "next": PAGE}
    assert "do not belong together" in client.post("/admin/again/", typed).text
    assert client.get(PAGE).status_code == 303

    answer = client.post("/admin/again/", {**typed, "password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert client.get(PAGE).status_code == 200


def begin_status(client: Client) -> int:
    return client.post(f"{PAGE}passkey/").status_code


def test_to_be_asked_again_has_the_limit_of_the_sign_in(ana: User) -> None:
    client = signed_in(ana)
    tries = [client.post("/admin/again/", {"password": "wrong"}).status_code for _try in range(11)]

    assert tries == [200] * 10 + [429]


def test_a_clock_that_was_set_back_proves_nothing(ana: User) -> None:
    client = signed_in(ana)
    session = client.session
    session["proved_at"] = time.time() + 3600
    session.save()

    assert client.get(PAGE).status_code == 303


def test_a_manager_with_one_device_adds_a_second_before_all_else(settings) -> None:
    mia = with_password("mia", "manager")
    client = signed_in(mia)
    assert client.get("/admin/clinic_site/user/").status_code == 200
    settings.LOOPBACK = False
    settings.SESSION_COOKIE_SECURE = False

    for path in ("", "clinic_site/user/", "clinic_site/clinic/", "jsi18n/"):
        answer = client.get(f"/admin/{path}")
        assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert "losing your only device" in client.get(PAGE).text
    change(client, "codes")
    assert client.get("/admin/").status_code == 303
    assert signed_in(with_password("ed", "editor")).get("/admin/").status_code == 200

    add_passkey(client)

    assert is_in(client)
    change(client, "remove", factor=TotpDevice.objects.get(user=mia).persistent_id)
    assert client.get("/admin/").status_code == 303


@pytest.mark.parametrize("do", ["passkey", "app", "password", "sessions"])
def test_a_reset_stops_what_is_on_its_way_as_well(do: str) -> None:
    eva, mia = with_password("eva", "scheduler"), make_account("mia", "manager")
    client, device = signed_in(eva), Authenticator()
    made = device.make(begin(client, PAGE))
    finish = account._done

    def after_a_reset(*args: Any) -> Any:
        misuse = InvitationReason.MISUSE
        reset_access(user=User.objects.get(pk=eva.pk), by=by(mia), reason=misuse)
        return finish(*args)

    with mock.patch.object(account, "_done", after_a_reset):
        if do == "passkey":
            answer = send(client, PAGE, made, do=do)
        elif do == "app":
            answer = set_up_app(client)
        else:
            answer = change(client, do, password=NEW, repeated=NEW)

    assert "Your account was changed a moment ago" in answer.text
    assert not is_in(client)
    eva.refresh_from_db()
    assert not eva.has_usable_password()
    assert not factors_of(eva)
    assert [action for _actor, action in audit()] == ["reset", "invited"]
