"""The audit is only ever added to, by known actions, and no stranger can fill it."""

import datetime as dt

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from appointments.audit import record_seen
from clinic_site.actor import PATIENT, SYSTEM, Actor
from clinic_site.audit.models import Action, AuditEvent, record, record_refused
from clinic_site.audit.triggers import install_triggers, triggers_missing
from clinic_site.counters import Counter, count_of, count_up, sweep
from tests.audit import remove_triggers

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)


def stranger(source: str = "") -> Actor:
    return Actor(PATIENT, source=source)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE clinic_site_auditevent SET actor = 'nobody'",
        "DELETE FROM clinic_site_auditevent",
        "TRUNCATE clinic_site_auditevent",
        "INSERT OR REPLACE INTO clinic_site_auditevent SELECT * FROM clinic_site_auditevent",
    ],
)
def test_the_database_refuses_to_change_the_record(change: str) -> None:
    record(Action.VIEWED, "request", ["VIS-TEST-TEST"], by=Actor(SYSTEM))
    assert triggers_missing() == []

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)

    assert AuditEvent.objects.get().actor == "(system)"


def test_missing_triggers_are_found_and_put_back() -> None:
    remove_triggers()
    assert len(triggers_missing()) >= 2

    install_triggers()

    assert triggers_missing() == []


def test_an_action_that_no_app_has_registered_is_refused() -> None:
    with pytest.raises(ValueError, match="peeked"):
        record("peeked", by=Actor(SYSTEM))


def refused() -> int:
    return AuditEvent.objects.filter(action=Action.REFUSED).count()


def last_detail() -> str:
    return AuditEvent.objects.latest("pk").detail


def test_a_stranger_fills_no_more_than_a_little_of_the_audit(admin_user) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for _try in range(30):
            record_refused(by=stranger(), detail="x")  # the unknown are one sender
        assert refused() == 20 + 1
        assert last_detail() == "x; more of it from there is not on record this hour"
        record_refused(by=stranger("another"), detail="x")
        assert (refused(), last_detail()) == (22, "x")

        for number in range(300):
            record_refused(by=stranger(f"sender {number}"), detail="x")
        assert (refused(), last_detail()) == (200 + 1, "x; more of it is not on record this hour")
        record_refused(by=stranger("another"), detail="y")  # refused in another way
        record_refused(by=Actor("staff", account=admin_user), detail="x")
        assert refused() == 203

        clock.shift(dt.timedelta(hours=1))
        record_refused(by=stranger(), detail="x")
        assert (refused(), last_detail()) == (204, "x")


def test_ones_own_page_is_on_record_once_an_hour() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for _look in range(3):
            record_seen("A", by=stranger())
        record_seen("B", by=stranger())
        assert AuditEvent.objects.count() == 2

        clock.shift(dt.timedelta(hours=1))
        record_seen("A", by=stranger())
        assert AuditEvent.objects.count() == 3


def test_an_hour_is_counted_from_the_first_and_a_clock_set_back_begins_anew() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        assert [count_up("a"), count_up("b"), count_up("a")] == [1, 1, 2]
        clock.shift(dt.timedelta(minutes=59))
        assert (count_up("a"), count_of("a", "b", "c")) == (3, 3)
        clock.shift(dt.timedelta(minutes=1))
        assert (count_of("a", "b"), count_up("a")) == (0, 1)
        clock.shift(-dt.timedelta(days=1))
        assert (count_of("a"), count_up("a")) == (0, 1)


def test_counters_whose_hour_is_over_are_swept() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        count_up("old")
        clock.shift(dt.timedelta(minutes=60))
        count_up("new")
        assert sweep() == 1
    assert [counter.key for counter in Counter.objects.all()] == ["new"]
