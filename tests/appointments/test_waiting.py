"""What waits too long: by open hours, told of one request and of all in the same way."""

import datetime as dt

import pytest
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services.waiting import count_overdue, is_overdue
from clinic_site.clinic import read_clinic
from clinic_site.models import Clinic
from tests.clinic_site.test_office_hours import WEEKDAYS, clinic
from tests.make import make_request

pytestmark = pytest.mark.sqlite_first

MONDAY_NOON = dt.datetime.fromisoformat("2026-03-09T12:00-05:00")


@pytest.mark.django_db
@pytest.mark.parametrize("promised", [None, 1, 2, 30, 24 * 70])
@pytest.mark.parametrize("hours", [[], WEEKDAYS, [(0, 9, 17)]], ids=["none", "week", "mondays"])
def test_the_count_of_all_agrees_with_each(promised: int | None, hours: list) -> None:
    clinic(hours)
    Clinic.objects.update(answer_within_hours=promised)
    ago = [0, 0.5, 1, 1.5, 2, 2.999, 3, 3.001, 5, 20, 24, 24.001, 25, 67, 70, 75, 100, 170, 340]
    for hours_ago in [*ago, 24 * 59, 24 * 61, 24 * 80]:
        make_request(received_at=MONDAY_NOON - dt.timedelta(hours=hours_ago))
    make_request(received_at=MONDAY_NOON - dt.timedelta(days=90), status="cancelled")

    now = read_clinic()
    each = {row for row in AppointmentRequest.objects.all() if is_overdue(row, now, MONDAY_NOON)}

    assert count_overdue(now, MONDAY_NOON) == len(each)
    most = dt.timedelta(hours=promised or (8 if hours else 24))
    assert all(now.open_time(row.received_at, MONDAY_NOON) > most for row in each)


@pytest.mark.django_db
def test_exactly_the_promised_time_is_still_in_time() -> None:
    Clinic.objects.create(pk=1, answer_within_hours=2)
    now = timezone.now()
    for late in (dt.timedelta(), dt.timedelta(milliseconds=1)):
        make_request(received_at=now - dt.timedelta(hours=2) - late)

    assert count_overdue(read_clinic(), now) == 1


@pytest.mark.django_db
def test_thousands_that_wait_are_counted_by_one_query(django_assert_num_queries) -> None:
    some = make_request()
    rows = [
        AppointmentRequest(
            content_hash="0" * 64,
            received_at=some.received_at - dt.timedelta(hours=25, seconds=n),
            queue_order=some.queue_order - (25 * 3600 + n) * 1_000_000,
        )
        for n in range(3000)
    ]
    AppointmentRequest.objects.bulk_create(rows)

    with django_assert_num_queries(1):
        assert count_overdue(Clinic(), timezone.now()) == 3000
