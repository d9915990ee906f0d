"""Staff look after mail in the admin: what was not sent, and who gets which."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from clinic_site.access.models import User
from clinic_site.mail.models import MailState
from clinic_site.models import AuditEvent, Clinic, MailChoice, OutboxMessage
from clinic_site.todo import open_todo
from tests.appointments.office import make_desk, ready, send_request, the_mail, work
from tests.forms import Filled, form_in, sent_by
from tests.make import make_account, sign_in_as, signed_in
from tests.smtp_sink import Sink

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]


def given_up(**fields: Any) -> OutboxMessage:
    """A mail of 50 hours ago that was given up."""
    request = send_request(email_ok=True, **fields)
    request.mails.exclude(kind="patient_received").delete()
    mail = request.mails.get()
    then = timezone.now() - dt.timedelta(hours=50)
    mail.created_at, mail.give_up_at = then, then + dt.timedelta(hours=48)
    mail.state, mail.tries, mail.fault = MailState.DEAD, 18, "SMTPRecipientsRefused 550"
    mail.save()
    return mail


LIST = "/admin/clinic_site/outboxmessage/"
CHOICES = "/admin/clinic_site/mailchoice/"


def test_staff_have_a_mail_sent_again_with_48_hours_from_then(desk: User, sink: Sink) -> None:
    mail = given_up()
    client = signed_in(desk)
    shown = client.get(LIST + "?state__exact=dead").content.decode()
    assert mail.reference in shown
    assert "SMTPRecipientsRefused 550" in shown
    shown += client.get(f"{LIST}{mail.pk}/change/").content.decode()
    assert "@home.example" not in shown
    assert "López" not in shown
    sink.answers["RCPT"] = "451 later"

    answer = client.post(LIST, {"action": "try_again", "_selected_action": [mail.pk]}, follow=True)
    assert "1 mail is to be sent again." in answer.content.decode()
    work()

    again = the_mail()
    assert (again.state, again.tries, again.created_at) == ("waiting", 1, mail.created_at)
    sink.answers.clear()
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2)):
        assert work() == 1
        assert ready(client)
    on_record = AuditEvent.objects.get(detail="mail to be sent again")
    assert (on_record.actor, on_record.references) == ("desk", mail.reference)


def test_staff_settle_a_mail_that_can_never_arrive(desk: User, sink: Sink) -> None:
    mail = given_up()
    client = signed_in(desk)
    work()
    assert not ready(client)

    client.post(LIST, {"action": "set_aside", "_selected_action": [mail.pk]})

    assert ready(client)
    assert work() == 0
    assert sink.mails == []


def test_staff_are_told_why_a_chosen_mail_was_left(desk: User) -> None:
    mail = given_up()
    client = signed_in(desk)
    settle = {"action": "set_aside", "_selected_action": [mail.pk]}
    client.post(LIST, settle)

    again = client.post(LIST, {**settle, "action": "try_again"}, follow=True).text
    assert "0 mails are to be sent again. Left as they are: 1." in again
    assert "Left as they are: 1. Only a mail" in client.post(LIST, settle, follow=True).text


def test_nobody_adds_or_deletes_a_mail(desk: User) -> None:
    mail = given_up()

    for page in ("add/", f"{mail.pk}/delete/"):
        assert signed_in(desk).get(LIST + page).status_code == 403


def chosen(user: User) -> set[str]:
    return set(MailChoice.objects.filter(user=user).values_list("kind", flat=True))


def test_anyone_on_the_staff_chooses_their_own_mail_and_only_theirs() -> None:
    boss, desk = make_desk("boss", "digest"), make_desk("desk", "new_request")
    client = signed_in(desk)
    shown = {f"initial-{desk.pk}-kinds": "new_request"}

    assert "boss" not in client.get(CHOICES).text
    client.post(CHOICES, {**shown, f"{desk.pk}-kinds": ["digest"], f"{boss.pk}-kinds": ["change"]})

    assert (chosen(desk), chosen(boss)) == ({"digest"}, {"digest"})
    page = client.get(CHOICES).text
    assert len(re.findall("<input[^>]+checked", page)) == 1
    client.post(CHOICES, {f"initial-{desk.pk}-kinds": "digest"})
    assert chosen(desk) == set()


def test_a_manager_chooses_for_staff_who_may_see_requests_and_have_an_address() -> None:
    make_account("editor", "editor", email="editor@clinic.example")
    desk = make_desk()
    User.objects.update(email="")
    client = sign_in_as("manager")

    assert "editor" not in client.get(CHOICES).text
    answer = client.post(CHOICES, {f"{desk.pk}-kinds": ["new_request"]})
    assert "desk has no email address" in answer.text
    User.objects.filter(pk=desk.pk).update(email="desk@clinic.example")
    client.post(CHOICES, {f"{desk.pk}-kinds": ["new_request"]})

    assert chosen(desk) == {"new_request"}


def test_an_older_page_changes_nobody_whose_boxes_were_left_alone() -> None:
    desk = make_desk()
    client = sign_in_as("manager")
    MailChoice.objects.create(user=desk, kind="digest")  # since the page was opened

    client.post(CHOICES, {})

    assert chosen(desk) == {"digest"}


def test_an_older_page_takes_no_tick_away_that_it_did_not_show() -> None:
    desk = make_desk()
    client = sign_in_as("manager")
    page = Filled(client, CHOICES).type(f"{desk.pk}-kinds", "change")
    MailChoice.objects.create(user=desk, kind="digest")

    page.press("")

    assert chosen(desk) == {"digest", "change"}


def test_a_choice_that_lacked_an_address_is_saved_once_there_is_one() -> None:
    desk = make_desk()
    User.objects.filter(pk=desk.pk).update(email="")
    page = Filled(sign_in_as("manager"), CHOICES).type(f"{desk.pk}-kinds", "change")
    refused = page.press("").text
    assert "desk has no email address" in refused
    User.objects.filter(pk=desk.pk).update(email="desk@clinic.example")

    page.client.post(CHOICES, dict(sent_by(form_in(refused))))

    assert chosen(desk) == {"change"}


def test_who_may_not_see_requests_has_nothing_to_choose() -> None:
    editor = make_account("editor", "editor", email="editor@clinic.example")
    client = signed_in(editor)

    assert "There is no mail for you to choose" in client.get(CHOICES).text
    client.post(CHOICES, {f"{editor.pk}-kinds": ["new_request"]})

    assert not MailChoice.objects.exists()


def test_the_front_page_asks_who_gets_mail_and_how_long_requests_are_kept(desk: User) -> None:
    MailChoice.objects.all().delete()
    tasks = {task.text for task in open_todo(bool)}
    assert "Choose who gets a mail about new requests: nobody does." in tasks
    assert "Decide how long requests are kept." in tasks

    MailChoice.objects.create(user=desk, kind="new_request")
    Clinic.objects.update(keep_requests_days=30)

    tasks = {task.text for task in open_todo(bool)}
    assert not any("new requests" in text or "are kept" in text for text in tasks)
