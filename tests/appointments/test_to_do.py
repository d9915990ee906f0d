"""What is to be done beside what waits: changes asked for, canceled visits, visits that are over."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from appointments.services import workflow
from appointments.states import CloseReason
from clinic_site.models import Clinic
from clinic_site.todo import open_todo
from tests.appointments.office import PATIENT, QUEUE, address, filled, listed, version_on
from tests.make import make_request, sign_in_as
from tests.running import Site

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]

NEXT_WEEK = timezone.now() + dt.timedelta(days=7)
LAST_WEEK = timezone.now() - dt.timedelta(days=7)


def tasks() -> str:
    return " ".join(task.text for task in open_todo(bool))


def test_a_change_is_seen_everywhere_until_it_is_dealt_with(sam: Client) -> None:
    row = make_request(status="scheduled", visit_at=NEXT_WEEK)
    make_request()
    workflow.request_change(pk=row.pk, text="I cannot come", by=PATIENT)

    assert "1 patient asks for a change, or canceled." in tasks()
    assert "wants a change" in sam.get(f"{QUEUE}?tab=visits").text
    assert listed(sam.get(f"{QUEUE}?tab=changes").text) == [row.reference]
    page = sam.get(address(row)).text
    assert "I cannot come" in page
    late = sam.post(address(row), {"do": "acknowledge", "version": "1"}).text
    assert "This request has changed since you opened it" in late
    sam.post(address(row), {"do": "acknowledge", "version": version_on(page)})

    assert "asks for a change" not in tasks()
    page = sam.get(address(row)).text
    assert "The patient asked for a change" not in page
    assert "I cannot come" in page  # the note stays


def test_a_cancelled_visit_names_the_time_that_is_free(sam: Client) -> None:
    visit = dt.datetime(2031, 5, 6, 19, 30, tzinfo=dt.UTC)
    row = make_request(status="scheduled", visit_at=visit)
    workflow.cancel(pk=row.pk, by=PATIENT)

    assert "1 patient asks for a change, or canceled." in tasks()
    page = sam.get(address(row)).text
    assert "Free the time of the visit." in page
    assert "The last visit that was set: <strong>Tuesday, May 6, 2031, 2:30 PM" in page
    assert "scheduled → canceled (visit: Tue, May 6, 2031, 2:30 PM, 30 minutes)" in page
    sam.post(address(row), {"do": "acknowledge", "version": version_on(page)})
    assert "canceled" not in tasks()

    # Where it was off already, or is over, there is nothing to free.
    off = make_request(status="contacting", visit_at=visit)
    over = make_request(status="scheduled", visit_at=LAST_WEEK)
    for each in (off, over):
        workflow.cancel(pk=each.pk, by=PATIENT)
        page = sam.get(address(each)).text
        assert "The patient canceled on" in page
        assert "Free the time of the visit." not in page


def test_a_request_that_nobody_had_seen_is_cancelled_without_a_task(sam: Client) -> None:
    row = make_request()
    workflow.cancel(pk=row.pk, by=PATIENT)
    assert "canceled" not in tasks()


def test_a_change_that_is_cancelled_is_a_cancellation(sam: Client) -> None:
    row = make_request()
    workflow.request_change(pk=row.pk, text="Earlier, please", by=PATIENT)
    workflow.cancel(pk=row.pk, by=PATIENT)

    page = sam.get(address(row)).text
    assert "The patient canceled on" in page
    assert "Free the time" not in page
    assert "Change the patient asks for" not in page
    assert "Earlier, please" in page  # as what happened


def test_a_visit_that_is_over_is_a_task_until_it_is_closed(sam: Client) -> None:
    row = make_request(status="scheduled", visit_at=LAST_WEEK)
    make_request(status="scheduled", visit_at=NEXT_WEEK)

    assert "1 visit is over: close it." in tasks()
    assert listed(sam.get(f"{QUEUE}?tab=visits").text)[0] == row.reference
    version = version_on(sam.get(address(row)).text)
    sam.post(address(row), filled("close", version=version, close_reason="visited"))

    assert "visit is over" not in tasks()
    assert "scheduled → closed, the visit took place" in sam.get(address(row)).text


@pytest.mark.parametrize(
    ("step", "answers"),
    [
        (filled("contacting"), False),
        (filled(call="no_answer"), False),
        (filled(call="voicemail"), True),
        (filled("close", close_reason=CloseReason.NOT_REACHED), False),
        (filled("close", close_reason=CloseReason.DUPLICATE), False),
        (filled("close", close_reason=CloseReason.ANSWERED), True),
    ],
    ids=lambda each: " ".join(map(str, each.values())) if isinstance(each, dict) else "",
)
def test_only_what_reaches_the_patient_is_an_answer(sam: Client, step: dict, answers: bool) -> None:
    row = make_request()
    assert sam.post(address(row), {**step, "version": "1"}).status_code == 303

    row.refresh_from_db(fields=["first_answer_at"])
    assert (row.first_answer_at is not None) == answers


AT_ONCE = """
import concurrent.futures, datetime as dt, threading
from django.db import connection
from clinic_site.access.models import User
from django.utils import timezone
from appointments.services.work import work_on
from appointments.models import AppointmentRequest
from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from clinic_site.models import AuditEvent
from tests.make import make_request
row = make_request()
by = Actor("racer", account=User.objects.get_or_create(username="racer", is_staff=True)[0])
week = timezone.now() + dt.timedelta(days=7)
start = threading.Barrier(8)
def schedule(number):
    start.wait()
    try:
        work_on(pk=row.pk, step="schedule", version=1, by=by,
                visit_at=week + dt.timedelta(hours=number))
    except EditConflict:
        return "told"
    finally:
        connection.close()
    return "done"
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    ends = sorted(pool.map(schedule, range(8)))
row = AppointmentRequest.objects.get(pk=row.pk)
changed = AuditEvent.objects.filter(action="changed", references=row.reference).count()
print(ends.count("done"), ends.count("told"), row.version, row.changes.count(), changed)
"""


def test_of_eight_who_schedule_at_once_one_does_and_the_others_are_told(site: Site) -> None:
    assert site.manage("shell", "--verbosity=0", "-c", AT_ONCE).split() == ["1", "7", "2", "1", "1"]


def test_who_may_not_see_requests_reads_nothing_of_them_on_the_front_page(sam: Client) -> None:
    Clinic.objects.create(pk=1)
    make_request()
    make_request(change_requested_at=timezone.now())
    make_request(status="scheduled", visit_at=LAST_WEEK)
    editor = sign_in_as("editor", "manager")

    seen, page = sam.get("/admin/").text, editor.get("/admin/").text

    for words in ("2 requests wait.", "1 patient asks for a change", "1 visit is over"):
        assert words in seen
        assert words not in page
    assert "appointmentrequest" not in page.replace("appointmentrequest/report/", "")
    assert "Decide how long requests are kept." in page
    assert "Decide how long requests are kept." not in seen
