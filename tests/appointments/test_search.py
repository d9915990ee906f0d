"""Staff find a request by what they know, and enter one that was taken by phone."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services.queue import TABS
from appointments.states import Status
from clinic_site.clinic import Remembered
from tests.appointments.office import (
    QUEUE,
    address,
    events,
    filled,
    send_request,
)
from tests.generated import SOAK
from tests.make import make_request
from tests.running import make_attempt

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("{reference}", True),
        ("{bare}", True),
        ("lópez", True),
        ("Ana LÓPEZ", True),
        ("lóp", False),
        ("Ana Stone", False),
        ("(605) 555-0142", True),
        ("605.555.0142", True),
        ("605 555 0143", False),
        ("ANA@example.com ", True),
        ("ana@example.org", False),
        ("'; DROP TABLE x; --", False),
    ],
)
def test_a_request_is_found_by_what_staff_know(sam: Client, what: str, found: bool) -> None:
    row = make_request(email="ana@example.com")
    make_request(patient_name="Bob Stone", phone="+16055550999")
    what = what.format(reference=row.reference.lower(), bare=row.reference.replace("-", " "))

    with CaptureQueriesContext(connection) as queries:
        answer = sam.post(f"{QUEUE}find/", {"what": what})

    assert (row.reference in answer.text) == found
    assert ("Nothing found" in answer.text) == (not found)
    assert "Bob" not in answer.text
    assert answer.status_code == 200
    searching = [
        q["sql"] for q in queries if "FROM" in q["sql"] and "appointmentrequest" in q["sql"]
    ]
    assert len(searching) < 5
    assert [each.references for each in events(action="searched")] == [row.reference * found]


def test_a_request_by_phone_is_entered_by_staff(sam: Client) -> None:
    attempt = make_attempt()
    missing = {"kind": "appointment", "patient_name": "Cora", "attempt": attempt}
    refused = sam.post(f"{QUEUE}enter/", missing)
    assert "Enter a phone number" in refused.text
    assert 'value="Cora"' in refused.text

    sam.post(f"{QUEUE}enter/", {**missing, "patient_name": "Cora Dean", "phone": "605-555-0177"})

    row = AppointmentRequest.objects.get()
    assert (row.answer("patient_name"), row.origin, row.status) == ("Cora Dean", "phone", "new")
    assert [(each.action, each.actor) for each in events(action="entered")] == [("entered", "sam")]


def test_likely_duplicates_are_linked(sam: Client) -> None:
    row = make_request()
    same = make_request(patient_name="Ana Lopez", phone="+16055550142;ext=2")
    make_request(phone="+16055550199")
    make_request(received_at=timezone.now() - dt.timedelta(hours=49))

    page = sam.get(address(row)).text

    section = page[page.index("The same phone or email") :].split("</p>")[0]
    assert re.findall(r"VIS-\w{4}-\w{4}", section) == [same.reference]
    assert "Ana Lopez" in section
    assert [each.references for each in events(action="listed")] == [same.reference]


def test_a_row_that_no_key_opens_is_told_and_hides_no_other(sam: Client, settings) -> None:
    right = settings.FIELD_KEYS
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    make_request(patient_name="Hidden")
    settings.FIELD_KEYS = right
    make_request(patient_name="Seen")

    page = sam.get(QUEUE).text

    assert "cannot be read (no key of FIELD_KEYS opens it)" in page
    assert "Seen" in page
    hidden = AppointmentRequest.objects.order_by("pk")[0]
    assert "cannot be read" in sam.get(address(hidden)).text
    sam.post(address(hidden), filled("contacting", version="1"))
    hidden.refresh_from_db(fields=["status"])
    assert hidden.status == Status.CONTACTING


@pytest.fixture
def from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clinic and the keys from memory, as in a web process, which looks in the background."""
    for remembered in Remembered.everything:
        remembered.look()
    monkeypatch.setattr(Remembered, "in_background", True)


def queries_of(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


@pytest.mark.parametrize("tab", TABS)
def test_a_list_takes_at_most_eight_queries_for_many_as_for_few(
    sam: Client, from_memory: None, tab: str
) -> None:
    address = f"{QUEUE}?tab={tab}"
    sam.get(address)  # the first look is noted in the session
    for status in Status:
        make_request(status=status, change_requested_at=timezone.now())
    few = queries_of(lambda: sam.get(address))
    for _number in range(9 if SOAK else 3):
        for status in Status:
            make_request(status=status, change_requested_at=timezone.now())
    assert queries_of(lambda: sam.get(address)) == few <= 8


@pytest.mark.parametrize("what", ["605-555-0142", "López", "ana lópez", "ana@home.example"])
def test_finding_takes_one_query_more_than_a_list(
    sam: Client, from_memory: None, what: str
) -> None:
    for _number in range(3):
        send_request()
    page = sam.post(f"{QUEUE}find/", {"what": what}).text
    assert page.count("VIS-") >= 3

    # The one more asks whether this very search was kept while they were signed out.
    assert queries_of(lambda: sam.post(f"{QUEUE}find/", {"what": what})) <= 9


def test_a_request_by_phone_is_entered_once_however_often_it_is_clicked(sam: Client) -> None:
    page = sam.get(f"{QUEUE}enter/").text
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)
    assert attempt
    answers = {"kind": "appointment", "patient_name": "Cora Dean", "phone": "605-555-0177"}

    for _click in range(3):
        answer = sam.post(f"{QUEUE}enter/", {**answers, "attempt": attempt[1]})
        assert answer.status_code == 303
    other = sam.post(f"{QUEUE}enter/", {**answers, "attempt": attempt[1], "patient_name": "Bo"})

    assert AppointmentRequest.objects.count() == 1
    assert "with other words" in other.text
    assert 'value="Bo"' in other.text


def test_a_very_long_name_is_looked_for_by_its_first_words(sam: Client) -> None:
    assert "Nothing found" in sam.post(f"{QUEUE}find/", {"what": "word " * 50}).text
