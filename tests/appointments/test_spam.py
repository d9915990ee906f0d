"""What looks like spam is put aside for staff; whoever sent it reads what everyone reads."""

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client

from appointments.models import AppointmentRequest
from appointments.services.work import work_on
from appointments.services.workflow import close_as_spam
from appointments.tokens import status_token
from clinic_site.actor import Actor
from clinic_site.models import Counter, MailChoice, OutboxMessage
from tests.appointments.office import without_attributes
from tests.make import form_answers
from tests.running import make_attempt

FORM = "/appointments/request/"

BROWSER = Client()  # one, as a new one looks at each static file

pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]


def send(sender: str = "192.0.2.1", **answers: str) -> AppointmentRequest:
    """Send a request, see the ordinary confirmation, and return the row."""
    attempt = make_attempt()
    answer = BROWSER.post(FORM, form_answers(attempt, **answers), REMOTE_ADDR=sender)
    assert answer.status_code == 303, answer.content.decode()
    page = BROWSER.get(answer["Location"])
    assert page.status_code == 200
    words = page.content.decode()
    assert "<h1>We have your request</h1>" in words
    assert "spam" not in without_attributes(words)
    assert "many" not in without_attributes(words)
    stored = AppointmentRequest.objects.get(attempt=attempt.partition(":")[0])
    assert stored.reference in words
    status = BROWSER.get(f"/appointments/status/{page.context['token']}/").content.decode()
    assert "<h1>We have your request</h1>" in status
    assert "spam" not in without_attributes(status)
    return stored


def state(stored: AppointmentRequest) -> tuple[str, str]:
    return stored.status, stored.suspicion


def test_a_request_as_people_send_it_is_new() -> None:
    assert state(send()) == ("new", "")


def test_a_filled_honeypot_is_put_aside() -> None:
    assert state(send(website="https://spam.example")) == ("quarantined", "honeypot")


@pytest.mark.parametrize("website", ["\x00", "x" * 3000], ids=["NUL", "long"])
def test_whatever_fills_the_honeypot_is_told_of_no_mistake(website: str) -> None:
    send(website=website)


def test_the_sixth_of_one_sender_in_an_hour_is_put_aside_but_no_one_elses() -> None:
    assert [state(send()) for _n in range(5)] == [("new", "")] * 5

    assert state(send()) == ("quarantined", "sender")
    assert state(send("198.51.100.7")) == ("new", "")
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=61)):
        assert state(send()) == ("new", "")


def test_a_phone_that_changes_its_ipv6_address_is_one_sender() -> None:
    sent = [state(send(f"2001:db8::{n}")) for n in range(1, 7)]

    assert sent == [("new", "")] * 5 + [("quarantined", "sender")]
    assert state(send("2001:db8:0:1::1")) == ("new", "")


def test_a_flood_puts_aside_what_comes_after_it_and_loses_none(settings) -> None:
    settings.REQUESTS_AN_HOUR = 8
    sent = [send(f"192.0.2.{n}") for n in range(1, 12)]

    assert [state(each) for each in sent] == [("new", "")] * 8 + [("quarantined", "overall")] * 3
    assert AppointmentRequest.objects.waiting().count() == 11


def test_one_senders_flood_puts_no_one_else_aside(settings) -> None:
    settings.REQUESTS_AN_HOUR = 10
    for _number in range(15):
        send("192.0.2.66")

    assert state(send("192.0.2.1")) == ("new", "")


def test_a_long_flood_lets_no_more_through_than_the_limit(settings) -> None:
    settings.REQUESTS_AN_HOUR = 3
    for number in range(40):
        send(f"192.0.2.{number % 20}")

    assert AppointmentRequest.objects.filter(suspicion="").count() == 3


def test_a_clock_set_back_makes_nobody_a_spammer(settings) -> None:
    settings.REQUESTS_AN_HOUR = 5
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=2)):
        for _n in range(5):
            send()
        assert state(send()) == ("quarantined", "sender")

    assert state(send()) == ("new", "")


def test_what_was_typed_and_sent_in_no_time_is_no_sign_of_spam() -> None:
    fresh = BROWSER.get(FORM).context["form"]["attempt"].value()
    BROWSER.post(FORM, form_answers(fresh))

    assert state(AppointmentRequest.objects.get()) == ("new", "")


def test_the_same_attempt_sent_again_counts_once() -> None:
    answers = form_answers(make_attempt())
    for _click in range(8):
        BROWSER.post(FORM, answers, REMOTE_ADDR="192.0.2.1")

    assert state(send("192.0.2.1")) == ("new", "")


def test_who_only_sends_a_foreign_form_once_more_is_no_machine() -> None:
    again = BROWSER.post(FORM, form_answers("forged"))
    fresh = re.search(r'name="attempt" value="([^"]+)"', again.content.decode())
    assert fresh
    BROWSER.post(FORM, form_answers(fresh[1]))

    assert state(AppointmentRequest.objects.get()) == ("new", "")


def test_no_address_is_kept() -> None:
    stored = send("192.0.2.77")

    kept = repr(
        [*AppointmentRequest.objects.filter(pk=stored.pk).values(), *Counter.objects.values()]
    )
    assert "sent:" in kept
    assert "192.0.2.77" not in kept


def test_suspected_spam_mails_nobody(admin_user) -> None:
    admin_user.email = "staff@example.com"
    admin_user.save()
    for kind in ("new_request", "change"):
        MailChoice.objects.create(user=admin_user, kind=kind)

    suspected = send(website="x", email="victim@example.com", email_ok="on")
    BROWSER.post(f"{status_address(suspected)}change/", {"text": "Buy now"})

    assert not OutboxMessage.objects.exists()
    suspected.refresh_from_db()
    assert suspected.change_request == "Buy now"
    BROWSER.post(f"{status_address(suspected)}cancel/")
    suspected.refresh_from_db()
    assert suspected.status == "cancelled"
    assert not OutboxMessage.objects.exists()
    send("198.51.100.7")
    assert OutboxMessage.objects.count() == 1


def test_who_was_reached_meanwhile_is_not_closed_as_spam(admin_user) -> None:
    sent = [send(website="x") for _n in range(3)]
    desk = Actor("desk", account=admin_user)
    for suspected, call in zip(sent, ("reached", "no_answer", ""), strict=True):
        work_on(pk=suspected.pk, version=1, by=desk, call=call, text="Whose is it?")

    assert close_as_spam(pks=[each.pk for each in sent], by=desk) == 2

    assert list(AppointmentRequest.objects.filter(status="quarantined")) == sent[:1]


def status_address(stored: AppointmentRequest) -> str:
    return f"/appointments/status/{status_token(stored.attempt)}/"
