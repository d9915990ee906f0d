"""Mail is written with what it tells of, leased to one worker, and goes to who may get it."""

import datetime as dt
import uuid

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone

from clinic_site.access.models import User
from clinic_site.mail.models import (
    MailChoice,
    MailKind,
    MailState,
    NotWanted,
    OutboxMessage,
    kinds,
    new_mail,
    to_staff,
    who_gets,
)
from clinic_site.mail.worker import Worker, make_mail
from tests.make import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> MailKind:
    """A kind of mail for staff who may see the audit."""
    kind = MailKind(
        "news",
        "news",
        "appointments/mail/patient_received.txt",
        lambda message: {},
        permission="clinic_site.view_auditevent",
        offer="news",
    )
    monkeypatch.setitem(kinds, kind.name, kind)
    return kind


def boss(**values: object) -> User:
    values = {"email": "boss@clinic.example", **values}
    return make_account(uuid.uuid4().hex, "manager", **values)


@pytest.mark.parametrize(
    "flaw", [{"is_active": False}, {"is_staff": False}, {"email": ""}], ids=lambda each: str(each)
)
def test_no_mail_is_written_or_sent_to_who_cannot_get_it(news: MailKind, flaw: dict) -> None:
    wanted, unfit = boss(), boss(**flaw)
    for user in (wanted, unfit):
        MailChoice.objects.create(user=user, kind="news")
    MailChoice.objects.create(user=boss(), kind="other")

    assert [mail.user for mail in to_staff(news)] == [wanted]
    assert who_gets(news) == [wanted]
    with pytest.raises(NotWanted):
        make_mail(new_mail(news, "", "", unfit.pk))
    assert make_mail(new_mail(news, "", "", wanted.pk)).to == ["boss@clinic.example"]


def test_who_lost_the_right_gets_no_mail_that_was_written_before(news: MailKind) -> None:
    user = boss()
    MailChoice.objects.create(user=user, kind="news")
    (mail,) = to_staff(news)
    user.groups.clear()
    mail.user = User.objects.get(pk=user.pk)

    with pytest.raises(NotWanted):
        make_mail(mail)
    assert who_gets(news) == []


def test_a_mail_of_no_known_kind_or_to_nobody_is_not_written(news: MailKind) -> None:
    for_others = MailKind("x", "x", "x.txt", lambda m: {}, address=lambda m: "a@b.c")

    for kind, user_id in ((for_others, None), (news, None)):
        with pytest.raises(ValueError, match="no such mail"):
            new_mail(kind, "", "", user_id)


def test_what_came_of_a_lease_that_went_to_another_worker_is_not_written() -> None:
    OutboxMessage.objects.create(kind="news", reference="A")
    first = OutboxMessage.objects.lease_next()
    assert first
    assert OutboxMessage.objects.lease_next() is None
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=6)):
        second = OutboxMessage.objects.lease_next()
    assert second

    for state in MailState:
        assert not first.settle(state, "late")

    row = OutboxMessage.objects.get()
    assert (row.lease, row.state, row.tries, row.fault) == (second.lease, "waiting", 2, "")
    assert second.settle(MailState.SENT)
    row.refresh_from_db()
    assert (row.state, row.lease) == (MailState.SENT, None)


def test_what_came_of_a_mail_is_written_once_the_database_is_back(
    news: MailKind, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKER_DATABASE_AWAY = 0
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    settle = OutboxMessage.settle
    looks: list[str] = []

    def away_twice(message: OutboxMessage, state: MailState, fault: str) -> bool:
        looks.append(fault)
        if len(looks) < 3:
            raise OperationalError
        return settle(message, state, fault)

    monkeypatch.setattr(OutboxMessage, "settle", away_twice)
    OutboxMessage.objects.create(kind="news", user=boss(is_active=False))

    Worker()._send_due()

    row = OutboxMessage.objects.get()
    why = "no member of staff who may get it, with an address"
    assert (row.state, row.lease, row.fault) == (MailState.SET_ASIDE, None, why)
    assert looks == [why] * 3
