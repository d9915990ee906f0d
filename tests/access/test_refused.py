"""Whom a page is not open to is told which role it takes and whom to ask; it is on record once."""

import pytest

from appointments.audit import record_seen
from clinic_site.access.models import User
from clinic_site.models import AuditEvent
from conditions.models import Condition
from tests.make import (
    by,
    make_account,
    make_condition,
    make_request,
    sign_in_as,
    signed_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]


def refusals() -> list[tuple[str, str, str, str]]:
    rows = AuditEvent.objects.filter(action="refused").order_by("pk")
    return [(each.actor, each.subject_kind, each.references, each.detail) for each in rows]


def test_a_refused_page_names_the_role_and_whom_to_ask() -> None:
    make_account("mia", "manager", first_name="Mia", last_name="Muster", email="mia@clinic.example")
    make_account("gone", "manager", is_active=False, first_name="Gone")
    make_account("root", is_superuser=True, first_name="Root")
    sam = sign_in_as("scheduler", name="sam")

    answer = sam.get("/admin/conditions/condition/add/")

    assert answer.status_code == 403
    assert "It is for the role <strong>editor</strong>." in answer.text
    assert "Your role is scheduler." in answer.text
    assert "Mia Muster" in answer.text
    assert "mailto:mia@clinic.example" in answer.text
    assert "Gone" not in answer.text
    assert "Root" not in answer.text
    assert '<a href="/admin/">' in answer.text  # a page of staff
    assert "no-store" in answer["Cache-Control"]
    assert refusals() == [("sam", "", "", "GET conditions_condition_add")]


def test_a_scheduler_who_makes_up_an_address_publishes_nothing() -> None:
    page = make_condition()
    sam = sign_in_as("scheduler", name="sam")

    for view, data in (
        ("publish", {"clinical_change": "no", "revision": "1"}),
        ("unpublish", {}),
        ("sign", {"number": "1", "next_due": "2199-01-01", "read": "on"}),
        ("change", {"title": "Mine"}),
    ):
        address = f"/admin/conditions/condition/{page.pk}/{view}/"
        assert sam.post(address, data).status_code == 403

    assert Condition.objects.get().live is None
    assert Condition.objects.get().draft.title == "Sore back"
    views = ("publish", "unpublish", "sign", "change")
    told = [f"POST conditions_condition_{view}" for view in views]
    assert refusals() == [("sam", "page", "sore-back", f"{each} {page.pk}") for each in told]


def test_a_refused_request_is_on_record_by_its_reference() -> None:
    row = make_request()
    address = f"/admin/appointments/appointmentrequest/{row.pk}/change/"

    page = sign_in_as("manager", name="mia").get(address).text

    assert "It is for the role <strong>scheduler</strong>." in page
    assert "Ana" not in page
    name = "appointments_appointmentrequest_change"
    assert refusals() == [("mia", "request", row.reference, f"GET {name} {row.pk}")]


def test_a_superuser_is_told_that_requests_are_not_for_them() -> None:
    root = signed_in(make_account("root", "scheduler", is_superuser=True))

    page = root.get("/admin/appointments/appointmentrequest/")

    assert page.status_code == 403
    assert "An account of a superuser does not have it." in page.text


def test_what_no_role_may_do_promises_no_role() -> None:
    manager, row = sign_in_as("manager"), make_request()
    record_seen(row.reference, by=by(make_account("sam")), detail="page")

    seen = AuditEvent.objects.latest("pk")
    answer = manager.post(f"/admin/clinic_site/auditevent/{seen.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
    assert "Nobody can do this here, whatever their roles." in answer.text
    assert "Ask a manager" not in answer.text


def test_what_was_typed_into_an_address_is_not_on_record() -> None:
    sam = sign_in_as("scheduler", name="sam")

    assert sam.get("/admin/clinic_site/user/Ana_20Lopez/change/").status_code == 403

    assert refusals() == [("sam", "", "", "GET clinic_site_user_change")]
    assert User.objects.count() == 1
