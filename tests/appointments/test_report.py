"""One page tells how requests wait, whoever may count them; a manager sees no patient there."""

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from appointments.staff.overviews import weeks_to_answer
from clinic_site.models import Clinic, OpeningHours, OutboxMessage, WorkerBeat
from tests.appointments.office import QUEUE, address, events, record_of, without_breaks
from tests.make import make_account, make_condition, make_request, published, sign_in_as

pytestmark = pytest.mark.django_db

REPORT = f"{QUEUE}report/"


@pytest.fixture
def mia() -> Client:
    """A manager."""
    Clinic.objects.create(pk=1, time_zone="America/Chicago")
    WorkerBeat.objects.create(pk=1, at=timezone.now())
    return sign_in_as("manager", name="mia")


def read(client: Client) -> str:
    answer = client.get(REPORT)
    assert answer.status_code == 200
    return without_breaks(answer.text)


def test_a_manager_reads_who_waits_longest_and_no_name(mia: Client, sam: Client) -> None:
    now = timezone.now()
    sams = make_account("sam", "scheduler")
    waits = [
        make_request(patient_name="Zyxmark", received_at=now - dt.timedelta(hours=hours))
        for hours in range(1, 12)
    ]
    oldest = make_request(
        patient_name="Zyxmark",
        status="contacting",
        received_at=now - dt.timedelta(hours=75, minutes=20),
        taken_by=sams,
        set_aside_until=timezone.localdate() + dt.timedelta(days=2),
    )
    make_request(status="closed", received_at=now - dt.timedelta(days=9))
    make_request(status="quarantined", change_requested_at=now)

    page = read(mia)

    references = [oldest.reference, *(each.reference for each in waits[:1:-1])]
    assert [each.references.split() for each in events(action="listed")] == [references]
    places = [page.index(reference) for reference in references]
    assert places == sorted(places)
    assert waits[0].reference not in page
    row = page[places[0] : places[1]]
    for words in ("contacting the patient, set aside until", "75 h,", "overdue<", ">sam<"):
        assert words in row
    assert ">10 h 0 min<" in page
    assert page.count("overdue<") == 1
    for counted in (">Waiting: 11<", ">Set aside: 1<", ">Suspected spam: 1<"):
        assert counted in page
    assert "Mine" not in page
    # Neither a name nor a way to a request, or to the queue.
    assert "Zyxmark" not in page
    assert f'href="{QUEUE}"' not in page
    assert "/change/" not in page.replace("clinic/1/change/", "")
    assert mia.get(address(oldest)).status_code == 403
    # Only to who saw it.
    assert f'href="{record_of(oldest)}">{oldest.reference}: who saw it</a>' in page
    assert mia.get(record_of(oldest)).status_code == 200

    assert f'href="{address(oldest)}"' in read(sam)
    assert f'href="{QUEUE}?tab=overdue"' in read(sam)


@pytest.mark.on_sqlite
def test_a_wait_is_counted_by_the_clinics_hours(mia: Client) -> None:
    clinic = Clinic.objects.get()
    for day in range(7):
        OpeningHours.objects.create(
            clinic=clinic, weekday=day, opens=dt.time(9), closes=dt.time(17)
        )
    for days in (2, 61):
        make_request(received_at=timezone.now() - dt.timedelta(days=days))

    page = read(mia)

    assert "Waits, in opening hours" in page
    assert ">16 h 0 min,<strong" in page
    assert ">61 days, by the clock,<strong" in page
    assert "half within, by the clock" in page  # this goes by no hours


@pytest.mark.on_sqlite
def test_where_nothing_waits_and_all_goes_well_it_says_so(mia: Client) -> None:
    page = read(mia)

    for words in (
        "Nobody waits.",
        "All mail goes out: its worker runs, and none waits for long or has failed.",
        "No page is to be reviewed.",
    ):
        assert words in page


@pytest.mark.on_sqlite
def test_mails_the_worker_and_pages_that_need_somebody_are_told(mia: Client) -> None:
    WorkerBeat.objects.update(at=timezone.now() - dt.timedelta(hours=1))
    user = make_account("mia", "manager")
    OutboxMessage.objects.create(kind="new_request", user=user, state="dead")
    hour = timezone.now() - dt.timedelta(hours=1)
    OutboxMessage.objects.create(kind="new_request", user=user, created_at=hour)
    published(make_condition(), clinical_change=True)

    page = read(mia)

    assert "No mail goes out: its worker does not run." in page
    for text in ("1 mail could not be sent.", "1 mail waits to be sent."):
        assert f">{text}</a>" in page
    assert "<p>Have a clinician sign “Sore back”.</p>" in page
    assert "Nobody waits." in page
    assert ">Sign “Sore back”.</a>" in read(sign_in_as("manager", "clinician", name="clio"))


def test_the_weeks_tell_how_soon_the_first_answer_came(mia: Client) -> None:
    with time_machine.travel("2026-11-18T15:00:00Z", tick=False):
        now = timezone.now()
        for minutes in (30, 60, 120):
            make_request(received_at=now, first_answer_at=now + dt.timedelta(minutes=minutes))
        make_request(
            received_at=now,
            first_answer_at=now,
            origin="phone",
            status="closed",
            close_reason="answered",
        )
        make_request(received_at=now - dt.timedelta(days=7))
        make_request(received_at=now, status="closed", close_reason="spam")

        this, before = weeks_to_answer()[:2]
        page = read(sign_in_as("manager", name="mia"))

    assert (this.monday, this.received, this.answered) == (dt.date(2026, 11, 16), 4, 4)
    assert this.half_within == "1 h 0 min"
    assert (before.received, before.answered, before.half_within) == (1, 0, "")
    assert '<th scope="row">Nov 16</th><td>4</td><td>4</td><td>1 h 0 min</td>' in page
