"""A session opens for the browser that has its cookie, and ends when the account says so."""

import datetime as dt

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import authenticate, login
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.access.models import User
from clinic_site.access.sessions import SessionStore
from clinic_site.mail.worker import sweep_what_is_over
from clinic_site.models import Clinic
from tests.make import is_in, make_account, sign_in_as, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]


def with_cookie(value: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = value
    return client


def test_a_copy_of_the_table_opens_no_session() -> None:
    cookie = sign_in_as("manager").cookies[settings.SESSION_COOKIE_NAME].value
    (row,) = Session.objects.all()

    assert is_in(with_cookie(cookie))
    assert cookie not in f"{row.session_key} {row.session_data} {row.get_decoded()}"
    for stolen in (row.session_key, row.session_key[:32], row.session_data):
        assert not is_in(with_cookie(stolen))


@pytest.mark.parametrize("odd", ["", "x", "a" * 5000, "nul\\000nul", "../../etc", "é" * 20])
def test_an_odd_cookie_opens_nothing(odd: str) -> None:
    assert not is_in(with_cookie(odd))


def test_every_browser_is_signed_out_by_another_password() -> None:
    user = make_account("mia", "manager")
    browsers = [signed_in(user), signed_in(user)]
    assert all(map(is_in, browsers))

    user.set_password("correct horse battery")
    user.save()

    assert not any(map(is_in, browsers))
    assert is_in(signed_in(User.objects.get()))


def test_every_browser_is_signed_out_by_another_epoch_and_no_other_account() -> None:
    user, other = make_account("mia", "manager"), sign_in_as("editor")
    browsers = [signed_in(user), signed_in(user)]

    user.end_sessions()

    assert not any(map(is_in, browsers))
    assert is_in(other)
    assert is_in(signed_in(user))


def test_signing_out_deletes_the_row_and_signing_in_takes_a_new_cookie() -> None:
    client = sign_in_as("manager")
    first = client.cookies[settings.SESSION_COOKIE_NAME].value

    client.post("/admin/logout/")

    assert Session.objects.count() == 0
    assert not is_in(with_cookie(first))
    client = signed_in(User.objects.get())
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != first


def test_a_session_is_kept_changed_renewed_and_over_in_time() -> None:
    session = SessionStore()
    session["a"] = 1
    session.save()
    first = str(session.session_key)

    session["a"] = 2
    session.save()
    assert SessionStore(first).load() == {"a": 2}
    session.cycle_key()

    assert SessionStore(first).load() == {}
    assert SessionStore(session.session_key).load() == {"a": 2}
    with time_machine.travel(timezone.now() + dt.timedelta(days=365)):
        assert SessionStore(session.session_key).load() == {}
        SessionStore.clear_expired()
    assert Session.objects.count() == 0


def test_a_password_opens_its_own_account_while_that_is_active() -> None:
    user = make_account("mia")
    user.set_password("correct horse battery")
    user.save()
    make_account("eva")

    assert authenticate(username="mia", password="correct horse battery") == user
    for name, password in (("mia", "wrong"), ("eva", ""), ("nobody", "correct horse battery")):
        assert authenticate(username=name, password=password) is None
    User.objects.update(is_active=False)
    assert authenticate(username="mia", password="correct horse battery") is None


def later(**time: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + dt.timedelta(**time), tick=False)


def test_a_session_ends_after_half_an_hour_in_which_nobody_did_anything() -> None:
    client = sign_in_as("manager")
    for minutes in (0, 25, 50):
        with later(minutes=minutes):
            assert is_in(client)

    with later(minutes=81):
        assert not is_in(client)

    assert Session.objects.count() == 0
    assert not is_in(client)  # and does not come back


def test_the_clinic_sets_after_how_long() -> None:
    Clinic.objects.create(name="Spine Clinic", phone="+16055550100", idle_minutes=5)
    client = sign_in_as("manager")
    assert is_in(client)

    with later(minutes=6):
        assert not is_in(client)


def test_what_a_script_asks_for_by_itself_does_not_count() -> None:
    client = sign_in_as("manager")
    assert is_in(client)
    with later(minutes=20):
        assert client.get("/admin/", headers={"X-Background": "1"}).status_code == 200

    with later(minutes=31):
        assert not is_in(client)


def test_what_a_script_sends_while_somebody_types_counts() -> None:
    client = sign_in_as("manager")
    assert is_in(client)
    with later(minutes=20):
        client.post("/admin/", headers={"X-Background": "typed"})

    with later(minutes=31):
        assert is_in(client)


def test_a_session_ends_after_ten_hours_whatever_is_done() -> None:
    client = sign_in_as("manager")
    for quarter in range(40):
        with later(minutes=15 * quarter):
            assert is_in(client)

    with later(hours=10, minutes=1):
        assert not is_in(client)


def test_a_minute_of_looks_writes_once() -> None:
    client = sign_in_as("manager")
    client.get("/admin/")

    def writes() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get("/admin/")
        return sum("django_session" in each["sql"] and "UPDATE" in each["sql"] for each in asked)

    assert writes() == 0
    with later(seconds=61):
        assert [writes(), writes()] == [1, 0]


def test_the_script_that_warns_is_told_how_long_and_can_answer() -> None:
    client = sign_in_as("manager")
    with later():
        page = client.get("/admin/").text
    assert 'data-left="1800"' in page
    assert 'src="/static/js/session.' in page

    def asked() -> dict[str, int]:
        return client.get("/admin/still-here/", headers={"X-Background": "1"}).json()

    with later(minutes=28):
        assert 100 <= asked()["seconds"] <= 120
        assert asked()["can_stay"]
        stranger = client.post("/admin/still-here/", headers={"Origin": "https://evil.example"})
        assert stranger.status_code == 403
    with later(minutes=29):
        answer = client.post("/admin/still-here/", headers={"Origin": settings.SITE_URL})
        assert answer.status_code == 204
        assert 1799 <= asked()["seconds"] <= 1800
    with later(minutes=58):
        assert 30 <= asked()["seconds"] <= 60
        assert is_in(client)
    with later(minutes=90):
        assert asked() == {"seconds": 0, "can_stay": False}
        late = client.post("/admin/still-here/", headers={"Origin": settings.SITE_URL})
        assert late.status_code == 403
    assert "session-end" not in Client().get("/admin/login/").text


def test_a_cookie_from_before_the_sign_in_opens_nothing_after_it() -> None:
    user = make_account("mia", "manager")
    planted = SessionStore()
    planted["a"] = 1
    planted.save()
    request = RequestFactory().post("/admin/login/")
    request.session = SessionStore(planted.session_key)

    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()

    assert not is_in(with_cookie(str(planted.session_key)))
    assert request.session.session_key != planted.session_key


def test_the_worker_clears_sessions_that_are_over() -> None:
    sign_in_as("manager")
    with later(days=1):
        sign_in_as("editor")
        sweep_what_is_over(timezone.localtime(), lambda: True)
        assert Session.objects.count() == 1
