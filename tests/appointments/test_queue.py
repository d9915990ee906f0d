"""Staff work through the queue in the admin."""

import datetime as dt
import re

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from appointments.choices import Suspicion
from appointments.models import AppointmentRequest
from appointments.services import workflow
from appointments.states import CloseReason, Status
from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.models import Clinic
from tests.appointments.office import (
    NEXT_YEAR,
    PATIENT,
    QUEUE,
    address,
    events,
    version_on,
    visit_in,
    without_breaks,
)
from tests.make import make_request

pytestmark = pytest.mark.django_db

SPAM = f"{QUEUE}?status__exact=quarantined"

# The second Sunday in March of the next year.
_MARCH_8 = dt.date(NEXT_YEAR, 3, 8)
CLOCKS_CHANGE = _MARCH_8 + dt.timedelta(days=6 - _MARCH_8.weekday())


def test_the_longest_waiting_stands_first_and_what_is_overdue_is_marked(sam: Client) -> None:
    now = timezone.now()
    young = make_request(patient_name="Young")
    old = make_request(patient_name="Old", received_at=now - dt.timedelta(hours=25))
    spam = make_request(
        patient_name="Maybe", status="quarantined", received_at=now - dt.timedelta(hours=2)
    )
    done = make_request(patient_name="Done", status="closed", received_at=now)

    page = sam.get(QUEUE).text

    places = [page.index(f">{row.reference}<") for row in (old, young, done)]
    assert places == sorted(places)
    assert page.count("overdue</strong>") == 1
    assert page.index("overdue</strong>") < page.index("Young")
    listed = events(action="listed")
    assert len(listed) == 1
    assert listed[0].references.split() == [r.reference for r in (old, young, done)]
    assert (listed[0].actor, listed[0].source) == ("sam", "192.0.2.7")

    # What looks like spam stands in a list of its own, to which the front page leads.
    assert spam.reference not in page
    front = sam.get("/admin/").text
    assert "2 requests wait." in front
    assert (
        f'<a href="{SPAM}">1 request looks like spam, and may be a patient.</a>'
        in without_breaks(front)
    )
    assert list(sam.get(SPAM).context["cl"].result_list) == [spam]


def test_what_is_closed_leaves_the_top_and_is_back_there_once_it_is_taken_up(sam: Client) -> None:
    now = timezone.now()
    old = make_request(received_at=now - dt.timedelta(hours=3))
    young = make_request(received_at=now - dt.timedelta(hours=1))

    def listed() -> list[str]:
        return re.findall(r">(VIS-\w{4}-\w{4})<", sam.get(QUEUE).text)

    def do(**sent: str) -> None:
        sam.post(address(old), {"version": version_on(sam.get(address(old)).text), **sent})

    assert listed() == [old.reference, young.reference]
    do(do="close", close_reason="not_reached")
    assert listed() == [young.reference, old.reference]
    do(do="contacting")
    assert listed() == [old.reference, young.reference]


def test_a_promise_of_an_hour_makes_a_request_overdue_sooner(sam: Client) -> None:
    Clinic.objects.update_or_create(pk=1, defaults={"answer_within_hours": 1})
    make_request(received_at=timezone.now() - dt.timedelta(minutes=70))

    assert "overdue</strong>" in sam.get(QUEUE).text


def test_one_takes_it_and_a_colleague_is_told(sam: Client, kim: Client) -> None:
    row = make_request()

    sam.post(address(row), {"do": "take"})
    again = sam.post(address(row), {"do": "take"})
    late = kim.post(address(row), {"do": "take"})

    assert again.status_code == 303
    assert "A colleague changed this request meanwhile" in late.text
    assert "Taken by sam." in late.text
    kim.post(address(row), {"do": "release"})
    kim.post(address(row), {"do": "take"})
    row.refresh_from_db(fields=["taken_by"])
    assert row.taken_by
    assert row.taken_by.username == "kim"


def test_a_call_and_a_note_stay_beside_those_of_a_colleague(sam: Client, kim: Client) -> None:
    row = make_request()
    sam.post(address(row), {"do": "voicemail", "text": "Left my name."})
    kim.post(address(row), {"do": "note", "text": "Prefers mornings."})

    page = sam.get(address(row)).text

    assert "Left my name." in page
    assert "Prefers mornings." in page
    row.refresh_from_db(fields=["status", "first_answer_at"])
    assert row.status == Status.CONTACTING
    assert row.first_answer_at is not None
    assert [each.detail for each in events(action="noted")] == ["voicemail", "note"]


def test_a_second_click_adds_no_second_call_and_no_answer_is_no_answer(sam: Client) -> None:
    row = make_request()
    call = {"do": "no_answer", "text": ""}

    assert [sam.post(address(row), call).status_code for _click in range(2)] == [303, 303]

    assert row.notes.count() == 1
    row.refresh_from_db(fields=["status", "first_answer_at", "taken_by"])
    assert (row.status, row.first_answer_at) == (Status.CONTACTING, None)
    assert row.taken_by
    assert row.taken_by.username == "sam"
    sam.post(address(row), {**call, "do": "reached"})
    row.refresh_from_db(fields=["first_answer_at"])
    assert row.first_answer_at is not None


def test_the_same_note_before_a_clock_was_set_back_is_no_second_click(sam: Client) -> None:
    row = make_request()
    note = {"do": "note", "text": "Called her daughter."}
    with time_machine.travel(timezone.now() + dt.timedelta(hours=2)):
        by = Actor("sam", account=User.objects.get(username="sam"))
        workflow.add_note(pk=row.pk, by=by, text=note["text"])
    sam.post(address(row), note)

    assert row.notes.count() == 2


def test_what_a_patient_asked_for_stays_on_record_once_it_is_done(sam: Client) -> None:
    row = make_request()
    for text in ("Mornings, please.", "Afternoons, please."):
        workflow.request_change(pk=row.pk, text=text, by=PATIENT)
    version = version_on(sam.get(address(row)).text)

    sam.post(address(row), visit_in(3) | {"version": version})

    page = sam.get(address(row)).text
    assert "Mornings, please." in page
    assert "Afternoons, please." in page
    assert "asked for a change on" not in page


@pytest.mark.parametrize(
    ("typed", "kept", "name"),
    [
        ({"do": "reached", "text": "Prefers <noon>"}, "Prefers &lt;noon&gt;", "add_note"),
        (visit_in(3, place="Room <2>"), "Room &lt;2&gt;", "change_status"),
    ],
    ids=["note", "visit"],
)
def test_what_staff_typed_stays_where_the_database_fails(
    sam: Client, monkeypatch: pytest.MonkeyPatch, typed: dict, kept: str, name: str
) -> None:
    def away(**kwargs: object) -> None:
        raise OperationalError("locked")

    row = make_request()
    monkeypatch.setattr(workflow, name, away)

    answer = sam.post(address(row), {**typed, "version": "1"})

    assert answer.status_code == 503
    assert "It was not stored." in answer.text
    assert kept in answer.text


def test_staff_set_how_long_a_visit_takes(sam: Client, settings) -> None:
    row = make_request()
    page = sam.get(address(row)).text
    assert f'name="visit_minutes" value="{settings.VISIT_MINUTES}"' in page

    sam.post(address(row), {**visit_in(3), "visit_minutes": "", "version": version_on(page)})
    row.refresh_from_db(fields=["visit_minutes", "visit_at"])
    assert row.visit_minutes == settings.VISIT_MINUTES

    page = sam.get(address(row)).text
    sam.post(address(row), {**visit_in(3), "visit_minutes": "50", "version": version_on(page)})
    row.refresh_from_db(fields=["visit_minutes", "visit_at"])
    assert row.visit_minutes == 50
    assert row.visit_at
    assert row.visit_ends_at == row.visit_at + dt.timedelta(minutes=50)
    page = sam.get(address(row)).text
    assert "10:30 AM</strong> to 11:20 AM" in page
    assert 'name="visit_minutes" value="50"' in page

    long = {**visit_in(3), "visit_minutes": "6000", "version": version_on(page)}
    assert "less than or equal to 600" in sam.post(address(row), long).text


def test_an_empty_note_is_refused_and_says_so(sam: Client) -> None:
    row = make_request()

    assert "Write the note." in sam.post(address(row), {"do": "note"}).text


def test_of_two_schedulers_the_later_is_told_and_nothing_is_lost(sam: Client, kim: Client) -> None:
    row = make_request()
    seen_by_sam, seen_by_kim = (version_on(each.get(address(row)).text) for each in (sam, kim))

    sam.post(address(row), visit_in(3, place="Room 1") | {"version": seen_by_sam})
    late = kim.post(address(row), visit_in(4, "15:00", "Room 2") | {"version": seen_by_kim})

    assert "A colleague changed this request meanwhile" in late.text
    assert 'value="Room 2"' in late.text
    assert 'value="15:00"' in late.text
    assert "Room 1" in late.text
    row.refresh_from_db(fields=["status", "visit_place"])
    assert (row.status, row.visit_place) == (Status.SCHEDULED, "Room 1")
    kim.post(address(row), visit_in(4, "15:00", "Room 2") | {"version": version_on(late.text)})
    row.refresh_from_db(fields=["visit_place"])
    assert row.visit_place == "Room 2"


def test_a_second_click_changes_nothing(sam: Client) -> None:
    row = make_request()
    visit = visit_in(3) | {"version": version_on(sam.get(address(row)).text)}

    assert [sam.post(address(row), visit).status_code for _click in range(3)] == [303, 303, 303]

    assert [change.to_status for change in row.changes.all()] == ["scheduled"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"visit_on": "2020-01-01"}, "it is past, or years away"),
        ({"visit_on": "2999-01-01"}, "it is past, or years away"),
        ({"visit_on": "soon"}, "Enter a valid date"),
        ({"visit_time": ""}, "This field is required"),
        ({"visit_on": f"{CLOCKS_CHANGE}", "visit_time": "02:30"}, "The clocks change then"),
    ],
)
def test_a_visit_that_cannot_be_is_refused(sam: Client, values, said: str) -> None:
    row = make_request()
    version = version_on(sam.get(address(row)).text)

    answer = sam.post(address(row), {**visit_in(3, place="Room 1"), "version": version, **values})

    assert said in answer.text
    assert 'value="Room 1"' in answer.text
    row.refresh_from_db(fields=["status"])
    assert row.status == Status.NEW


def test_a_request_is_closed_for_a_reason_and_can_be_taken_up_again(sam: Client) -> None:
    row = make_request()
    version = version_on(sam.get(address(row)).text)
    assert sam.post(address(row), {"do": "close", "version": version}).status_code == 200
    sam.post(address(row), {"do": "close", "version": version, "close_reason": "not_reached"})
    row.refresh_from_db(fields=["status", "close_reason"])
    assert (row.status, row.close_reason) == (Status.CLOSED, CloseReason.NOT_REACHED)

    page = sam.get(address(row)).text
    assert "Schedule a visit" not in page
    sam.post(address(row), {"do": "contacting", "version": version_on(page)})

    row.refresh_from_db(fields=["status", "close_reason"])
    assert (row.status, row.close_reason) == (Status.CONTACTING, "")
    assert [each.detail for each in events(action="changed")] == [
        "new to closed",
        "closed to contacting",
    ]


def test_what_is_not_possible_is_told(sam: Client) -> None:
    row = make_request(status="cancelled")
    answer = sam.post(address(row), {"do": "new", "version": "1"})
    assert "cannot become" in answer.text
    assert "does not know that button" in sam.post(address(row), {"do": "dance"}).text


def test_suspected_spam_can_be_a_patient_after_all(sam: Client) -> None:
    row = make_request(status="quarantined", suspicion=Suspicion.SENDER)
    page = sam.get(address(row)).text
    assert "many requests from one sender" in page

    sam.post(address(row), {"do": "new", "version": version_on(page)})

    row.refresh_from_db(fields=["status", "suspicion"])
    assert (row.status, row.suspicion) == (Status.NEW, "")


def test_only_suspected_spam_is_closed_as_spam_in_bulk(sam: Client) -> None:
    patient, spam = make_request(), make_request(status="quarantined")

    sam.post(SPAM, {"action": "mark_as_spam", "_selected_action": [str(patient.pk), str(spam.pk)]})

    assert AppointmentRequest.objects.get(pk=patient.pk).status == Status.NEW
    assert AppointmentRequest.objects.get(pk=spam.pk).close_reason == CloseReason.SPAM


def test_spam_in_bulk_spares_what_nobody_saw_and_what_asks_for_a_change(sam: Client) -> None:
    spam = make_request(status="quarantined")
    patient = make_request(status="quarantined", change_requested_at=timezone.now())
    ticked = {"action": "mark_as_spam", "_selected_action": [str(spam.pk), str(patient.pk)]}

    sam.post(SPAM, {**ticked, "select_across": "1"})
    assert set(AppointmentRequest.objects.values_list("status", flat=True)) == {"quarantined"}

    sam.post(SPAM, ticked)
    assert AppointmentRequest.objects.get(pk=spam.pk).status == Status.CLOSED
    assert AppointmentRequest.objects.get(pk=patient.pk).status == Status.QUARANTINED
