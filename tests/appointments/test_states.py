"""The table of states: whatever a request comes to, patients and staff read what stands there."""

import datetime as dt
import itertools
import re

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services import workflow
from appointments.services.work import work_on
from appointments.states import ASIDE, LEAVE, STATES, STEPS, CloseReason, State, Status, Step
from appointments.tokens import status_token
from clinic_site.actor import PATIENT, Actor
from clinic_site.models import Clinic
from tests.appointments.office import address, filled, version_on, visit_in, without_breaks
from tests.make import make_request

pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]


def test_each_status_is_in_the_table_and_leads_somewhere() -> None:
    assert set(STATES) == set(Status)
    for state in STATES.values():
        assert state.steps
        assert not (state.is_waiting and state.has_ended)
        assert state.has_ended or state.change_requested
        assert len({step.name for step in state.steps}) == len(state.steps)
        for step in state.steps:
            # A page that was opened a state ago still asks for the same by the same name.
            named = STEPS[step.name]
            assert (step.target, step.form) == (named.target, named.form)
            assert step.label == named.label or step.form == "visit"  # set one, or change it
            needed = {Status.SCHEDULED: "visit", Status.CLOSED: "close"}
            assert step.form == (needed.get(step.target, "") if step.target else named.form)


def sentences(state: State) -> set[str]:
    """All that a state can have a patient read."""
    words = [each for each in (state.words, state.change_requested, state.late, state.over) if each]
    read = [text for each in words for text in (each.heading, each.next)]
    return {str(text) for text in (*read, *state.closed.values())}


EVERY = set().union(*map(sentences, STATES.values()))


# What a patient reads above all, by the state; then while a change is asked for, once the clinic's
# own limit has passed, and once the day of the visit has.
HEADINGS = {
    Status.NEW: ("We have your request", "You asked for a change", "Our answer is late", None),
    Status.CONTACTING: (
        "We are working on your request",
        "You asked for a change",
        "Our answer is late",
        None,
    ),
    Status.SCHEDULED: (
        "Your visit is set",
        "Your visit is set, and you asked for a change",
        None,
        "The time of your visit has passed",
    ),
    Status.CLOSED: ("This request is closed", None, None, None),
    Status.CANCELLED: ("You canceled this request", None, None, None),
    Status.QUARANTINED: (
        "We have your request",
        "You asked for a change",
        "Our answer is late",
        None,
    ),
}


@pytest.mark.parametrize("status", Status)
def test_a_patient_reads_of_a_state_only_what_stands_in_the_table(
    client: Client, status: Status
) -> None:
    Clinic.objects.create(pk=1, answer_within_hours=48)
    now = timezone.now()
    plain, wishing, late, over = HEADINGS[status]
    reasons = CloseReason.values if status == Status.CLOSED else [""]
    wishes = [None] if STATES[status].has_ended else [None, now]
    for reason, wish, answered, days in itertools.product(reasons, wishes, (None, now), (0, 3)):
        asked = make_request(
            status=status,
            close_reason=reason,
            visit_at=now + dt.timedelta(days=1),
            change_requested_at=wish,
            first_answer_at=answered,
        )
        with time_machine.travel(now + dt.timedelta(days=days)):
            answer = client.get(f"/appointments/status/{status_token(asked.attempt)}/")
        page = without_breaks(answer.content.decode())
        expected = (wishing if wish else None) or plain
        expected = (late if days and not answered else None) or expected
        expected = (over if days else None) or expected
        assert f"<h1>{expected}</h1>" in page
        read = {text for text in EVERY if f">{text}<" in page or f">{text} We do so within" in page}
        assert len(read) == 2
        assert read <= sentences(STATES[status])
        promised = plain == "We have your request" and not wish and not days
        assert ("We do so within 48 hours." in page) == promised
        shown = re.sub(r'"[^"]*"', "", page).lower()  # a token may spell anything
        for word in ("spam", "suspect", "quarantin", "honeypot"):
            assert word not in shown


def test_suspected_spam_reads_like_any_request(client: Client) -> None:
    assert STATES[Status.QUARANTINED].words == STATES[Status.NEW].words
    assert STATES[Status.QUARANTINED].change_requested == STATES[Status.NEW].change_requested


OFFERED = [(state, step) for state in Status for step in STATES[state].steps_of(is_set_aside=True)]


@pytest.mark.parametrize(("status", "step"), OFFERED, ids=lambda each: getattr(each, "name", ""))
def test_each_step_stands_on_staffs_page_and_leads_where_it_says(
    sam: Client, status: Status, step: Step
) -> None:
    until = timezone.localdate() + dt.timedelta(days=2)
    asked = make_request(status=status, set_aside_until=until, set_aside_reason="Away")
    page = without_breaks(sam.get(address(asked)).text)
    offered = re.findall(r'name="next" value="(\w+)"(?: checked)?>([^<]*)<', page)
    assert (step.name, str(step.label)) in offered
    assert [name for name, _label in offered] == [
        each.name for state, each in OFFERED if state == status
    ]

    needs = {
        "visit": visit_in(3),
        "close": {"close_reason": "answered"},
        "aside": {"text": "On leave", "set_aside_until": f"{until + dt.timedelta(days=1)}"},
        "": {"text": "A note"} if step == LEAVE else {},
    }
    data = {**needs[step.form], **filled(step.name), "version": version_on(page)}
    assert sam.post(address(asked), data).status_code == 303

    now = AppointmentRequest.objects.get(pk=asked.pk)
    assert now.status == (step.target or status)
    assert [each.to_status for each in now.changes.all()] == [step.target] * bool(step.target)
    stays = {LEAVE: until, ASIDE: until + dt.timedelta(days=1)}
    expected = until if step.target == Status.CLOSED else stays.get(step)
    assert now.set_aside_until == expected


@pytest.mark.parametrize("status", Status)
def test_a_patient_cancels_until_it_has_ended(status: Status) -> None:
    asked = make_request(status=status)
    workflow.cancel(pk=asked.pk, by=Actor(PATIENT))
    asked.refresh_from_db()
    assert asked.status == (status if STATES[status].has_ended else Status.CANCELLED)


def test_what_the_table_does_not_allow_is_refused(sam: Client) -> None:
    for status, step in itertools.product(Status, STEPS.values()):
        target = step.target
        if target in {*STATES[status].targets, status, None}:
            continue
        asked = make_request(status=status)
        with pytest.raises(workflow.InvalidTransition):
            work_on(
                pk=asked.pk,
                step=step.name,
                version=1,
                by=Actor("sam"),
                visit_at=timezone.now() if target == Status.SCHEDULED else None,
                close_reason="other" if target == Status.CLOSED else "",
            )
        asked.refresh_from_db(fields=["status"])
        assert asked.status == status
