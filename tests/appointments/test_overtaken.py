"""Whatever happens while staff fill in the form of a request: nothing they typed is lost, nothing
is done twice, and they are told what changed."""

import datetime as dt
import html
from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.test import Client
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services import workflow
from appointments.services.purge import purge
from appointments.services.work import work_on
from clinic_site.access.models import User
from clinic_site.actor import Actor
from tests.access.test_kept_form import Browser
from tests.appointments.office import PATIENT, address, filled, version_on
from tests.forms import Filled, form_in, sent_by, tree_of
from tests.generated import SOAK
from tests.make import make_account, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]

TYPED = 'She said: "noon" & <soon>'
TODAY = timezone.localdate()


def opened(row: AppointmentRequest, staff: Client) -> Filled:
    """The form as sam has it open: a call, a note, and a visit are filled in."""
    form = Filled(staff, address(row)).type("call", "reached").type("text", TYPED)
    form.type("next", "schedule").type("visit_on", f"{TODAY + dt.timedelta(days=9)}")
    return form.type("visit_time", "09:30").type("visit_place", "Room <2>")


def kim() -> Actor:
    return Actor("kim", account=make_account("kim", "scheduler"))


def at_work(**values: object) -> Callable[[AppointmentRequest], object]:
    return lambda row: work_on(pk=row.pk, version=row.version, by=kim(), **values)  # type: ignore[arg-type]


OVERTAKEN: dict[str, tuple[Callable[[AppointmentRequest], object], str]] = {
    "a colleague took it": (lambda row: workflow.take(pk=row.pk, by=kim()), "Taken by kim."),
    "called": (at_work(call="no_answer", text="Rang out."), "called, no answer (kim) Rang out."),
    "moved it": (at_work(step="contacting"), "new → contacting the patient (kim)"),
    "set a visit": (
        at_work(step="schedule", visit_at=timezone.now() + dt.timedelta(days=2)),
        "new → scheduled (visit:",
    ),
    "closed it": (at_work(step="close", close_reason="answered"), "new → closed, the question is"),
    "set it aside": (
        at_work(step="aside", text="Away", set_aside_until=TODAY + dt.timedelta(days=3)),
        "(kim) Away",
    ),
    "the patient canceled": (lambda row: workflow.cancel(pk=row.pk, by=PATIENT), "new → canceled"),
    "the patient asked for a change": (
        lambda row: workflow.request_change(pk=row.pk, text="Friday?", by=PATIENT),
        "the patient asks for a change Friday?",
    ),
}


def stands(page: str) -> str:
    """The words in the form, and what stands in its fields."""
    form = next(each for each in tree_of(page).iter("form") if "work" in each.get("class", ""))
    fields = [each.get("value", "") for each in form.iter("input")]
    return " ".join(" ".join([*form.itertext(), *fields]).split())


def words_of(page: str) -> str:
    return " ".join(" ".join(tree_of(page).itertext()).split())


# A day that can be, one to warn of, and none; `make soak` tries each with each.
DAYS = [f"{TODAY + dt.timedelta(days=9)}", f"{TODAY}", ""]


@pytest.mark.parametrize(
    ("how", "day"),
    [
        (how, day)
        for number, how in enumerate(OVERTAKEN)
        for day in (DAYS if SOAK else [DAYS[number % 3]])
    ],
)
def test_who_is_overtaken_reads_how_and_loses_nothing(sam: Client, how: str, day: str) -> None:
    row = make_request()
    form = opened(row, sam).type("visit_on", day)
    happens, said = OVERTAKEN[how]
    happens(row)
    before = AppointmentRequest.objects.get(pk=row.pk)

    answer = form.press("do", "save_next", follow=False)

    assert answer.status_code == 200
    page = stands(answer.text)
    assert "This request has changed since you opened it" in page
    for words in (said, TYPED, "Room <2>", "09:30", day):
        assert words in page
    for untrue in ("Schedule it anyway", "marked in red"):
        assert untrue not in page
    now = AppointmentRequest.objects.get(pk=row.pk)
    assert (now.version, now.status) == (before.version, before.status)
    assert TYPED not in [each.text for each in row.notes.all()]

    # Having read it, they do what is still right.
    again = {**filled(call="reached", text=TYPED), "version": version_on(answer.text)}
    assert sam.post(address(row), again).status_code == 303
    assert ("reached", TYPED) in [(each.kind, each.text) for each in row.notes.all()]


def test_a_visit_that_can_no_longer_be_set_is_told_until_all_is_saved(sam: Client) -> None:
    row = make_request()
    form = opened(row, sam)
    workflow.cancel(pk=row.pk, by=PATIENT)
    answer = form.press("do", "save", follow=False)
    for do, step in [("save", ""), ("save_next", ""), ("save_next", "leave"), ("acknowledge", "")]:
        sent: dict[str, list[str]] = {}
        for name, value in sent_by(form_in(answer.text)):
            sent.setdefault(name, []).append(value)
        empty = {"call": "", "text": "", "next": step}
        answer = sam.post(address(row), {**sent, **empty, "do": do})
        assert "Room <2>" in stands(answer.text)

    # A second note takes the place of none, and what was told stays told wherever it is sent.
    note = {**filled("schedule", text="A second one"), "typed": f"Note: {TYPED}", "version": "1"}
    again = stands(sam.post(address(row), note).text)
    assert f"Note {TYPED}" in again
    assert "Note A second one" in again
    AppointmentRequest.objects.all().delete()
    assert f"Note {TYPED} Note A second one" in words_of(sam.post(address(row), note).text)
    User.objects.get(username="sam").groups.clear()
    assert TYPED in words_of(sam.post(address(row), note).text)


@pytest.mark.parametrize(
    ("step", "how"),
    [("aside", "closed it"), ("back", "set a visit"), ("back", "the patient canceled")],
)
def test_what_left_the_list_meanwhile_is_not_called_back_or_set_aside(
    sam: Client, step: str, how: str
) -> None:
    day = TODAY + dt.timedelta(days=3)
    row = make_request(**({"set_aside_until": day} if step == "back" else {}))
    form = Filled(sam, address(row)).type("next", step)
    if step == "aside":
        form.type("text", "Away").type("set_aside_until", f"{day}")
        assert form.press("do", "save", follow=False).status_code == 303
    OVERTAKEN[how][0](AppointmentRequest.objects.get(pk=row.pk))

    answer = form.press("do", "save", follow=False)

    assert "This request has changed since you opened it" in answer.text
    assert OVERTAKEN[how][1] in stands(answer.text)


def test_a_place_that_was_typed_for_no_step_is_told_where_there_is_no_field_for_it(
    sam: Client,
) -> None:
    row = make_request()
    form = opened(row, sam).type("next", "leave")
    workflow.cancel(pk=row.pk, by=PATIENT)

    page = form.press("do", "save", follow=False).text

    assert "This request has changed since you opened it" in page
    for words in ("Room <2>", "09:30", TYPED):
        assert words in stands(page)


def test_a_step_that_cannot_be_taken_any_more_is_not_chosen_by_itself(sam: Client) -> None:
    row = make_request()
    form = opened(row, sam).type("next", "contacting").type("visit_place", "")
    workflow.cancel(pk=row.pk, by=PATIENT)

    page = form.press("do", "save", follow=False).text

    assert "This request has changed since you opened it" in page
    assert "Next I am contacting the patient" in stands(page)  # told, beside what was typed
    assert "next" not in dict(sent_by(form_in(page)))


def test_a_mere_note_of_a_colleague_overtakes_nobody(sam: Client) -> None:
    row = make_request()
    mine, form = Filled(sam, address(row)).type("text", "Prefers mornings."), opened(row, sam)
    work_on(pk=row.pk, version=0, by=kim(), text="Prefers noon.")

    assert form.press("do", "save", follow=False).status_code == 303
    assert mine.press("do", "save", follow=False).status_code == 303  # nor is a note overtaken
    assert row.notes.count() == 3


def test_a_place_that_was_cleared_stays_so(sam: Client) -> None:
    row = make_request(status="scheduled", visit_at=timezone.now(), visit_place="Room 1")
    form = opened(row, sam).type("visit_place", "")
    workflow.take(pk=row.pk, by=kim())

    page = form.press("do", "save", follow=False).text

    assert "This request has changed since you opened it" in page
    assert dict(sent_by(form_in(page)))["visit_place"] == ""


def test_of_a_request_that_was_erased_what_was_typed_is_shown(sam: Client) -> None:
    last_week = timezone.now() - dt.timedelta(days=7)
    row = make_request(status="closed", close_reason="answered", status_at=last_week)
    form = Filled(sam, address(row)).type("call", "reached").type("text", TYPED)
    assert purge(days=1) == 1

    answer = form.press("do", "save", follow=False)

    assert answer.status_code == 404
    page = words_of(answer.text)
    assert "the request was erased meanwhile" in page
    assert f"The call Spoke with them Note {TYPED}" in page
    assert sam.get(address(row)).status_code == 404


def test_of_a_request_erased_while_its_page_is_made_what_was_typed_is_shown(
    sam: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def erased(*args: object) -> None:
        raise IntegrityError("no such request")

    form = Filled(sam, address(make_request())).type("next", "close").type("text", TYPED)
    monkeypatch.setattr("appointments.staff.request_page.note_presence", erased)
    answer = form.press("do", "save", follow=False)

    assert answer.status_code == 404
    assert TYPED in words_of(answer.text)


def test_of_a_right_that_was_withdrawn_what_was_typed_is_shown(sam: Client) -> None:
    row = make_request()
    form = opened(row, sam)
    User.objects.get(username="sam").groups.clear()

    answer = form.press("do", "save", follow=False)

    assert answer.status_code == 403
    page = html.unescape(answer.text)
    for words in (TYPED, "Room <2>", "Nothing was changed."):
        assert words in page
    assert "Opened at" not in page
    assert not row.notes.exists()


def test_of_a_session_that_ended_the_form_comes_back_and_is_sent_once_more() -> None:
    sam, browser, row = make_account("sam", "scheduler"), Browser(), make_request()
    browser.sign_in(sam)
    form = opened(row, browser)
    fields = {name: values[0] for name, values in form.fields.items()} | {"do": "save_next"}
    token = fields.pop("csrfmiddlewaretoken")
    browser.end_session()

    assert browser.send(token, fields, path=address(row))["Location"].startswith("/admin/login/")
    browser.sign_in(sam)
    page = browser.get("/admin/kept/").text
    shown = html.unescape(page.partition("<dl>")[2])
    for words in (TYPED, "Room <2>"):
        assert words in shown
    for words in ("Opened at", "save_next", "Version"):
        assert words not in shown

    assert browser.send_again(page).status_code == 303
    assert row.notes.get().text == TYPED
    assert row.changes.get().to_status == "scheduled"


@pytest.mark.parametrize("away", ["the call", "the commit"])
def test_while_the_database_is_away_it_stays_and_is_done_once(
    sam: Client, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    row = make_request()
    form = opened(row, sam)

    def lost(**values: object) -> None:
        if away == "the commit":  # nobody knows whether it was stored: it was
            work_on(**values)  # type: ignore[arg-type]
        raise OperationalError("locked")

    monkeypatch.setattr("appointments.staff.request_page.work_on", lost)
    answer = form.press("do", "save", follow=False)
    assert answer.status_code == 503
    page = stands(answer.text)
    for words in ("It was not stored.", TYPED, "Room <2>", "09:30"):
        assert words in page

    monkeypatch.undo()
    assert form.press("do", "save", follow=False).status_code == 303
    assert row.notes.count() == 1
    assert row.changes.count() == 1


def test_while_all_of_it_is_away_the_page_sends_it_once_more(sam: Client) -> None:
    def gone(execute: Callable[..., object], *args: object) -> object:
        raise OperationalError("away")

    row = make_request()
    form = opened(row, sam)
    with connection.execute_wrapper(gone):
        answer = form.press("do", "save", follow=False)
    assert answer.status_code == 503
    for words in (TYPED, "Room <2>", "What you sent is kept on this page."):
        assert words in html.unescape(answer.text)


def test_what_was_saved_is_not_called_lost_where_the_next_one_cannot_be_read(
    sam: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise DatabaseError("away")

    row = make_request()
    monkeypatch.setattr("appointments.staff.request_page.next_in", away)
    answer = opened(row, sam).press("do", "save_next", follow=False)

    assert answer.status_code == 303
    assert answer["Location"].endswith("/appointmentrequest/?tab=waiting#asked")
    assert row.notes.count() == 1
    assert "The next one could not be read." in sam.get(address(row)).text


def test_back_and_send_again_does_nothing_twice(sam: Client) -> None:
    row = make_request()
    form = opened(row, sam)
    assert form.press("do", "save_next", follow=False).status_code == 303
    assert form.press("do", "save_next", follow=False).status_code == 303  # the same: quiet
    assert (row.notes.count(), row.changes.count()) == (1, 1)

    told = form.type("visit_time", "11:00").press("do", "save", follow=False)  # not the same
    assert "This request has changed since you opened it" in told.text
    assert "(sam)" in stands(told.text)
    assert (row.notes.count(), row.changes.count()) == (1, 1)
