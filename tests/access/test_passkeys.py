"""A passkey signs in by itself; whatever else is sent in its place opens nothing."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.access.invitations import invite
from clinic_site.access.models import Invitation, InvitationReason, RecoveryCode, User
from clinic_site.actor import SHELL, Actor
from clinic_site.audit.models import AuditEvent
from clinic_site.counters import Counter
from tests.authenticator import USER_PRESENT, Authenticator, encoded
from tests.generated import SOAK, many
from tests.make import PASSWORD, is_in, make_account, signed_in, with_password

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

LOGIN = "/admin/login/"
NAMES = {"username": "jo", "first_name": "Jo", "last_name": "Lee"}


def begin(client: Client, page: str, **typed: str) -> dict[str, Any]:
    answer = client.post(f"{page}passkey/", typed)
    assert answer.status_code == 200, answer.content
    return answer.json()


def send(client: Client, page: str, answer: Any, **typed: str) -> Any:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return client.post(page, {"passkey": text, **typed})


@pytest.fixture
def device() -> Authenticator:
    """A passkey of ana, who has no password."""
    device, ana = Authenticator(), make_account("ana", "editor")
    client = signed_in(ana)
    options = begin(client, "/admin/account/")
    assert send(client, "/admin/account/", device.make(options), do="passkey").status_code == 303
    return device


def test_an_invitation_is_accepted_by_a_passkey_alone_which_signs_in_later() -> None:
    device, client = Authenticator(), Client()
    token = invite(user=make_account("new", "editor"), by=Actor(SHELL), reason=InvitationReason.NEW)
    page = f"/admin/invitation/{token}/"
    options = begin(client, page, **NAMES)
    assert (options["user"]["name"], options["user"]["displayName"]) == ("jo", "Jo Lee (jo)")
    assert options["rp"]["name"] == "Vascular & Interventional Specialists"
    assert Invitation.objects.get().used_at is None

    answer = send(client, page, device.make(options), password="", repeated="", **NAMES)

    assert "Codes work together with a password: set one now" in answer.text
    assert RecoveryCode.objects.count() == 0  # they would open nothing
    assert is_in(client)
    assert not User.objects.get().has_usable_password()
    other = Client()
    answer = send(other, LOGIN, device.use(begin(other, LOGIN)), next="/admin/account/")
    assert (answer.status_code, answer["Location"]) == (303, "/admin/account/")
    assert is_in(other)
    signed = AuditEvent.objects.filter(action="signed_in")
    assert {(each.actor, each.detail) for each in signed} == {("jo", "passkey")}


def test_codes_come_with_the_password_without_which_they_open_nothing(
    device: Authenticator,
) -> None:
    # Given ana, who has a passkey and no password,
    client, page = Client(), "/admin/account/"
    send(client, LOGIN, device.use(begin(client, LOGIN)))
    assert "set one here, and you get them" in client.get(page).text
    assert "Set one first." in client.post(page, {"do": "codes"}).text
    assert RecoveryCode.objects.count() == 0

    # when she sets one, as the page after her invitation asks her to,
    set_one = client.post(page, {"do": "password", "password": PASSWORD, "repeated": PASSWORD})

    # then she gets codes, and without the device they let her in.
    code = set_one.context["codes"][0]
    WebAuthnCredential.objects.all().delete()
    other = Client()
    other.post(LOGIN, {"username": "ana", "password": PASSWORD})
    other.post("/admin/login/code/", {"code": code})
    assert is_in(other)
    # Of those that are left none is taken away by the next password.
    assert client.get("/admin/").status_code == 302
    typed = {"do": "password", "password": PASSWORD * 2, "repeated": PASSWORD * 2}
    assert other.post(page, typed).status_code == 303
    assert RecoveryCode.objects.count() == 7


def test_with_a_mistake_in_the_form_no_passkey_is_made() -> None:
    make_account("eva")
    token = invite(user=make_account("new"), by=Actor(SHELL), reason=InvitationReason.NEW)
    page = f"/admin/invitation/{token}/"

    for typed in ({**NAMES, "username": "eva"}, {**NAMES, "password": "short"}, {}):
        asked = Client().post(f"{page}passkey/", typed)
        assert asked.status_code == 422
        assert "errorlist" in send(Client(), page, "", **typed).text
    assert Client().post("/admin/invitation/x/passkey/", NAMES).status_code == 404


def test_to_begin_writes_nothing_for_a_stranger(client: Client) -> None:
    begin(client, LOGIN)

    assert (Session.objects.count(), AuditEvent.objects.count()) == (0, 0)
    cookie = client.cookies["clinic_passkey"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Strict", 300)


def test_an_answer_is_good_once(client: Client, device: Authenticator) -> None:
    cookie = begin(client, LOGIN), client.cookies["clinic_passkey"].value
    answer = device.use(cookie[0])
    assert send(client, LOGIN, answer).status_code == 303

    other = Client()
    other.cookies["clinic_passkey"] = cookie[1]

    assert send(other, LOGIN, answer).status_code == 400
    assert not is_in(other)


def test_one_answer_in_two_browsers_signs_in_once(device: Authenticator) -> None:
    # One that many devices share counts nothing, so only the challenge tells.
    WebAuthnCredential.objects.update(sign_count=0)
    device.sign_count = -1
    client, other = Client(), Client()
    options = begin(client, LOGIN)
    other.cookies["clinic_passkey"] = client.cookies["clinic_passkey"].value
    answer = device.use(options)

    assert [send(each, LOGIN, answer).status_code for each in (client, other)] == [303, 400]
    assert WebAuthnCredential.objects.get().sign_count == 0


def test_a_thousand_answers_of_strangers_leave_no_more_than_the_record_holds(
    client: Client, device: Authenticator
) -> None:
    def written() -> tuple[int, int]:
        return Session.objects.count(), Counter.objects.filter(key__startswith="passkey").count()

    options, before = begin(client, LOGIN), written()
    junk = [Authenticator().use(options), {**device.use(options), "response": {}}, "no JSON", {}]

    for number in range(1000 if SOAK else 40):
        begin(client, LOGIN)
        assert send(client, LOGIN, junk[number % len(junk)]).status_code == 400

    assert AuditEvent.objects.filter(action="refused").count() == 21  # as of any stranger's
    assert written() == before
    assert send(client, LOGIN, device.use(begin(client, LOGIN))).status_code == 303


def test_it_is_good_for_five_minutes(client: Client, device: Authenticator) -> None:
    answer = device.use(begin(client, LOGIN))

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=5, seconds=1)):
        assert send(client, LOGIN, answer).status_code == 400


def changed(**values: Any) -> Callable[[Authenticator], None]:
    def change(device: Authenticator) -> None:
        for name, value in values.items():
            setattr(device, name, value)

    return change


NOT_OURS = {
    "of another site": changed(origin="https://evil.example"),
    "of another port": changed(origin="http://localhost:9"),
    "for another host": changed(host="evil.example"),
    "without a finger or a PIN": changed(flags=USER_PRESENT),
    "without anybody there": changed(flags=4),
    "unknown": changed(id=b"another"),
    "of another key": changed(key=Authenticator().key),
    "used before, as a copy was": changed(sign_count=0),
}


@pytest.mark.parametrize("change", NOT_OURS.values(), ids=NOT_OURS)
def test_a_passkey_that_is_not_ours_opens_nothing(
    client: Client, device: Authenticator, change: Callable[[Authenticator], None]
) -> None:
    for _time in range(3):
        assert send(client, LOGIN, device.use(begin(client, LOGIN))).status_code == 303
        client.post("/admin/logout/")
    change(device)

    answer = send(client, LOGIN, device.use(begin(client, LOGIN)))

    assert answer.status_code == 400
    assert "This passkey was not taken" in answer.text
    assert not is_in(client)
    assert AuditEvent.objects.latest("pk").detail == "passkey"


def test_a_count_beyond_what_the_database_holds_is_no_error(
    client: Client, device: Authenticator
) -> None:
    device.sign_count = 2**31
    status = send(client, LOGIN, device.use(begin(client, LOGIN))).status_code

    assert status == (400 if connection.vendor == "postgresql" else 303)


@pytest.mark.parametrize(
    "close",
    [
        lambda: User.objects.update(is_active=False),
        lambda: WebAuthnCredential.objects.update(confirmed=False),
        lambda: WebAuthnCredential.objects.all().delete(),
    ],
    ids=["account closed", "not confirmed", "removed"],
)
def test_one_that_was_taken_away_opens_no_more(
    client: Client, device: Authenticator, close: Callable[[], None]
) -> None:
    options = begin(client, LOGIN)
    close()

    assert send(client, LOGIN, device.use(options)).status_code == 400
    assert not is_in(client)


def test_a_passkey_is_free_of_the_limits_of_passwords(
    client: Client, device: Authenticator
) -> None:
    for number in range(61):
        typed = {"username": f"name{number}", "password": "wrong"}
        answer = Client().post(LOGIN, typed, REMOTE_ADDR=f"192.0.2.{number}")
    assert answer.status_code == 429
    assert "use a passkey" in answer.text

    assert send(client, LOGIN, device.use(begin(client, LOGIN))).status_code == 303


def test_a_challenge_for_one_end_serves_no_other(device: Authenticator) -> None:
    ana, eva = User.objects.get(), signed_in(make_account("eva", "editor"))
    options = begin(eva, "/admin/again/")
    cookie = eva.cookies["clinic_passkey"].value
    stranger = Client()
    stranger.cookies["clinic_passkey"] = cookie

    assert send(stranger, LOGIN, device.use(options)).status_code == 400
    assert not is_in(stranger)
    # Nor does somebody's own passkey stand in for another's.
    assert send(eva, "/admin/again/", device.use(begin(eva, "/admin/again/"))).status_code == 400
    browser = signed_in(ana)
    answer = send(browser, "/admin/again/", device.use(begin(browser, "/admin/again/")))
    assert answer.status_code == 303


def test_a_passkey_of_somebody_else_cannot_be_enrolled_anew(device: Authenticator) -> None:
    eva = signed_in(make_account("eva"))

    copy = device.make(begin(eva, "/admin/account/"))
    answer = send(eva, "/admin/account/", copy, do="passkey")

    assert "This passkey was not taken" in answer.text
    assert WebAuthnCredential.objects.get().user.username == "ana"


def test_who_has_only_a_password_cannot_enrol(client: Client) -> None:
    with_password("ana")
    client.post(LOGIN, {"username": "ana", "password": PASSWORD})

    for path in ("account/passkey/", "again/passkey/"):
        assert client.post(f"/admin/{path}").status_code == 302
    for path in ("webauthn/registration/begin/", "webauthn/authentication/begin/"):
        assert client.post(f"/{path}").status_code == 404


TEXTS = ["", "null", "[]", "1", '"x"', "{", "{}", "[" * 100_000, '{"a":' * 50_000, "NaN", "1e999"]
ODD = [
    *("", "é", "A", "=", "\0", "\ud800", None, 1, -1, True, [], {}, [1], {"a": 1}),
    *("A" * 20_000, "e30", "W10", "bnVsbA", "MQ", encoded(b"\xff\xfe"), encoded(b"\xa0")),
    encoded(b'{"type":1,"challenge":[],"origin":{}}'),
    encoded(b"\xbf" * 50),
    encoded(b"\xa3cfmtdnonehauthDataAAgattStmt\xa0"),
    encoded(b"[" * 5000),
][:: 1 if SOAK else 9]


def spoilt(answer: dict[str, Any], name: str, odd: Any) -> str:
    """The answer with one of its values changed to an odd one."""
    if name in answer:
        return json.dumps({**answer, name: odd})
    return json.dumps({**answer, "response": {**answer["response"], name: odd}})


def test_hostile_answers_are_refused_without_an_error(device: Authenticator) -> None:
    client, enrolling = Client(), signed_in(User.objects.get())
    example = device.use(begin(client, LOGIN))
    for name in [*example, *example["response"]]:
        for odd in ODD:
            text = spoilt(device.use(begin(client, LOGIN)), name, odd)
            status = send(client, LOGIN, text).status_code
            # Nobody looks at these.
            assert status == 400 or name in {"id", "clientExtensionResults", "userHandle"}
            if status == 303:
                client = Client()
    example = device.make(begin(enrolling, "/admin/account/"))
    hostile = [
        spoilt(example, name, odd) for name in [*example, *example["response"]] for odd in ODD
    ]
    for text in [*TEXTS, *hostile]:
        begin(enrolling, "/admin/account/")
        assert (
            "This passkey was not taken"
            in send(enrolling, "/admin/account/", text, do="passkey").text
        )
    for key in ([], [0], "x", {1: 2, 3: -7, -1: 1}):
        answer = Authenticator(odd_key=key).make(begin(enrolling, "/admin/account/"))
        told = send(enrolling, "/admin/account/", answer, do="passkey").text
        assert "This passkey was not taken" in told
    for text in TEXTS:
        begin(client, LOGIN)
        assert send(client, LOGIN, text).status_code == 400


def test_hostile_answers_leave_an_invitation_as_it_is() -> None:
    new, client, device = make_account("new", "editor"), Client(), Authenticator()
    token = invite(user=new, by=Actor(SHELL), reason=InvitationReason.NEW)
    page, before = f"/admin/invitation/{token}/", User.objects.values().get()
    example = device.make(begin(client, page, **NAMES))
    hostile = [
        spoilt(example, name, odd) for name in [*example, *example["response"]] for odd in ODD
    ]

    for text in [*TEXTS, *hostile]:
        begin(client, page, **NAMES)
        answer = send(client, page, text, password="", repeated="", **NAMES)
        assert "This passkey was not taken" in answer.text

    assert User.objects.values().get() == before
    assert Invitation.objects.get().used_at is None
    assert not WebAuthnCredential.objects.exists()
    answer = device.make(begin(client, page, **NAMES))
    assert send(client, page, answer, password="", repeated="", **NAMES).status_code == 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES_OF_PARTS = ["clientDataJSON", "authenticatorData", "signature", "attestationObject"]


@many(50)
@given(
    whole=json_values,
    response=st.dictionaries(st.sampled_from(NAMES_OF_PARTS), json_values),
    data=st.binary(max_size=200),
)
def test_generated_answers_are_refused_without_an_error(
    client: Client, whole: Any, response: dict[str, Any], data: bytes
) -> None:
    with_parts = {
        "id": "AAAA",
        "rawId": "AAAA",
        "type": "public-key",
        "response": {**dict.fromkeys(NAMES_OF_PARTS, encoded(data)), **response},
    }
    for answer in (whole, with_parts):
        begin(client, LOGIN)
        assert send(client, LOGIN, json.dumps(answer)).status_code == 400
    assert RecoveryCode.objects.count() == 0
