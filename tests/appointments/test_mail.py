"""Mail about requests: what it says, what it never says, and what becomes of it when it fails."""

import datetime as dt
import logging
import re
import time

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from appointments.answers import Answer
from appointments.models import AppointmentRequest
from appointments.services import workflow
from appointments.services.work import work_on
from appointments.tokens import mail_token
from clinic_site import readiness
from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.audit.triggers import install_triggers
from clinic_site.crypto.key_check import keys_in_use
from clinic_site.mail.models import MailState
from clinic_site.mail.worker import Worker
from clinic_site.models import Clinic, OutboxMessage, WorkerBeat
from clinic_site.todo import open_todo
from tests.appointments.office import NOON, PATIENT, ready, send_request, the_mail, work
from tests.audit import remove_triggers
from tests.make import make_condition, make_request
from tests.running import free_port
from tests.smtp_sink import DROP, HANG, Sink

pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]


def test_a_request_is_told_to_staff_and_confirmed_to_the_patient(desk: User, sink: Sink) -> None:
    request = send_request(condition=make_condition().ref)

    assert work() == 2

    (told,), (confirmed,) = sink.to("desk@clinic.example"), sink.to("ana@home.example")
    assert told.message["Subject"] == f"New request {request.reference}"
    assert f"A new request {request.reference} has come in." in told.text
    link = f"https://localhost/admin/appointments/appointmentrequest/{request.pk}/change/"
    assert link in told.text
    assert confirmed.message["Subject"] == "We have your message"
    assert confirmed.text == (
        "We have received your message.\n\n"
        f"Your reference: {request.reference}\n\n"
        "Where it stands. The page asks for your phone number first:\n"
        f"https://localhost/appointments/mail/{mail_token(request.attempt)}/\n\n"
        "To reach us, call 605-217-5617.\n"
    )
    for mail in (told, confirmed):
        row = OutboxMessage.objects.get(message_id=mail.message_id[1:37])
        assert mail.message_id == f"<{row.message_id}@localhost>"
        assert mail.message["Auto-Submitted"] == "auto-generated"
        assert mail.message["Date"]
        assert mail.message.get_content_type() == "text/plain"
        said = mail.whole.replace("To: ana@home.example", "").casefold()
        assert not re.search("ana|l.pez|5550142|spine|back|hurt|vascular|question", said)
        assert (row.state, row.tries, row.fault, row.lease) == (MailState.SENT, 1, "", None)
    assert "appointment" not in confirmed.whole.replace("/appointments/mail/", "").casefold()
    assert work() == 0


def test_a_request_whose_mails_cannot_be_written_is_not_stored_either(
    desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(OutboxMessage.objects, "bulk_create", away)

    with pytest.raises(OperationalError):
        send_request()

    assert not AppointmentRequest.objects.exists()


def test_a_reference_that_is_drawn_already_is_drawn_anew(
    desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([send_request().reference, "VIS-7777-7777"])
    field = AppointmentRequest._meta.get_field("reference")
    monkeypatch.setattr(field, "_get_default", lambda: next(drawn))

    assert send_request().reference == "VIS-7777-7777"


def test_what_was_no_spam_after_all_is_told_as_any_other(desk: User, sink: Sink) -> None:
    request = make_request(
        status="quarantined", suspicion="sender", email="ana@home.example", email_ok=True
    )
    assert work() == 0

    by = Actor("desk", account=desk)
    work_on(pk=request.pk, step="not_spam", version=request.version, by=by)

    assert work() == 2
    assert {mail.to for mail in sink.mails} == {("desk@clinic.example",), ("ana@home.example",)}


def test_without_a_clear_yes_no_patient_gets_a_mail(desk: User, sink: Sink) -> None:
    send_request(email_ok=False)
    send_request(email="", email_ok=False)

    work()

    assert {mail.to for mail in sink.mails} == {("desk@clinic.example",)}


def test_staff_hear_of_a_change_and_of_a_patient_who_cancels(desk: User, sink: Sink) -> None:
    request = send_request(email_ok=False)
    work()
    workflow.request_change(pk=request.pk, text="Could it be Friday? Ana", by=PATIENT)
    work()
    AppointmentRequest.objects.filter(pk=request.pk).update(status="contacting")
    workflow.cancel(pk=request.pk, by=PATIENT)
    work()

    _new, change, cancelled = sink.mails
    assert f"A change is asked for in request {request.reference}." in change.text
    assert "Friday" not in change.whole
    assert f"Request {request.reference} was canceled." in cancelled.text


def test_who_has_left_since_gets_no_mail(desk: User, sink: Sink) -> None:
    send_request(email_ok=False)
    User.objects.update(is_active=False)

    assert work() == 0

    assert sink.mails == []
    assert the_mail().state == MailState.SET_ASIDE


def test_a_name_with_a_line_break_makes_no_header(desk: User, sink: Sink) -> None:
    Clinic.objects.update(name="Clinic\r\nBcc: all@evil.example", short_name="V\nBcc: x@y.example")
    User.objects.update(username="desk\nBcc: all@evil.example")
    send_request()

    work()

    assert len(sink.mails) == 2
    assert all(mail.message["Bcc"] is None for mail in sink.mails)
    assert all("evil" not in mail.whole for mail in sink.mails)


@pytest.mark.parametrize(
    "address", ["ana@home.example\nBcc: x@y.example", "ana", "a@b@c", "<a>@b.c"]
)
def test_an_address_that_is_none_stops_no_other_mail(desk: User, sink: Sink, address: str) -> None:
    broken = send_request()
    broken.answers = {**broken.answers, "email": Answer("", address, address)}
    broken.save()
    send_request()

    assert work() == 3

    assert OutboxMessage.objects.get(state=MailState.WAITING).fault == "BadAddress"


def test_a_mail_that_no_key_opens_waits_for_its_key(desk: User, sink: Sink, settings) -> None:
    send_request()
    keys, settings.FIELD_KEYS = settings.FIELD_KEYS, [Fernet.generate_key().decode()]

    assert work() == 0  # with a wrong key, nothing is tried and no time is used up

    assert set(OutboxMessage.objects.values_list("tries", "state")) == {(0, MailState.WAITING)}
    settings.FIELD_KEYS = keys
    keys_in_use.forget()
    assert work() == 2


def test_a_mail_server_that_is_away_is_tried_for_48_hours(
    desk: User, sink: Sink, settings, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_PORT = free_port()
    pauses: list[int] = []
    with time_machine.travel(NOON, tick=False) as clock:
        send_request()
        OutboxMessage.objects.filter(kind="new_request").delete()
        while (mail := the_mail()).state == MailState.WAITING:
            assert ready(client) or not pauses
            clock.move_to(mail.due_at)
            work()
            if (again := the_mail()).state == MailState.WAITING:
                pauses.append(round((again.due_at - mail.due_at) / dt.timedelta(minutes=1)))
        given_up_after = timezone.now() - NOON
        tasks = [task.text for task in open_todo(bool)]
        alarm = ready(client)

    assert pauses[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360]
    assert set(pauses[9:-1]) == {360}
    assert given_up_after == dt.timedelta(hours=48)
    assert the_mail().state == MailState.DEAD
    assert the_mail().fault == "ConnectionRefusedError"
    assert "1 mail could not be sent." in tasks
    assert not alarm
    assert "ana@" not in caplog.text
    assert "ConnectionRefusedError" in caplog.text


@pytest.mark.parametrize(
    ("step", "answer", "fault"),
    [
        ("CONNECT", "421 busy", "SMTPConnectError 421"),
        ("MAIL", "451 later", "SMTPSenderRefused 451"),
        ("RCPT", "451 ana@home.example: later", "SMTPRecipientsRefused 451"),
        ("RCPT", "550 no ana@home.example here", "SMTPRecipientsRefused 550"),
        ("DATA", "554 no ana@home.example here", "SMTPDataError 554"),
        ("BODY", "452 full", "SMTPDataError 452"),
        ("BODY", DROP, "SMTPServerDisconnected"),
        ("EHLO", HANG, "SMTPServerDisconnected"),
        ("BODY", HANG, "SMTPServerDisconnected"),
        ("CONNECT", DROP, "SMTPServerDisconnected"),
    ],
)
def test_whatever_the_mail_server_does_the_mail_goes_out_later_under_the_same_name(
    desk: User,
    sink: Sink,
    settings,
    caplog: pytest.LogCaptureFixture,
    step: str,
    answer: str,
    fault: str,
) -> None:
    settings.EMAIL_TIMEOUT = 0.5
    caplog.set_level(logging.DEBUG)
    send_request()
    OutboxMessage.objects.filter(kind="new_request").delete()
    sink.answers[step] = answer
    assert work() == 0
    assert the_mail().fault == fault
    sink.answers.clear()

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2)):
        assert work() == 1

    assert {mail.message_id for mail in sink.mails} == {f"<{the_mail().message_id}@localhost>"}
    assert "ana" not in caplog.text + the_mail().fault


def test_a_bad_good_bye_is_no_reason_to_send_twice(desk: User, sink: Sink, settings) -> None:
    settings.EMAIL_TIMEOUT = 0.5
    for farewell in (DROP, HANG, "500 what?"):
        sink.answers["QUIT"] = farewell
        send_request(email_ok=False)
        assert work() == 1

    assert len(sink.mails) == 3
    assert not OutboxMessage.objects.exclude(state=MailState.SENT).exists()


# For those who run it


def test_readyz_and_status_tell_when_the_worker_falls_silent(
    desk: User, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not ready(client)
    work()
    assert ready(client)
    call_command("status")
    assert re.search(r"ok +worker +alive at", capsys.readouterr().out)

    with time_machine.travel(timezone.now() + dt.timedelta(seconds=151)):
        answer = client.get("/readyz")
        with pytest.raises(SystemExit) as end:
            call_command("status")

    assert (answer.status_code, answer.content) == (503, b"not ready\n")
    assert end.value.code == 1
    assert re.search(r"FAIL +worker +silent since", capsys.readouterr().out)


def test_readyz_asked_often_looks_once_in_five_seconds(
    desk: User, client: Client, settings, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries
) -> None:
    settings.READINESS_LOOK_EVERY = 5.0
    monkeypatch.setattr(readiness, "_looked_at", float("-inf"))
    work()
    assert ready(client)
    WorkerBeat.objects.all().delete()
    with django_assert_num_queries(0):
        assert all(ready(client) for _asked in range(3))

    monkeypatch.setattr(readiness, "_looked_at", readiness._looked_at - 5)

    assert not ready(client)


def test_a_worker_without_the_right_key_says_so_and_counts_as_silent(
    desk: User,
    client: Client,
    settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.WORKER_TELL_AFTER = 0.2
    send_request()
    work()
    assert ready(client)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    keys_in_use.forget()

    assert not ready(client)
    with pytest.raises(CommandError, match="FIELD_KEYS do not open"):
        call_command("send_notifications", "--once")
    worker, beat = Worker(), WorkerBeat.objects.get().at
    assert worker.do_all() == 0
    assert "No mail" not in caplog.text
    time.sleep(0.3)
    for _look in range(3):
        assert worker.do_all() == 0
    assert caplog.text.count("No mail is sent: a key is wrong.") == 1
    assert WorkerBeat.objects.get().at == beat


def test_readyz_and_status_tell_that_the_audit_lost_its_guard(
    desk: User, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    work()
    remove_triggers()
    assert not ready(client)
    with pytest.raises(SystemExit):
        call_command("status")
    assert re.search(r"FAIL +audit +audit_refuses_\w+, .* missing", capsys.readouterr().out)

    install_triggers()

    assert ready(client)
