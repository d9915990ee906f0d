"""Staff work through the queue in the admin."""

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.states import CloseReason, Status
from appointments.templatetags.requests import request_weeks
from clinic_site.models import Clinic
from tests.appointments.office import (
    QUEUE,
    address,
    events,
    version_on,
    without_breaks,
)
from tests.make import make_request

pytestmark = pytest.mark.django_db

SPAM = f"{QUEUE}?status__exact=quarantined"


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


def test_only_suspected_spam_is_closed_as_spam_in_bulk(sam: Client) -> None:
    patient, spam = make_request(), make_request(status="quarantined")

    sam.post(SPAM, {"action": "mark_as_spam", "_selected_action": [str(patient.pk), str(spam.pk)]})

    assert AppointmentRequest.objects.get(pk=patient.pk).status == Status.NEW
    assert AppointmentRequest.objects.get(pk=spam.pk).close_reason == CloseReason.SPAM


def test_the_front_page_counts_requests_and_time_to_answer(sam: Client) -> None:
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

        this, before = request_weeks()[:2]
        page = sam.get("/admin/").text

    assert (this.monday, this.received, this.answered) == (dt.date(2026, 11, 16), 4, 4)
    assert this.median == dt.timedelta(hours=1)
    assert (before.received, before.answered) == (1, 0)
    assert "<td>1 h 0 min</td>" in page
    assert 'status__exact=new">new</a>: 4' in page


def test_spam_in_bulk_spares_what_nobody_saw_and_what_asks_for_a_change(sam: Client) -> None:
    spam = make_request(status="quarantined")
    patient = make_request(status="quarantined", change_requested_at=timezone.now())
    ticked = {"action": "mark_as_spam", "_selected_action": [str(spam.pk), str(patient.pk)]}

    sam.post(SPAM, {**ticked, "select_across": "1"})
    assert set(AppointmentRequest.objects.values_list("status", flat=True)) == {"quarantined"}

    sam.post(SPAM, ticked)
    assert AppointmentRequest.objects.get(pk=spam.pk).status == Status.CLOSED
    assert AppointmentRequest.objects.get(pk=patient.pk).status == Status.QUARANTINED
