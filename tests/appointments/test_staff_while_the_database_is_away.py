"""What staff type while the database is away is still there when it is back."""

import html
import re

import pytest
from django.db import OperationalError, connection
from django.test import Client

from appointments.models.history import Note
from tests.appointments.office import address, filled, visit_in
from tests.make import PASSWORD, app_of, code_now, make_request, with_password

pytestmark = pytest.mark.django_db

TYPED = 'She said: "call <after> 5 & not before"'


def away(execute, *args):
    raise OperationalError("away")


def hidden_on(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def test_a_note_is_sent_once_more_from_the_page_that_says_so(sam: Client) -> None:
    row = make_request()
    with connection.execute_wrapper(away):
        answer = sam.post(address(row), filled(text=TYPED))
    assert answer.status_code == 503
    assert answer["Cache-Control"] == "no-store"
    assert "What you sent is kept on this page." in answer.text
    assert not Note.objects.exists()

    again = sam.post(address(row), hidden_on(answer.text))

    assert again.status_code == 303
    assert TYPED in html.unescape(sam.get(address(row)).text)


def test_what_is_stored_is_not_called_lost_where_only_its_news_cannot_be_read(
    sam: Client,
) -> None:
    def news_away(execute, sql, *args):
        if "SELECT" in sql and "outboxmessage" in sql:
            raise OperationalError("away")
        return execute(sql, *args)

    row = make_request()
    sent = {**visit_in(2), "version": row.version}
    with connection.execute_wrapper(news_away):
        answer = sam.post(address(row), sent)

    assert answer.status_code == 303
    row.refresh_from_db()
    assert row.status == "scheduled"
    said = re.findall(r'<li class="success">([^<]*)</li>', sam.get(address(row)).text)
    assert said == ["The visit is set."]


def test_a_password_is_not_put_into_a_page(client: Client) -> None:
    with connection.execute_wrapper(away):
        answer = client.post("/admin/login/", {"username": "sam", "password": "long-and-secret"})

    assert answer.status_code == 503
    assert "long-and-secret" not in answer.text
    assert "Send it again" not in answer.text


def test_a_session_that_cannot_be_stored_makes_no_error_of_what_was_done() -> None:
    def sessions_away(execute, sql, *args):
        if sql.startswith("UPDATE") and "django_session" in sql:
            raise OperationalError("away")
        return execute(sql, *args)

    app_of(with_password("kim"))
    browser = Client()
    browser.post("/admin/login/", {"username": "kim", "password": PASSWORD})
    with connection.execute_wrapper(sessions_away):
        answer = browser.post("/admin/login/code/", {"code": code_now()})

    assert answer.status_code == 303
    assert browser.get("/admin/").status_code == 302
