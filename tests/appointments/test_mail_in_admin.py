"""Staff look after mail in the admin: what was not sent, and who gets which."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from appointments.models import MailChoice, OutboxMessage
from appointments.outbox import MailState
from clinic_site.models import AuditEvent, Clinic
from clinic_site.tasks import open_tasks
from tests.appointments.office import ready, send_request, the_mail, work
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db


def given_up(**fields: Any) -> OutboxMessage:
    """A mail of 50 hours ago that was given up."""
    request = send_request(email_ok=True, **fields)
    OutboxMessage.objects.filter(request=request).exclude(kind="confirmation").delete()
    mail = OutboxMessage.objects.get(request=request)
    then = timezone.now() - dt.timedelta(hours=50)
    mail.created_at, mail.give_up_at = then, then + dt.timedelta(hours=48)
    mail.state, mail.tries, mail.fault = MailState.DEAD, 18, "SMTPRecipientsRefused 550"
    mail.save()
    return mail


def signed_in(client: Client, user: User, *permissions: str) -> Client:
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


LIST = "/admin/appointments/outboxmessage/"


def test_staff_have_a_mail_sent_again_with_48_hours_from_then(
    desk: User, sink: Sink, client: Client
) -> None:
    mail = given_up()
    signed_in(client, desk, "change_outboxmessage", "view_outboxmessage")
    shown = client.get(LIST + "?state__exact=dead").content.decode()
    assert mail.request is not None
    assert mail.request.reference in shown
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
    assert (on_record.actor, on_record.references) == ("desk", mail.request.reference)


def test_staff_settle_a_mail_that_can_never_arrive(desk: User, sink: Sink, client: Client) -> None:
    mail = given_up()
    signed_in(client, desk, "change_outboxmessage", "view_outboxmessage")
    work()
    assert not ready(client)

    client.post(LIST, {"action": "set_aside", "_selected_action": [mail.pk]})

    assert ready(client)
    assert work() == 0
    assert sink.mails == []


def test_who_may_only_look_sends_nothing_again(desk: User, client: Client) -> None:
    mail = given_up()
    signed_in(client, desk, "view_outboxmessage")

    client.post(LIST, {"action": "try_again", "_selected_action": [mail.pk]})

    assert the_mail().state == MailState.DEAD
    for page in ("add/", f"{mail.pk}/delete/"):
        assert client.get(LIST + page).status_code == 403


def test_anyone_on_the_staff_chooses_their_own_mail_and_only_theirs(client: Client) -> None:
    Clinic.objects.create(pk=1)
    boss = User.objects.create_user("boss", "boss@clinic.example", is_staff=True)
    theirs = MailChoice.objects.create(user=boss)
    desk = User.objects.create_user("desk", "desk@clinic.example", is_staff=True)
    choices = "/admin/appointments/mailchoice/"
    signed_in(client, desk)

    assert b"boss" not in client.get(choices).content
    assert client.get(f"{choices}{theirs.pk}/change/").status_code == 302
    client.post(choices + "add/", {"user": boss.pk, "digest": "on"})

    mine = MailChoice.objects.get(user=desk)
    assert (mine.new_requests, mine.digest) == (False, True)
    client.post(f"{choices}{mine.pk}/change/", {"new_requests": "on"})
    mine.refresh_from_db()
    assert (mine.new_requests, mine.digest) == (True, False)
    client.post(f"{choices}{theirs.pk}/change/", {})
    theirs.refresh_from_db()
    assert theirs.new_requests
    again = client.get(choices + "add/")
    assert (again.status_code, again["Location"]) == (302, f"{choices}{mine.pk}/change/")


def test_a_manager_chooses_for_staff_with_an_address(client: Client) -> None:
    boss = User.objects.create_user("boss", is_staff=True, is_superuser=True)
    desk = User.objects.create_user("desk", is_staff=True)
    client.force_login(boss)
    add = "/admin/appointments/mailchoice/add/"

    answer = client.post(add, {"user": desk.pk, "new_requests": "on"})
    assert "desk has no email address" in answer.content.decode()
    User.objects.filter(pk=desk.pk).update(email="desk@clinic.example")
    client.post(add, {"user": desk.pk, "new_requests": "on"})

    assert MailChoice.objects.get().user == desk


def test_the_front_page_asks_who_gets_mail_and_how_long_requests_are_kept(desk: User) -> None:
    MailChoice.objects.update(new_requests=False)
    tasks = {task.text for task in open_tasks()}
    assert "Choose who gets a mail about new requests: nobody does." in tasks
    assert "Decide how long requests are kept." in tasks

    MailChoice.objects.update(new_requests=True)
    Clinic.objects.update(keep_requests_days=30)

    tasks = {task.text for task in open_tasks()}
    assert not any("mail" in text or "kept" in text for text in tasks)
