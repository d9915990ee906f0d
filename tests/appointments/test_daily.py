"""What is done once a day: the digest to staff, and erasing what is no longer kept."""

import datetime as dt

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.audit import RequestAction
from appointments.models import AppointmentRequest, NameWord, Note, StatusChange
from appointments.services.news import daily_digest
from appointments.services.purge import purge
from appointments.services.work import work_on
from appointments.states import Status
from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.clinic import read_clinic
from clinic_site.mail.worker import Worker
from clinic_site.models import AuditEvent, Clinic, MailChoice, OutboxMessage, WorkerBeat
from tests.appointments.office import NOON, make_desk, send_request
from tests.make import make_request
from tests.smtp_sink import Sink

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)

pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]


def digests(now: dt.datetime) -> int:
    """How many digests are written when a worker looks at the clinic's time."""
    before = OutboxMessage.objects.count()
    daily_digest(now.astimezone(read_clinic().zone), lambda: True)
    return OutboxMessage.objects.count() - before


def test_the_digest_counts_what_waits_and_comes_once_a_day_after_seven(
    desk: User, sink: Sink
) -> None:
    MailChoice.objects.all().delete()
    MailChoice.objects.create(user=desk, kind="digest")
    make_request(received_at=NOON - HOUR)
    make_request(received_at=NOON - 3 * DAY)
    make_request(received_at=NOON - 2 * HOUR, status="quarantined", suspicion="honeypot")
    seven = NOON - 5 * HOUR + DAY  # the next morning

    with time_machine.travel(seven - dt.timedelta(seconds=1), tick=False) as clock:
        Worker().do_all()
        assert sink.mails == []
        clock.move_to(seven)
        for _worker in range(3):
            Worker().do_all()
        assert len(sink.mails) == 1
        clock.move_to(seven + 23 * HOUR)
        Worker().do_all()
        assert len(sink.mails) == 1
        clock.move_to(seven + DAY)
        Worker().do_all()
        assert len(sink.mails) == 2
        # A clock that was a year ahead for a moment is no year without one.
        clock.move_to(seven + 400 * DAY)
        Worker().do_all()
        clock.move_to(seven + 2 * DAY)
        Worker().do_all()

    first, *later = sink.mails
    assert len(later) == 3
    assert first.to == ("desk@clinic.example",)
    assert first.message["Subject"] == "Requests: 3 wait, 1 too long"
    assert first.text == (
        "3 requests wait.\n"
        "1 waits too long.\n"
        "1 is suspected spam: it may be a patient, so have a look.\n"
        "0 patients ask for a change, or canceled.\n"
        "0 mails were given up.\n\n"
        "The queue: https://localhost/admin/appointments/appointmentrequest/\n"
    )


def test_a_day_on_which_nothing_is_wrong_has_no_digest(desk: User) -> None:
    MailChoice.objects.create(user=desk, kind="digest")
    make_request(received_at=NOON - HOUR)
    WorkerBeat.objects.create(pk=1, at=NOON)

    assert digests(NOON) == 0
    make_request(received_at=NOON - 2 * DAY)
    assert digests(NOON) == 0  # it was looked at today
    assert digests(NOON + DAY) == 1


def test_only_who_chose_the_digest_gets_it(desk: User) -> None:
    other = make_desk("other", "digest")
    make_request(received_at=NOON - 2 * DAY)
    WorkerBeat.objects.create(pk=1, at=NOON)

    digests(NOON)

    assert OutboxMessage.objects.get().user == other


def test_the_digests_seven_is_the_clinics(desk: User) -> None:
    MailChoice.objects.create(user=desk, kind="digest")
    Clinic.objects.update(time_zone="Pacific/Honolulu")
    make_request(received_at=NOON - 2 * DAY)
    WorkerBeat.objects.create(pk=1, at=NOON)
    seven = dt.datetime.fromisoformat("2026-03-09T07:00-10:00")

    assert digests(seven - dt.timedelta(minutes=1)) == 0
    assert digests(seven) == 1


# Purging


def ended(
    days_ago: float,
    status: str = Status.CLOSED,
    reason: str = "answered",
    *,
    dealt_with: bool = True,
) -> str:
    """A request with all that can belong to one, which ended so many days ago."""
    request = send_request()
    work_on(pk=request.pk, version=0, by=desk_actor(), text="Called her")
    when = NOON - dt.timedelta(days=days_ago)
    AppointmentRequest.objects.filter(pk=request.pk).update(
        status=status,
        status_at=when,
        close_reason=reason if status == Status.CLOSED else "",
        received_at=when - DAY,
        change_requested_at=None if dealt_with else when,
        first_answer_at=when - DAY + HOUR,
    )
    return request.reference


def desk_actor() -> Actor:
    return Actor("desk", account=User.objects.get(username="desk"))


def left() -> set[str]:
    return set(AppointmentRequest.objects.values_list("reference", flat=True))


def test_the_worker_erases_what_ended_long_enough_ago_and_nothing_else(desk: User) -> None:
    Clinic.objects.update(keep_requests_days=30)
    gone = {
        ended(30),
        ended(400, Status.CANCELLED),
        ended(31, reason="spam"),
    }
    kept = {
        ended(29.99),
        ended(400, Status.NEW),
        ended(400, Status.CONTACTING),
        ended(400, Status.QUARANTINED),  # no person has said that it is spam
        ended(400, Status.CANCELLED, dealt_with=False),
    }
    before = AuditEvent.objects.count()

    with time_machine.travel(NOON, tick=False):
        Worker().do_all()

        assert left() == kept
        for model in (Note, StatusChange, NameWord):
            assert set(model.objects.values_list("request__reference", flat=True)) == kept
        mails = set(OutboxMessage.objects.values_list("reference", flat=True))
        assert mails
        assert mails <= kept
        assert AuditEvent.objects.count() == before + 1
        on_record = AuditEvent.objects.get(action=RequestAction.PURGED)
        assert set(on_record.references.split()) == gone
        assert on_record.actor == "(system)"

        late = ended(90)
        Worker().do_all()
        assert late in left()  # once a day
    with time_machine.travel(NOON + DAY):
        Worker().do_all()
        assert late not in left()


def test_what_is_purged_is_locked_so_that_staff_cannot_take_it_up_meanwhile(desk: User) -> None:
    ended(40)
    with CaptureQueriesContext(connection) as queries:
        assert purge(days=30) == 1

    if connection.features.has_select_for_update:  # SQLite locks all of the database
        chosen = next(each["sql"] for each in queries if "status_at" in each["sql"])
        assert "FOR UPDATE" in chosen


def test_without_a_number_of_days_nothing_is_ever_erased(
    desk: User, capsys: pytest.CaptureFixture[str]
) -> None:
    ended(4000)

    Worker().do_all()
    call_command("purge")

    assert "the clinic has not set after how many days" in capsys.readouterr().out
    assert len(left()) == 1


def test_purge_counts_first_and_then_erases(desk: User, capsys: pytest.CaptureFixture[str]) -> None:
    Clinic.objects.update(keep_requests_days=30)
    for days in (10, 40, 50):
        ended(days)
    with time_machine.travel(NOON):
        call_command("purge", "--dry-run")
        assert capsys.readouterr().out.endswith("would be erased: 2\n")
        assert len(left()) == 3
        call_command("purge")
        assert capsys.readouterr().out.endswith("erased for good: 2\n")
        assert len(left()) == 1
        call_command("purge", "--days", "9")
        assert left() == set()
    with pytest.raises(CommandError, match="1 or more"):
        call_command("purge", "--days", "0")
