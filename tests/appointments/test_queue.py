"""Staff work through the queue in the admin; who saw and changed what is on record."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments import audit, services
from appointments.choices import CloseReason, Status, Suspicion
from appointments.figures import weeks
from appointments.models import AppointmentRequest, AuditEvent, ErasedRequest
from clinic_site.clinic import Remembered
from clinic_site.models import Clinic
from tests.appointments.office import send_request
from tests.make import make_request
from tests.signing import make_attempt

QUEUE = "/admin/appointments/appointmentrequest/"

pytestmark = pytest.mark.django_db


def make_staff(name: str, *permissions: str) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(user)
    return client


@pytest.fixture
def sam() -> Client:
    """A scheduler."""
    return make_staff("sam", "view_appointmentrequest", "change_appointmentrequest")


@pytest.fixture
def kim() -> Client:
    """Another one."""
    return make_staff("kim", "view_appointmentrequest", "change_appointmentrequest")


def address(request: AppointmentRequest) -> str:
    return f"{QUEUE}{request.pk}/change/"


def version_on(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def visit_in(days: int, time: str = "10:30", place: str = "") -> dict[str, str]:
    day = timezone.localdate() + dt.timedelta(days=days)
    return {"do": "schedule", "visit_on": f"{day}", "visit_time": time, "visit_place": place}


def events(**values: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(**values).order_by("pk"))


def test_the_longest_waiting_stands_first_and_what_is_overdue_is_marked(sam: Client) -> None:
    now = timezone.now()
    young = make_request(patient_name="Young")
    old = make_request(patient_name="Old", received_at=now - dt.timedelta(hours=25))
    spam = make_request(
        patient_name="Maybe", status="quarantined", received_at=now - dt.timedelta(hours=2)
    )
    done = make_request(patient_name="Done", status="closed", received_at=now)

    page = sam.get(QUEUE).text

    places = [page.index(f">{row.reference}<") for row in (old, spam, young, done)]
    assert places == sorted(places)
    assert page.count("overdue</strong>") == 1
    assert page.index("overdue</strong>") < page.index("Young")
    listed = events(action="listed")
    assert len(listed) == 1
    assert listed[0].references.split() == [r.reference for r in (old, spam, young, done)]
    assert (listed[0].actor, listed[0].source) == ("sam", "192.0.2.7")


def test_a_promise_of_an_hour_makes_a_request_overdue_sooner(sam: Client) -> None:
    Clinic.objects.update_or_create(pk=1, defaults={"answer_within_hours": 1})
    make_request(received_at=timezone.now() - dt.timedelta(minutes=70))

    assert "overdue</strong>" in sam.get(QUEUE).text


def test_a_request_is_read_and_each_reading_is_on_record(sam: Client) -> None:
    row = make_request(
        message="It hurts.\n<b>Badly</b>", email="ana@example.com", visit_days=["mon", "thu"]
    )

    page = sam.get(address(row)).text

    for words in ("Ana María López", "605-555-0142", "It hurts.<br>&lt;b&gt;Badly", "Monday"):
        assert words in page
    assert [(each.references, each.actor) for each in events(action="viewed")] == [
        (row.reference, "sam")
    ]


def test_staff_without_the_right_are_refused_and_that_is_on_record() -> None:
    row = make_request()
    editor = make_staff("editor", "change_condition")
    reader = make_staff("reader", "view_appointmentrequest")

    for page in (
        QUEUE,
        address(row),
        f"{QUEUE}find/",
        f"{QUEUE}enter/",
        f"{address(row)[:-7]}record/",
    ):
        answer = editor.get(page)
        assert answer.status_code == 403
        assert "Ana" not in answer.text
    assert "Take it" not in reader.get(address(row)).text
    assert reader.post(address(row), {"do": "take"}).status_code == 403

    assert [each.actor for each in events(action="refused")] == ["editor"] * 5 + ["reader"]
    assert AppointmentRequest.objects.get().taken_by is None


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
    sam.post(address(row), {"do": "note", "kind": "voicemail", "text": "Left my name."})
    kim.post(address(row), {"do": "note", "kind": "note", "text": "Prefers mornings."})

    page = sam.get(address(row)).text

    assert "Left my name." in page
    assert "Prefers mornings." in page
    row.refresh_from_db(fields=["status", "first_answer_at"])
    assert row.status == Status.CONTACTING
    assert row.first_answer_at is not None
    assert [each.detail for each in events(action="noted")] == ["voicemail", "note"]


def test_a_second_click_adds_no_second_call_and_no_answer_is_no_answer(sam: Client) -> None:
    row = make_request()
    call = {"do": "note", "kind": "no_answer", "text": ""}

    assert [sam.post(address(row), call).status_code for _click in range(2)] == [303, 303]

    assert row.notes.count() == 1
    row.refresh_from_db(fields=["status", "first_answer_at"])
    assert (row.status, row.first_answer_at) == (Status.CONTACTING, None)
    sam.post(address(row), {**call, "kind": "reached"})
    row.refresh_from_db(fields=["first_answer_at"])
    assert row.first_answer_at is not None


def test_what_a_patient_wished_stays_on_record_once_it_is_met(sam: Client) -> None:
    row = make_request()
    for text in ("Mornings, please.", "Afternoons, please."):
        services.ask_for_change(pk=row.pk, text=text, by=RequestFactory().post("/"))
    version = version_on(sam.get(address(row)).text)

    sam.post(address(row), visit_in(3) | {"version": version})

    page = sam.get(address(row)).text
    assert "Mornings, please." in page
    assert "Afternoons, please." in page
    assert "asked for a change on" not in page


def test_an_empty_note_is_refused_and_says_so(sam: Client) -> None:
    row = make_request()

    assert "Write the note." in sam.post(address(row), {"do": "note", "kind": "note"}).text


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
        ({"visit_on": "2027-03-14", "visit_time": "02:30"}, "The clocks change then"),
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
    row = make_request(status="withdrawn")
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

    sam.post(QUEUE, {"action": "mark_as_spam", "_selected_action": [str(patient.pk), str(spam.pk)]})

    assert AppointmentRequest.objects.get(pk=patient.pk).status == Status.NEW
    assert AppointmentRequest.objects.get(pk=spam.pk).close_reason == CloseReason.SPAM


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
    assert (row.patient_name, row.origin, row.status) == ("Cora Dean", "phone", "new")
    assert [(each.action, each.actor) for each in events(action="entered")] == [("entered", "sam")]


def test_likely_duplicates_are_linked(sam: Client) -> None:
    row = make_request()
    same = make_request(patient_name="Ana Lopez", phone="+16055550142;ext=2")
    make_request(phone="+16055550199")
    make_request(received_at=timezone.now() - dt.timedelta(hours=49))

    page = sam.get(address(row)).text

    section = page[page.index("The same phone or email") :].split("</p>")[0]
    assert re.findall(r"VIS-\w{4}-\w{4}", section) == [same.reference]


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
    sam.post(address(hidden), {"do": "contacting", "version": "1"})
    hidden.refresh_from_db(fields=["status"])
    assert hidden.status == Status.CONTACTING


@pytest.fixture
def from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clinic and the keys from memory, as in a web process, which looks in the background."""
    for remembered in Remembered.everything:
        remembered.look()
    monkeypatch.setattr(Remembered, "in_background", True)


SIGNED_IN = 4  # by which Django knows Sam: session, account, own permissions, those of groups


def queries_of(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_the_queue_takes_as_many_queries_for_many_as_for_few(
    sam: Client, from_memory: None
) -> None:
    make_request()
    few = queries_of(lambda: sam.get(QUEUE))
    for _number in range(60):
        make_request()
    assert queries_of(lambda: sam.get(QUEUE)) == few <= 12


@pytest.mark.parametrize("what", ["605-555-0142", "López", "ana lópez", "ana@home.example"])
def test_finding_takes_fewer_than_five_queries(sam: Client, from_memory: None, what: str) -> None:
    for _number in range(3):
        send_request()
    page = sam.post(f"{QUEUE}find/", {"what": what}).text
    assert page.count("VIS-") >= 3

    assert queries_of(lambda: sam.post(f"{QUEUE}find/", {"what": what})) - SIGNED_IN < 5


def test_the_front_page_counts_requests_and_time_to_answer(sam: Client) -> None:
    with time_machine.travel("2026-11-18T15:00:00Z", tick=False):
        now = timezone.now()
        for minutes in (30, 60, 120):
            make_request(received_at=now, first_answer_at=now + dt.timedelta(minutes=minutes))
        make_request(received_at=now - dt.timedelta(days=7))
        make_request(received_at=now, status="closed", close_reason="spam")
        ErasedRequest.objects.create(
            received_at=now - dt.timedelta(days=7), answered_after=dt.timedelta(hours=5)
        )

        this, before = weeks(now)[:2]
        page = sam.get("/admin/").text

    assert (this.monday, this.received, this.answered) == (dt.date(2026, 11, 16), 3, 3)
    assert this.median == dt.timedelta(hours=1)
    assert (before.received, before.answered) == (2, 1)
    assert "<td>1 h 0 min</td>" in page
    assert 'status__exact=new">new</a>: 4' in page


def test_a_manager_reads_who_saw_a_request(sam: Client) -> None:
    row = make_request()
    sam.get(address(row))
    manager = make_staff("mia", "view_appointmentrequest", "view_auditevent")

    page = manager.get(f"{address(row)[:-7]}record/").text
    everything = manager.get("/admin/appointments/auditevent/").text

    assert "sam" in page
    assert "192.0.2.7" in page
    assert row.reference in everything
    assert sam.get("/admin/appointments/auditevent/").status_code == 403
    assert sam.get("/admin/appointments/outboxmessage/").status_code == 403
    refused = [(each.actor, each.detail) for each in events(action="refused")]
    assert refused == [("sam", "auditevent"), ("sam", "outboxmessage")]
    assert [each.actor for each in events(action="listed", detail="auditevent")] == ["mia"]
    assert sam.get(f"{address(row)[:-7]}record/").status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE appointments_auditevent SET actor = 'nobody'",
        "DELETE FROM appointments_auditevent",
        "TRUNCATE appointments_auditevent",
        "INSERT OR REPLACE INTO appointments_auditevent SELECT * FROM appointments_auditevent",
    ],
)
def test_the_database_refuses_to_change_the_record(change: str) -> None:
    audit.record(audit.Action.VIEWED, ["VIS-TEST-TEST"])
    assert audit.triggers_missing() == []

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)

    assert AuditEvent.objects.get().actor == "(system)"


def test_missing_triggers_are_found_and_put_back() -> None:
    audit.remove_triggers()
    assert len(audit.triggers_missing()) >= 2

    audit.install_triggers()

    assert audit.triggers_missing() == []


@pytest.mark.parametrize("path", ["+{pk}/change/", "%20{pk}/change/", "{pk}/history/", "{pk}/delete/", "add/"])  # fmt: skip
def test_djangos_own_pages_of_a_request_are_not_there(sam: Client, path: str) -> None:
    row = make_request()

    for answer in (
        sam.get(QUEUE + path.format(pk=row.pk)),
        sam.post(QUEUE + path.format(pk=row.pk), {"status": "withdrawn", "patient_name": "X"}),
    ):
        assert answer.status_code == 404
    row.refresh_from_db(fields=["status", "version"])
    assert (row.status, row.version) == (Status.NEW, 1)


def test_a_request_by_phone_is_entered_once_however_often_it_is_clicked(sam: Client) -> None:
    page = sam.get(f"{QUEUE}enter/").text
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)
    assert attempt
    answers = {"kind": "question", "patient_name": "Cora Dean", "phone": "605-555-0177"}

    for _click in range(3):
        answer = sam.post(f"{QUEUE}enter/", {**answers, "attempt": attempt[1]})
        assert answer.status_code == 303
    other = sam.post(f"{QUEUE}enter/", {**answers, "attempt": attempt[1], "patient_name": "Bo"})

    assert AppointmentRequest.objects.count() == 1
    assert "with other words" in other.text
    assert 'value="Bo"' in other.text


def test_spam_in_bulk_spares_what_nobody_saw_and_what_asks_for_a_change(sam: Client) -> None:
    spam = make_request(status="quarantined")
    patient = make_request(status="quarantined", change_wanted_at=timezone.now())
    ticked = {"action": "mark_as_spam", "_selected_action": [str(spam.pk), str(patient.pk)]}

    sam.post(QUEUE, {**ticked, "select_across": "1"})
    assert set(AppointmentRequest.objects.values_list("status", flat=True)) == {"quarantined"}

    sam.post(QUEUE, ticked)
    assert AppointmentRequest.objects.get(pk=spam.pk).status == Status.CLOSED
    assert AppointmentRequest.objects.get(pk=patient.pk).status == Status.QUARANTINED


def test_a_very_long_name_is_looked_for_by_its_first_words(sam: Client) -> None:
    assert "Nothing found" in sam.post(f"{QUEUE}find/", {"what": "word " * 50}).text


def test_every_status_leads_somewhere() -> None:
    assert set(services.NEXT) == set(Status)
    for status, following in services.NEXT.items():
        assert following
        assert status not in following or status == Status.SCHEDULED
