"""Who else has a page open: colleagues see it, and nothing else comes of it."""

import datetime as dt

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.test import Client

from clinic_site.models import AuditEvent
from conditions.models import Page, Presence
from tests.conditions.editing import change
from tests.make import make_condition, sign_in_as

pytestmark = pytest.mark.django_db


def look(client: Client, page: Page, part: str = "") -> str:
    """Say that this browser has the page open, as the script does; what it is told."""
    address = change(page).replace("change", "here")
    answer = client.post(address, {"part": part}, headers={"X-Background": "1"})
    return answer.json()["here"]


def test_colleagues_see_who_is_in_the_page_and_where(client: Client) -> None:
    page, other = make_condition(), make_condition(slug="other")
    ana, bo, cy = (sign_in_as("editor", name=name) for name in ("ana", "bo", "cy"))
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
        assert look(ana, page, "section-symptoms") == ""
        assert look(bo, page, "source-survey") == "ana is here, in “Signs and symptoms”."
        look(bo, page, "title")
        look(cy, page)
        told = "ana is here, in “Signs and symptoms”. bo is here, in “Title”."
        assert look(cy, page, "gossip") == told

        # Whoever opens the page is told at once, without a script; one who only reads it too.
        assert f"{told}</p>" in cy.get(change(page)).text
        assert "bo is here" in sign_in_as("clinician").get(change(page)).text
        assert "bo is here" not in bo.get(change(page)).text
        assert " is here" not in ana.get(change(other)).text

        clock.shift(89)
        look(ana, page, "comparison-gossip")
        clock.shift(1)
        assert look(ana, page) == ""
        assert " is here" not in ana.get(change(page)).text
        assert [each.person.username for each in Presence.objects.all()] == ["ana"]

        clock.shift(dt.timedelta(days=-1))  # a clock that was wrong
        assert look(bo, page) == ""


def test_being_there_is_no_activity_and_goes_on_no_record() -> None:
    page = make_condition()
    client = sign_in_as("editor", name="ana")
    logged, seen = LogEntry.objects.count(), client.session["seen_at"]
    recorded = AuditEvent.objects.count()
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=20)):
        for part in ("title", "x" * 200, "source-" + "y" * 200, "a\x00b"):
            look(client, page, part)
        assert client.session["seen_at"] == seen

    assert (LogEntry.objects.count(), AuditEvent.objects.count()) == (logged, recorded)
    assert client.get(change(page).replace("change", "here")).status_code == 405
