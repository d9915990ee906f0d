"""A session opens for the browser that has its cookie, and ends when the account says so."""

import datetime as dt

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from clinic_site.access.models import User
from clinic_site.access.sessions import SessionStore
from tests.accounts import make_account, sign_in_as, signed_in

pytestmark = pytest.mark.django_db


def with_cookie(value: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = value
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


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
    assert session.exists(first)

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
