"""Staff deal with one request in the admin."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from appointments.choices import Suspicion
from appointments.models import AppointmentRequest
from appointments.services import workflow
from appointments.services.work import work_on
from appointments.states import CloseReason, Status
from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.crypto.key_ring import CannotRead
from tests.appointments.office import (
    NEXT_YEAR,
    PATIENT,
    QUEUE,
    address,
    events,
    filled,
    version_on,
    visit_in,
    without_breaks,
)
from tests.forms import Filled, form_in, sent_by
from tests.make import make_account, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]

# The second Sunday in March of the next year.
_MARCH_8 = dt.date(NEXT_YEAR, 3, 8)
CLOCKS_CHANGE = _MARCH_8 + dt.timedelta(days=6 - _MARCH_8.weekday())


def now(row: AppointmentRequest) -> AppointmentRequest:
    return AppointmentRequest.objects.get(pk=row.pk)


def day(days: int) -> str:
    return f"{timezone.localdate() + dt.timedelta(days=days)}"


def opened(staff: Client, row: AppointmentRequest, tab: str = "") -> Filled:
    """The form of a request, as this member of staff has it open."""
    return Filled(staff, address(row) + (f"?tab={tab}" if tab else ""))


def save(form: Filled, do: str = "save", **typed: Any) -> Any:
    """Fill it in, save, and stay at the answer."""
    for name, value in typed.items():
        form.type(name, value)
    return form.press("do", do, follow=False)


# The call, the note and the next step


def test_a_call_its_note_and_the_next_step_are_one_click_and_the_next_request_follows(
    sam: Client,
) -> None:
    hours = [dt.timedelta(hours=each) for each in (3, 2, 1)]
    first, second, third = (make_request(received_at=timezone.now() - each) for each in hours)
    workflow.take(pk=second.pk, by=Actor("kim", account=make_account("kim")))

    form = opened(sam, first, "waiting")
    done = save(form, "save_next", call="no_answer", text="Rang out.", next="aside")

    assert (done.status_code, done["Location"]) == (303, f"{address(third)}?tab=waiting#asked")
    page = sam.get(done["Location"]).text
    assert f'href="{address(first)}?tab=waiting">{first}</a>: Set aside until' in page
    row = now(first)
    days = [timezone.localdate() + dt.timedelta(days=number) for number in (1, 2, 3)]
    monday_to_friday = next(each for each in days if each.weekday() < 5)
    assert (row.status, row.set_aside_until) == (Status.CONTACTING, monday_to_friday)
    assert (row.set_aside_reason, row.first_answer_at) == ("Rang out.", None)
    assert row.taken_by
    assert row.taken_by.username == "sam"
    assert [(each.kind, each.text) for each in row.notes.all()] == [
        ("no_answer", "Rang out."),
        ("set_aside", ""),
    ]
    assert [each.detail for each in events(references=first.reference)][1:] == [
        "no_answer",
        "taken, new to contacting, set aside",
    ]

    # Kim has what is left of this list; nothing is left of another.
    for tab, step, end in (
        ("waiting", "leave", "What is left in this list, a colleague has or looks at."),
        ("mine", "aside", "That was the last one of this list."),
    ):
        last = save(opened(sam, third, tab), "save_next", call="reached", text=tab, next=step)
        assert last["Location"] == f"{QUEUE}?tab={tab}#asked"
        assert end in sam.get(last["Location"]).text
    assert now(third).first_answer_at is not None


def test_what_is_set_aside_says_why_and_comes_back(sam: Client) -> None:
    row = make_request()
    refused = save(opened(sam, row), next="aside").text
    assert "Write why it is set aside" in refused
    for wrong, said in (
        ("", "Enter the day"),
        (day(0), "from tomorrow on"),
        ("2999-01-01", "years"),
    ):
        assert said in save(opened(sam, row), next="aside", text="!", set_aside_until=wrong).text
    assert now(row).set_aside_until is None

    save(opened(sam, row), next="aside", text="Her daughter calls back.", set_aside_until=day(4))
    page = without_breaks(sam.get(address(row)).text)
    assert now(row).status == Status.NEW
    assert page.count("Her daughter calls back.") == 2  # where it stands, and as what happened
    assert "set aside until" in page

    save(opened(sam, row), call="no_answer")  # before its day: it stays set aside
    assert now(row).set_aside_reason == "Her daughter calls back."
    save(opened(sam, row), next="aside", call="voicemail", set_aside_until=day(6))
    assert now(row).set_aside_reason == "called, left a voicemail"
    save(opened(sam, row), next="back")
    assert (now(row).set_aside_until, now(row).set_aside_reason) == (None, "")
    assert "set aside no more" in sam.get(address(row)).text
    assert 'value="back"' not in sam.get(address(row)).text


@pytest.mark.parametrize("ends", ["change", "cancel", "visit", "call on its day"])
def test_a_request_is_set_aside_no_more_once_it_is_dealt_with(sam: Client, ends: str) -> None:
    until = timezone.localdate() + dt.timedelta(days=0 if ends == "call on its day" else 3)
    row = make_request(set_aside_until=until, set_aside_reason="Away")
    if ends == "change":
        workflow.request_change(pk=row.pk, text="Friday?", by=PATIENT)
    elif ends == "cancel":
        workflow.cancel(pk=row.pk, by=PATIENT)
    elif ends == "visit":
        sam.post(address(row), {**visit_in(3), "version": "1"})
    else:
        save(opened(sam, row), call="no_answer")

    assert (now(row).set_aside_until, now(row).set_aside_reason) == (None, "")


def test_nothing_to_save_is_told_and_save_and_next_goes_on(sam: Client) -> None:
    row, other = make_request(), make_request()

    assert "Choose a call, write a note" in save(opened(sam, row)).text
    assert save(opened(sam, row), "save_next")["Location"] == f"{address(other)}?tab=waiting#asked"
    assert now(row).version == 1


def test_a_day_without_a_step_is_asked_about(sam: Client) -> None:
    row = make_request()
    for name, value in (("visit_on", day(3)), ("close_reason", "spam"), ("visit_minutes", "50")):
        answer = save(opened(sam, row), call="reached", **{name: value})
        assert "Choose the step that this is for" in answer.text
        assert f'value="{value}"' in answer.text
    assert now(row).version == 1
    assert (
        save(opened(sam, row), call="reached").status_code == 303
    )  # what stood there is no answer


def test_a_place_that_was_written_for_another_step_is_asked_about(sam: Client) -> None:
    row = make_request(visit_place="Room 1")
    place = "Room 7, ask Ana to bring her MRI"
    for step, more in (("contacting", {}), ("close", {"close_reason": "answered"})):
        asked = save(opened(sam, row), next=step, visit_place=place, visit_on=day(3), **more)
        assert "Choose the step that this is for, or empty it." in asked.text
        assert f'value="{place}"' in asked.text
    assert now(row).version == 1
    # A place that stands there from before, or a mere day, is no word that could be lost.
    assert save(opened(sam, row), next="contacting", visit_on=day(3)).status_code == 303
    assert save(opened(sam, row), next="close", close_reason="answered").status_code == 303


def test_another_reason_is_noted(sam: Client) -> None:
    row = make_request()
    form = opened(sam, row)

    refused = save(form, next="close", close_reason="other").text
    assert "Write the reason for which it is closed." in refused
    save(form, next="close", close_reason="other", text="Moved away")

    assert (now(row).status, now(row).close_reason) == (Status.CLOSED, CloseReason.OTHER)


def test_small_buttons_keep_what_was_typed(sam: Client) -> None:
    row = make_request()
    form = opened(sam, row).type("text", "Half a <note>").type("call", "reached")

    answer = form.press("do", "take", follow=False)

    assert "It is yours now." in answer.text
    assert "Half a &lt;note&gt;" in answer.text
    assert 'name="call" value="reached" id="id_call_0" checked' in without_breaks(answer.text)
    assert now(row).notes.count() == 0
    again = {"do": "save", "call": "reached", "text": "It", "next": "leave"}
    assert sam.post(address(row), again | {"version": version_on(answer.text)}).status_code == 303
    assert opened(sam, row).press("do", "release", follow=False).status_code == 303


def test_a_second_click_does_nothing_twice(sam: Client) -> None:
    row = make_request()
    form = opened(sam, row).type("call", "no_answer").type("text", "Rang.")

    with time_machine.travel(timezone.now(), tick=False) as clock:
        for seconds in (1, 2):
            clock.shift(seconds)
            assert save(form).status_code == 303
        assert row.notes.count() == 1
        clock.shift(600)  # by the page that was left open: it may be another call
        told = save(form)
        assert "This request has changed" in told.text
        again = {name: values[0] for name, values in form.fields.items()} | {"do": "save"}
        again |= {"version": version_on(told.text), "opened_at": f"{timezone.now().isoformat()}"}
        assert sam.post(address(row), again).status_code == 303
        assert row.notes.count() == 2
        note = opened(sam, row).type("text", "Prefers noon.")
        assert [save(note).status_code for _click in range(2)] == [303, 303]
        assert row.notes.count() == 3
        clock.shift(60)
        assert "This request has changed" in save(note).text
        save(opened(sam, row), text="Prefers noon.")  # it was meant
        assert row.notes.count() == 4
        visit = visit_in(3) | {"version": version_on(sam.get(address(row)).text)}
        assert [sam.post(address(row), visit).status_code for _click in range(3)] == [303, 303, 303]
    assert [each.to_status for each in row.changes.all()] == ["contacting", "scheduled"]


def test_the_same_note_before_a_clock_was_set_back_is_no_second_click(sam: Client) -> None:
    row = make_request()
    with time_machine.travel(timezone.now() + dt.timedelta(hours=2)):
        by = Actor("sam", account=User.objects.get(username="sam"))
        work_on(pk=row.pk, version=0, by=by, text="Called her daughter.")
    save(opened(sam, row), text="Called her daughter.")

    assert row.notes.count() == 2


def test_an_answer_is_one_that_the_patient_heard(sam: Client) -> None:
    row = make_request()
    save(opened(sam, row), call="no_answer")
    assert (now(row).status, now(row).first_answer_at) == (Status.CONTACTING, None)
    save(opened(sam, row), call="reached", next="new")
    assert now(row).status == Status.NEW
    assert now(row).first_answer_at is not None


def test_one_takes_it_and_a_colleague_is_told(sam: Client, kim: Client) -> None:
    row = make_request()

    sam.post(address(row), {"do": "take"})
    again = sam.post(address(row), {"do": "take"})
    late = kim.post(address(row), {"do": "take"})

    assert again.status_code == 303
    assert "This request has changed since you opened it" in late.text
    assert "Taken by sam." in late.text
    mine, hers = opened(sam, row), opened(kim, row)
    for _click in range(2):
        assert hers.press("do", "release", follow=False).status_code == 303
    kim.post(address(row), {"do": "take"})
    told = mine.press("do", "release", follow=False)
    assert "This request has changed since you opened it" in told.text
    taken_by = now(row).taken_by
    assert taken_by
    assert taken_by.username == "kim"
    assert "kim has it open too." in sam.get(address(row)).text


def test_what_a_patient_asked_for_stays_on_record_once_it_is_done(sam: Client) -> None:
    row = make_request()
    for text in ("Mornings, please.", "Afternoons, please."):
        workflow.request_change(pk=row.pk, text=text, by=PATIENT)

    sam.post(address(row), visit_in(3) | {"version": version_on(sam.get(address(row)).text)})

    page = sam.get(address(row)).text
    assert "Mornings, please." in page
    assert "Afternoons, please." in page
    assert "asked for a change on" not in page


# What cannot be read


def test_a_request_that_cannot_be_read_says_so_and_can_be_worked_on(sam: Client) -> None:
    row = make_request(email="ana@home.example", visit_place="Room 1", status="scheduled")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE appointments_appointmentrequest SET answers = %s, visit_place = %s", ["x", "x"]
        )

    page = sam.get(address(row)).text
    assert page.count("cannot be read") == 2  # the answers, and the place
    for wrong in ("mailto:", "ask for", "tel:"):
        assert wrong not in page

    form = opened(sam, row).type("visit_on", day(12)).type("visit_time", "10:30")
    assert save(form, next="schedule").status_code == 303
    with pytest.raises(CannotRead):  # rather than empty: the key may be found
        now(row).visit_place  # noqa: B018
    save(opened(sam, row), next="schedule", visit_place="Room 2")
    assert now(row).visit_place == "Room 2"


# Visits


def test_staff_set_how_long_a_visit_takes(sam: Client, settings) -> None:
    row = make_request()
    page = sam.get(address(row)).text
    assert f'name="visit_minutes" value="{settings.VISIT_MINUTES}"' in page

    sam.post(address(row), {**visit_in(3), "visit_minutes": "", "version": version_on(page)})
    assert now(row).visit_minutes == settings.VISIT_MINUTES

    page = sam.get(address(row)).text
    sam.post(address(row), {**visit_in(3), "visit_minutes": "50", "version": version_on(page)})
    assert now(row).visit_minutes == 50
    page = sam.get(address(row)).text
    assert "10:30 AM</strong> to 11:20 AM" in page
    assert 'name="visit_minutes" value="50"' in page

    long = {**visit_in(3), "visit_minutes": "6000", "version": version_on(page)}
    assert "less than or equal to 600" in sam.post(address(row), long).text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"visit_on": "1999-01-01"}, "it is years away"),
        ({"visit_on": "2999-01-01"}, "it is years away"),
        ({"visit_on": "soon"}, "Enter a valid date"),
        ({"visit_time": ""}, "Enter the time of the visit."),
        ({"visit_on": f"{CLOCKS_CHANGE}", "visit_time": "02:30"}, "The clocks change then"),
    ],
)
def test_a_visit_that_cannot_be_is_refused(sam: Client, values, said: str) -> None:
    row = make_request()
    version = version_on(sam.get(address(row)).text)

    answer = sam.post(address(row), {**visit_in(3, place="Room 1"), "version": version, **values})

    assert said in answer.text
    assert 'value="Room 1"' in answer.text
    assert now(row).status == Status.NEW


def test_what_speaks_against_a_visit_is_told_once_and_anew_of_another_time(
    sam: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn(visit_at: dt.datetime, minutes: int, *_rest: object) -> list[str]:
        return [f"Closed at {timezone.localtime(visit_at):%H:%M} for {minutes}."]

    monkeypatch.setattr("appointments.forms.work.visit_warnings", warn)
    row = make_request()
    form = opened(sam, row, "mine").type("next", "schedule").type("visit_on", day(3))
    form.type("visit_time", "09:00").type("text", "She insists.")

    asked = save(form, "save_next").text
    assert "Closed at 09:00 for 30." in asked
    assert 'name="do" value="save_next">Schedule it anyway</button>' in without_breaks(asked)
    assert "Fix what is marked" not in asked
    assert now(row).version == 1

    warned = asked.split('name="warned" value="')[1].split('"')[0]
    form.fields["warned"] = [warned.replace("&#x2B;", "+")]
    assert "Closed at 10:00 for 30." in save(form, visit_time="10:00").text
    save(form, "save_next", visit_time="09:00")
    assert now(row).status == Status.SCHEDULED
    assert row.notes.get().text == "She insists."


def test_a_visit_that_a_colleague_sets_meanwhile_is_told_before_another_is_set_beside_it(
    sam: Client,
) -> None:
    row, theirs = make_request(), make_request()
    form = opened(sam, row).type("next", "schedule").type("visit_on", day(-1))
    form.type("visit_time", "14:00")

    def asked() -> str:
        page = save(form).text
        form.fields["warned"] = [dict(sent_by(form_in(page)))["warned"]]
        return page

    first = asked()
    assert "This visit is in the past" in first
    assert "none at 2:00 PM" in first
    at = timezone.make_aware(dt.datetime.fromisoformat(f"{day(-1)} 14:15"))
    meanwhile = AppointmentRequest.objects.filter(pk=theirs.pk)
    meanwhile.update(status=Status.SCHEDULED, visit_at=at, visit_minutes=30)

    assert "1 other visit is at the same time: 2:15 PM to 2:45 PM." in asked()
    assert now(row).status == Status.NEW
    meanwhile.update(status=Status.CANCELLED)  # what no longer speaks against it asks nothing
    assert save(form).status_code == 303
    assert now(row).status == Status.SCHEDULED


# Closing, and undoing


def test_a_request_is_closed_for_a_reason_and_can_be_taken_up_again(sam: Client) -> None:
    row = make_request()
    assert "Choose why it is closed." in save(opened(sam, row), next="close").text
    save(opened(sam, row), next="close", close_reason="not_reached")
    assert (now(row).status, now(row).close_reason) == (Status.CLOSED, CloseReason.NOT_REACHED)

    assert "Schedule a visit" not in sam.get(address(row)).text
    save(opened(sam, row), next="again")

    assert (now(row).status, now(row).close_reason) == (Status.CONTACTING, "")
    assert [each.detail for each in events(action="changed")] == [
        "new to closed",
        "closed to contacting",
    ]


def test_a_page_that_says_it_is_of_the_end_of_time_is_no_obstacle(sam: Client) -> None:
    row = make_request()
    ends = ["0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-23:59"]
    for number, opened_at in enumerate([*ends, "0001-01-01", "soon"]):
        note = filled(text=f"Note {number}", version="1", opened_at=opened_at)
        assert sam.post(address(row), note).status_code == 303
        assert "Choose a call" in sam.post(address(row), filled(opened_at=opened_at)).text
    assert row.notes.count() == 5


def test_what_is_not_possible_is_told(sam: Client) -> None:
    row = make_request(status="cancelled")
    answer = sam.post(address(row), {**filled("new"), "version": "1"})
    assert "cannot become" in answer.text
    assert "does not know that button" in sam.post(address(row), {"do": "dance"}).text
    late = sam.post(address(row), {"do": "undo", "version": "1"})
    assert "It can no longer be undone." in late.text
    aside = filled("aside", text="Later", set_aside_until=day(3), version="1")
    assert "cannot be set aside" in sam.post(address(row), aside).text
    assert (now(row).version, row.notes.count()) == (1, 0)


def test_suspected_spam_can_be_a_patient_after_all(sam: Client) -> None:
    row = make_request(status="quarantined", suspicion=Suspicion.SENDER)
    assert "many requests from one sender" in sam.get(address(row)).text

    save(opened(sam, row), next="not_spam")

    assert (now(row).status, now(row).suspicion) == (Status.NEW, "")


@pytest.mark.parametrize("status", ["new", "contacting", "scheduled", "quarantined"])
def test_closing_is_undone_by_anyone_for_ten_minutes(sam: Client, kim: Client, status: str) -> None:
    wish = timezone.now()
    aside = {"set_aside_until": timezone.localdate() + dt.timedelta(days=3)}
    row = make_request(
        status=status,
        suspicion="sender" if status == "quarantined" else "",
        change_requested_at=wish,
        change_request="Friday?",
        **(aside if status in {"new", "contacting"} else {}),
    )
    before = now(row)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        reason = "spam" if status == "quarantined" else "answered"
        save(opened(sam, row), next="close", close_reason=reason)
        assert now(row).change_requested_at is None
        clock.shift(dt.timedelta(minutes=9))

        form = opened(kim, row)
        undone = [form.press("do", "undo", follow=False).status_code for _click in range(2)]

        assert undone == [303, 303]
        names = [each.name for each in AppointmentRequest._meta.fields]
        changed = {each for each in names if getattr(now(row), each) != getattr(before, each)}
        assert changed <= {"version", "status_at"}
        assert f"undone: closed → {now(row).get_status_display()}" in sam.get(address(row)).text
        assert [each.detail for each in events(action="changed")][
            -1
        ] == f"closed to {status}, undone"

        save(opened(sam, row), next="close", close_reason=reason)
        clock.shift(dt.timedelta(minutes=11))
        answer = opened(kim, row).press("do", "undo", follow=False)
        assert "can no longer be undone" in answer.text
        assert 'value="undo"' not in kim.get(address(row)).text


def test_what_was_set_aside_is_back_by_undo_unless_something_happened_since(sam: Client) -> None:
    row = make_request()
    save(opened(sam, row), next="aside", text="Later")
    assert "Undo “set aside”" in without_breaks(sam.get(address(row)).text)
    save(opened(sam, row), text="A word.")
    late = opened(sam, row).press("do", "undo", follow=False)
    assert "can no longer be undone" in late.text
    save(opened(sam, row), next="back")

    save(opened(sam, row), next="aside", text="Once more")
    form = opened(sam, row)
    for _click in range(2):
        assert form.press("do", "undo", follow=False).status_code == 303
    assert (now(row).set_aside_until, now(row).set_aside_reason) == (None, "")
    assert [each.detail for each in events(action="changed")][-1] == "set aside, undone"


@pytest.mark.parametrize(
    "first", [{"text": "Her daughter calls back."}, {"call": "voicemail"}], ids=["note", "call"]
)
def test_what_was_set_aside_anew_by_mistake_is_set_aside_as_before(
    sam: Client, first: dict[str, str]
) -> None:
    row = make_request()
    save(opened(sam, row), next="aside", set_aside_until=day(4), **first)
    before = now(row)
    save(opened(sam, row), next="aside", set_aside_until=day(400), text="Oops")

    for _click in range(2):
        opened(sam, row).press("do", "undo", follow=False)

    undone = now(row)
    assert undone.set_aside_until == before.set_aside_until
    assert undone.set_aside_reason == before.set_aside_reason
    page = sam.get(address(row)).text
    assert "undone: set aside until" in page
    assert 'value="undo"' not in page


def test_undo_takes_back_only_what_the_page_showed(sam: Client, kim: Client) -> None:
    row = make_request()
    save(opened(sam, row), next="aside", text="Away")
    form = opened(sam, row)
    save(opened(kim, row), next="close", close_reason="answered")

    answer = form.press("do", "undo", follow=False)

    assert "This request has changed since you opened it" in answer.text
    assert now(row).status == Status.CLOSED
