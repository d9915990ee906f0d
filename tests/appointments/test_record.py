"""Who saw or changed which request is on record, and nobody changes that."""

import datetime as dt
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from appointments.choices import Origin
from appointments.models import AppointmentRequest
from appointments.services import submit, workflow
from appointments.services.purge import purge
from appointments.states import Status
from clinic_site.access.models import User
from clinic_site.actor import Actor
from tests.appointments.office import (
    PATIENT,
    QUEUE,
    address,
    events,
    record_of,
    send_request,
)
from tests.make import answers_to, make_request, sign_in_as

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

LAST_WEEK = timezone.now() - dt.timedelta(days=7)


def test_how_a_request_came_in_is_on_record(sam: Client) -> None:
    request = send_request()
    entered = submit.receive_request(
        origin=Origin.PHONE,
        attempt=uuid.uuid4(),
        answers=answers_to(kind="question", message="When?"),
        by=Actor("sam", account=User.objects.get(username="sam"), source="192.0.2.7"),
    )

    rows = [(e.action, e.actor, e.subject_kind, e.references, e.source) for e in events()]
    assert rows == [
        ("received", "(patient)", "request", request.reference, PATIENT.source),
        ("entered", "sam", "request", entered.reference, "192.0.2.7"),
    ]


def test_a_request_is_read_and_each_reading_is_on_record(sam: Client) -> None:
    row = make_request(
        message="It hurts.\n<b>Badly</b>", email="ana@example.com", visit_days=["mon", "thu"]
    )

    page = sam.get(address(row)).text

    for words in ("Ana María López", "605-555-0142", "It hurts.\n&lt;b&gt;Badly", "Monday"):
        assert words in page
    assert [(each.references, each.actor) for each in events(action="viewed")] == [
        (row.reference, "sam")
    ]


def test_staff_without_the_right_are_refused_and_that_is_on_record() -> None:
    row = make_request()
    editor = sign_in_as("editor")

    for page in (
        QUEUE,
        address(row),
        f"{QUEUE}find/",
        f"{QUEUE}enter/",
        f"{QUEUE}visits/",
        f"{QUEUE}report/",
        record_of(row),
    ):
        answer = editor.get(page)
        assert answer.status_code == 403
        assert "Ana" not in answer.text
    assert editor.post(address(row), {"do": "take"}).status_code == 403

    assert [each.actor for each in events(action="refused")] == ["editor"] * 8
    assert AppointmentRequest.objects.get().taken_by is None


def test_a_manager_reads_who_saw_a_request(sam: Client) -> None:
    row = make_request()
    sam.get(address(row))
    manager = sign_in_as("scheduler", "manager", name="mia")

    page = manager.get(record_of(row)).text
    everything = manager.get("/admin/clinic_site/auditevent/").text

    assert "sam" in page
    assert "192.0.2.7" in page
    assert row.reference in everything
    assert sam.get("/admin/clinic_site/auditevent/").status_code == 403
    refused = [(each.actor, each.detail) for each in events(action="refused")]
    assert refused == [("sam", "GET clinic_site_auditevent_changelist")]
    assert [each.actor for each in events(action="listed", detail="auditevent")] == ["mia"]
    assert sam.get(record_of(row)).status_code == 403


@pytest.mark.parametrize("path", ["+{pk}/change/", "%20{pk}/change/", "{pk}/history/", "{pk}/delete/", "add/"])  # fmt: skip
def test_djangos_own_pages_of_a_request_are_not_there(sam: Client, path: str) -> None:
    row = make_request()

    for answer in (
        sam.get(QUEUE + path.format(pk=row.pk)),
        sam.post(QUEUE + path.format(pk=row.pk), {"status": "cancelled", "patient_name": "X"}),
    ):
        assert answer.status_code == 404
    row.refresh_from_db(fields=["status", "version"])
    assert (row.status, row.version) == (Status.NEW, 1)


def test_the_record_of_an_erased_request_is_found_by_its_reference(sam: Client) -> None:
    row = make_request(status="closed", close_reason="answered", status_at=LAST_WEEK)
    sam.get(address(row))
    assert purge(days=1) == 1
    manager = sign_in_as("scheduler", "manager", name="mia")

    found = manager.post(f"{QUEUE}find/", {"what": row.reference}).text
    assert record_of(row) in found
    page = manager.get(record_of(row)).text
    assert "It may have been erased." in page
    assert ">sam<" in page
    assert record_of(row) not in sam.post(f"{QUEUE}find/", {"what": row.reference}).text
    for no_reference in ("VIS-0000-0000", "ana"):
        assert manager.get(f"{QUEUE}record/{no_reference}/").status_code == 404


def test_a_manager_narrows_the_record_down(sam: Client) -> None:
    row = make_request()
    sam.get(address(row))
    workflow.cancel(pk=row.pk, by=PATIENT)
    manager = sign_in_as("manager")
    events = "/admin/clinic_site/auditevent/"

    def actors(**chosen: str) -> set[str]:
        answer = manager.get(events, chosen)
        return {each.actor for each in answer.context["cl"].result_list}

    assert {"sam", "(patient)"} <= actors()
    assert actors(actor="sam") == {"sam"}
    assert actors(actor="(patient)") == {"(patient)"}
    assert actors(action="viewed") == {"sam"}
    assert actors(at__gte="2999-01-01 00:00:00+00:00") == set()
