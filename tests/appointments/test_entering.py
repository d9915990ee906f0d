"""Staff enter a request while its patient is on the phone, and see whether it is here already."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from appointments.forms.request import RequestForm
from appointments.models import AppointmentRequest
from tests.appointments.office import QUEUE, address, events, without_breaks
from tests.forms import form_in, sent_by
from tests.make import form_answers, make_request
from tests.running import make_attempt

pytestmark = pytest.mark.django_db

ENTER = f"{QUEUE}enter/"
SAME = f"{ENTER}same/"
TYPED = {"X-Background": "typed"}  # as the script asks


def found(page: str) -> list[str]:
    return re.findall(r">(VIS-\w{4}-\w{4})<", page)


def test_all_that_patients_are_asked_is_asked_and_stored_in_the_words_of_the_call(
    sam: Client,
) -> None:
    page = sam.get(ENTER).text
    asked = {name for name, _value in sent_by(form_in(page, "enter"))}
    asked |= set(re.findall(r'type="(?:radio|checkbox)" name="(\w+)"', page))
    for name in RequestForm.questions():
        assert {name, f"{name}_month"} & asked, name
    assert "website" not in asked
    # A browser knows staff, and no patient.
    assert set(re.findall(r'autocomplete="([^"]*)"', page)) == {"off"}

    answers = form_answers(make_attempt(), voicemail_ok="on", message="Her back hurts.")
    answer = sam.post(ENTER, answers)

    row = AppointmentRequest.objects.get()
    assert answer.headers["Location"] == address(row)
    given = [(each.question, each.words) for each in row.answers.values()]
    assert ("Caller’s phone", "605-555-0142") in given
    assert ("May we leave a voicemail?", "Yes") in given
    assert ("What do they say or ask?", "Her back hurts.") in given


def test_who_called_lately_is_shown_while_the_number_is_typed(sam: Client) -> None:
    now = timezone.now()
    known = make_request(patient_name="Ana <b>", phone="605-555-0142 x7")
    visit = make_request(status="scheduled", received_at=now - dt.timedelta(days=99))
    ended = {"status": "closed", "close_reason": "answered"}
    lately = make_request(**ended, received_at=now - dt.timedelta(days=13))
    make_request(**ended, received_at=now - dt.timedelta(days=15))
    other = make_request(phone="701-555-0142", received_at=now - dt.timedelta(hours=1))
    make_request(phone="605-555-0143")

    page = sam.post(SAME, {"phone": "(605) 555.0142"}, headers=TYPED).text

    assert "<html" not in page
    assert found(page) == [known.reference, lately.reference, visit.reference]
    assert "Ana &lt;b&gt;" in page
    assert f'href="{address(known)}"' in page
    last_four = sam.post(SAME, {"phone": " 0142 "}, headers=TYPED).text
    assert found(last_four)[:2] == [known.reference, other.reference]
    assert [each.references.split() for each in events(action="searched")] == [
        found(page),
        found(last_four),
    ]
    assert "3 requests with this number, which open in a new tab:" in page
    for _n in range(8):
        make_request(phone="605-555-0142")
    more = sam.post(SAME, {"phone": "605-555-0142"}, headers=TYPED).text
    assert "The newest 10 requests with this number; there can be more." in more


@pytest.mark.on_sqlite
def test_what_is_no_whole_number_finds_nothing_and_is_not_on_record(sam: Client) -> None:
    make_request()
    for typed in ("", "605", "605-555", "55501", "٠١٤٢", "ana", "0" * 100_000):
        assert "show here" in sam.post(SAME, {"phone": typed}, headers=TYPED).text
    assert (
        "No request with this number"
        in sam.post(SAME, {"phone": "605-555-0143"}, headers=TYPED).text
    )
    assert events(action="searched") == []


def test_without_a_script_a_button_looks_and_keeps_all_that_was_typed(sam: Client) -> None:
    known = make_request()
    page = sam.get(ENTER).text
    assert f'formaction="{SAME}"' in page
    attempt = dict(sent_by(form_in(page, "enter")))["attempt"]
    typed = {"attempt": attempt, "phone": "605-555-0142", "visit_days": ["mon", "fri"]}

    answer = sam.post(SAME, {**typed, "patient_name": "<Cora>", "kind": "question"})

    assert found(answer.text) == [known.reference]
    assert "There is a problem" not in answer.text
    assert not AppointmentRequest.objects.exclude(pk=known.pk).exists()
    sent = list(sent_by(form_in(answer.text, "enter")))
    for pair in (
        *(("attempt", attempt), ("patient_name", "<Cora>"), ("kind", "question")),
        *(("visit_days", "mon"), ("visit_days", "fri")),
    ):
        assert pair in sent
    # It is then entered from there.
    data = {name: [value for each, value in sent if each == name] for name, _value in sent}
    assert sam.post(ENTER, {**data, "message": "When?"}).status_code == 303


@pytest.mark.on_sqlite
def test_what_is_wrong_is_told_beside_it_and_on_top(sam: Client) -> None:
    page = without_breaks(sam.post(ENTER, {"attempt": make_attempt(), "asking_for": "on"}).text)

    for error in (
        "Enter a phone number where we can reach them.",
        "Enter the patient’s full name.",
        "Choose what they would like: an appointment, or an answer to a question.",
        "Enter the caller’s own name too.",
    ):
        assert page.count(error) == 2
