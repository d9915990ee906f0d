"""The table of states: whatever a request comes to, patients and staff read what stands there."""

import datetime as dt
import html
import itertools

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services import workflow
from appointments.states import STATES, CloseReason, State, Status
from appointments.tokens import status_token
from clinic_site.actor import PATIENT, Actor
from tests.appointments.staff import address, version_on, visit_in
from tests.make import make_request

pytestmark = pytest.mark.django_db


def test_each_status_is_in_the_table_and_leads_somewhere() -> None:
    assert set(STATES) == set(Status)
    for state in STATES.values():
        assert state.buttons
        assert not (state.is_waiting and state.has_ended)
        assert state.has_ended or state.change_requested
        assert len({button.name for button in state.buttons}) == len(state.buttons)
    buttons = [button for state in STATES.values() for button in state.buttons]
    # A page that was opened a state ago still asks for the same by the same button.
    assert len({(button.name, button.target, button.form) for button in buttons}) == len(
        {button.name for button in buttons}
    )
    for button in buttons:
        needed = {Status.SCHEDULED: "visit", Status.CLOSED: "close"}.get(button.target, "")
        assert button.form == needed


def sentences(state: State) -> set[str]:
    """All that a state can have a patient read."""
    words = [each for each in (state.words, state.change_requested, state.over) if each]
    read = [text for each in words for text in (each.heading, each.next)]
    return {str(text) for text in (*read, *state.closed.values())}


EVERY = set().union(*map(sentences, STATES.values()))


@pytest.mark.parametrize("status", Status)
def test_a_patient_reads_of_a_state_only_what_stands_in_the_table(
    client: Client, status: Status
) -> None:
    visit = timezone.now() + dt.timedelta(days=1)
    reasons = CloseReason.values if status == Status.CLOSED else [""]
    wishes = [None] if STATES[status].has_ended else [None, timezone.now()]
    for reason, wish, days in itertools.product(reasons, wishes, (0, 3)):
        asked = make_request(
            status=status, close_reason=reason, visit_at=visit, change_requested_at=wish
        )
        with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
            words = asked.words_for_patient(timezone.now())
            answer = client.get(f"/appointments/status/{status_token(asked.attempt)}/")
        page = html.unescape(answer.content.decode())
        assert f"<h1>{words.heading}</h1>" in page
        assert str(words.next) in page
        read = {text for text in EVERY if f">{text}<" in page}
        assert read == {str(words.heading), str(words.next)}
        assert read <= sentences(STATES[status])
        for word in ("spam", "suspect", "quarantin", "honeypot"):
            assert word not in page.lower()


def test_suspected_spam_reads_like_any_request(client: Client) -> None:
    assert STATES[Status.QUARANTINED].words == STATES[Status.NEW].words
    assert STATES[Status.QUARANTINED].change_requested == STATES[Status.NEW].change_requested


BUTTONS = [(status, button) for status in Status for button in STATES[status].buttons]


@pytest.mark.parametrize(("status", "button"), BUTTONS, ids=lambda each: getattr(each, "name", ""))
def test_each_button_stands_on_staffs_page_and_leads_where_it_says(
    sam: Client, status: Status, button
) -> None:
    asked = make_request(status=status)
    page = sam.get(address(asked)).text
    assert f'value="{button.name}">{html.escape(str(button.label))}</button>' in page
    for other in {other.name for _status, other in BUTTONS} - {
        other.name for other in STATES[status].buttons
    }:
        assert f'value="{other}"' not in page

    filled_in = {"visit": visit_in(3), "close": {"close_reason": "answered"}, "": {}}[button.form]
    data = {**filled_in, "do": button.name, "version": version_on(page)}
    assert sam.post(address(asked), data).status_code == 303

    asked = AppointmentRequest.objects.get(pk=asked.pk)
    assert asked.status == button.target
    assert asked.changes.get().to_status == button.target


@pytest.mark.parametrize("status", Status)
def test_a_patient_cancels_until_it_has_ended(status: Status) -> None:
    asked = make_request(status=status)
    workflow.cancel(pk=asked.pk, by=Actor(PATIENT))
    asked.refresh_from_db()
    assert asked.status == (status if STATES[status].has_ended else Status.CANCELLED)


def test_what_the_table_does_not_allow_is_refused(sam: Client) -> None:
    for status, target in itertools.product(Status, Status):
        if target in STATES[status].targets or target == status:
            continue
        asked = make_request(status=status)
        with pytest.raises(workflow.InvalidTransition):
            workflow.change_status(
                pk=asked.pk,
                to=target,
                version=1,
                by=Actor("sam"),
                visit_at=timezone.now() if target == Status.SCHEDULED else None,
                close_reason="other" if target == Status.CLOSED else "",
            )
        asked.refresh_from_db(fields=["status"])
        assert asked.status == status
