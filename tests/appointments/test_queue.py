"""Staff work through the queue in the admin, a list at a time."""

import datetime as dt
import html
import re
from collections.abc import Callable

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import AppointmentRequest, Presence, StatusChange
from appointments.services import workflow
from appointments.services.purge import purge
from appointments.services.queue import TABS, next_in, tabs_for
from appointments.services.work import work_on
from appointments.states import CloseReason, Status
from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.clinic import Remembered
from clinic_site.crypto import fields
from clinic_site.models import Clinic
from tests.appointments.office import (
    QUEUE,
    address,
    events,
    filled,
    listed,
    version_on,
    without_breaks,
)
from tests.make import by, make_account, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

SPAM = f"{QUEUE}spam/"
MINUTE, HOUR, DAY = (dt.timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))
BY_SCRIPT = {"X-Background": "1"}


def said(page: str) -> str:
    """The rows of a page as a reader sees them."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_longest_waiting_stands_first_and_what_is_overdue_is_marked(sam: Client) -> None:
    now = timezone.now()
    young = make_request(patient_name="Young")
    old = make_request(patient_name="Old", received_at=now - 25 * HOUR)
    spam = make_request(patient_name="Maybe", status="quarantined", received_at=now - 2 * HOUR)
    done = make_request(patient_name="Done", status="closed", received_at=now)

    page = sam.get(QUEUE).text

    assert listed(page) == [old.reference, young.reference]
    assert page.count("overdue</strong>") == 1
    assert page.index("Old") < page.index("overdue</strong>") < page.index("Young")
    seen = events(action="listed")
    assert [each.references.split() for each in seen] == [[old.reference, young.reference]]
    assert (seen[0].actor, seen[0].source) == ("sam", "192.0.2.7")
    assert listed(sam.get(f"{QUEUE}?tab=all").text)[-1] == done.reference

    # What looks like spam stands in a list of its own, to which the front page leads.
    front = sam.get("/admin/").text
    assert "2 requests wait." in front
    link = f'<a href="{QUEUE}?tab=spam">1 request looks like spam, and may be a patient.</a>'
    assert link in without_breaks(front)
    assert listed(sam.get(f"{QUEUE}?tab=spam").text) == [spam.reference]


def test_what_is_closed_leaves_the_top_and_is_back_there_once_it_is_taken_up(sam: Client) -> None:
    now = timezone.now()
    old = make_request(received_at=now - 3 * HOUR)
    young = make_request(received_at=now - HOUR)

    def do(step: str, **sent: str) -> None:
        sent["version"] = version_on(sam.get(address(old)).text)
        sam.post(address(old), filled(step, **sent))

    assert listed(sam.get(f"{QUEUE}?tab=all").text) == [old.reference, young.reference]
    do("close", close_reason="not_reached")
    assert listed(sam.get(f"{QUEUE}?tab=all").text) == [young.reference, old.reference]
    do("again")
    assert listed(sam.get(f"{QUEUE}?tab=all").text) == [old.reference, young.reference]


def test_a_promise_of_an_hour_makes_a_request_overdue_sooner(sam: Client) -> None:
    Clinic.objects.update_or_create(pk=1, defaults={"answer_within_hours": 1})
    make_request(received_at=timezone.now() - dt.timedelta(minutes=70))

    assert "overdue</strong>" in sam.get(QUEUE).text


def test_each_list_holds_what_it_says_and_counts_it(sam: Client) -> None:
    now, today = timezone.now(), timezone.localdate()
    me, kim = User.objects.get(username="sam"), make_account("kim")
    rows = {
        "late": make_request(received_at=now - 30 * HOUR, taken_by=kim),
        "due": make_request(received_at=now - HOUR, set_aside_until=today, taken_by=me),
        "aside": make_request(received_at=now - 35 * HOUR, set_aside_until=today + DAY),
        "free": make_request(received_at=now - 2 * HOUR, status="contacting"),
        "old spam": make_request(received_at=now - 40 * HOUR, status="quarantined"),
        "spam": make_request(status="quarantined"),
        "over": make_request(status="scheduled", visit_at=now - 2 * DAY),
        "visit": make_request(status="scheduled", change_requested_at=now - DAY),
        "gone": make_request(status="cancelled", change_requested_at=now),
        "done": make_request(status="closed", received_at=now - 60 * HOUR),
    }
    held = {
        "waiting": ["due", "late", "free"],
        "mine": ["due"],
        "nobody": ["free"],
        "overdue": ["old spam", "aside", "late"],
        "changes": ["visit", "gone"],
        "aside": ["aside"],
        "visits": ["over", "visit"],
        "spam": ["old spam", "spam"],
    }

    for name, names in held.items():
        shown = listed(sam.get(f"{QUEUE}?tab={name}").text)
        assert shown == [rows[each].reference for each in names], name
    assert len(listed(sam.get(f"{QUEUE}?tab=all").text)) == len(rows)
    counts = {tab.name: count for tab, count, _here in tabs_for(me, now)}
    uncounted = {"visits": None, "all": None}
    assert counts == {**{name: len(names) for name, names in held.items()}, **uncounted}
    visits = said(sam.get(f"{QUEUE}?tab=visits").text)
    assert visits.count("is over: close it") == 1


def test_a_row_tells_what_to_know_before_a_call(sam: Client) -> None:
    now = timezone.now()
    asked = make_request(
        patient_name="Maximiliana " + "Hohenlohe-Schillingsfürst " * 4,
        condition="spinal-compression-fractures",
        date_of_birth_month="4",
        date_of_birth_day="27",
        date_of_birth_year=str(timezone.localdate().year - 76),
        message="It hurts <badly> since I lifted a box. " * 9,
        asking_for="on",
        contact_name="Mia Muster",
        voicemail_ok="on",
        set_aside_until=timezone.localdate(),
        set_aside_reason="no answer",
        received_at=now - 50 * HOUR,
        taken_by=make_account("kim"),
    )
    make_request(patient_name="Hurt", kind="question", message="When?", status="contacting")
    Presence.objects.note(asked, make_account("lee"))

    page = said(sam.get(QUEUE).text)

    row = page[page.index("Maximiliana") : page.index("Hurt")]
    for words in (
        *("An appointment: Spinal compression fractures", "It hurts <badly> since"),
        *("605-555-0142", "ask for Mia Muster, voicemail is fine", "waits 2 days, overdue"),
        *("was set aside until", ": no answer", "kim has it", "lee has it open"),
    ):
        assert words in row
    assert re.search(r"… , 7[56] An appointment", row)
    assert row.count("Hohenlohe") < 4
    assert row.count("It hurts") < 4
    assert "An answer to a question" in page[page.index("Hurt") :]


def test_an_empty_list_says_so_and_a_long_one_has_pages(sam: Client, settings) -> None:
    settings.LIST_ROWS = 2
    for tab in TABS.values():
        assert str(tab.empty) in without_breaks(sam.get(f"{QUEUE}?tab={tab.name}").text)
    now = timezone.now()
    rows = [make_request(received_at=now - n * HOUR).reference for n in range(5, 0, -1)]
    assert listed(sam.get(f"{QUEUE}?tab=gossip&page=x").text) == rows[:2]

    address, seen = f"{QUEUE}?tab=nobody", []
    while address:
        page = sam.get(address).text
        seen += listed(page)
        following = re.search(r'href="([^"]+)">Next page', page)
        address = QUEUE + following[1].replace("&amp;", "&") if following else ""

    assert seen == rows
    beyond = sam.get(f"{QUEUE}?tab=nobody&page=9").text
    assert "The list ends before this page." in beyond
    assert "First page" in beyond


def test_each_list_takes_eight_queries_however_many_rows(
    sam: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, me = timezone.now(), User.objects.get(username="sam")

    def queries(tab: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert listed(sam.get(f"{QUEUE}?tab={tab}").text)
        return len(captured)

    sam.get(QUEUE)
    monkeypatch.setattr(Remembered, "in_background", True)  # as in a web process
    for _round in range(2):
        make_request(received_at=now - 30 * HOUR, change_requested_at=now)
        make_request(status="contacting", taken_by=me)
        make_request(set_aside_until=timezone.localdate(now) + DAY)
        make_request(status="scheduled", visit_at=now + DAY)
        make_request(status="quarantined")
        sam.post(SPAM, {"pk": [make_request(status="quarantined").pk], "sure": "yes"})
        assert {tab: queries(tab) for tab in TABS} == dict.fromkeys(TABS, 8)


def test_only_what_is_shown_is_decrypted(
    sam: Client, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def counted(value: str, decrypt: Callable[[str], str] = fields.decrypt) -> str:
        opened.append(value)
        return decrypt(value)

    monkeypatch.setattr(fields, "decrypt", counted)
    settings.LIST_ROWS = 3
    for _n in range(9):
        make_request(message="It hurts.")

    sam.get(QUEUE)

    assert len(opened) == 3


def renewed(client: Client, page: str, tab: str = "waiting") -> str:
    """What a script gets that renews a page."""
    shown = re.search(r'data-shown="([^"]*)"', page)
    assert shown
    answer = client.post(f"{QUEUE}?tab={tab}", {"shown": shown[1]}, headers=BY_SCRIPT)
    assert answer.status_code == 200
    return answer.text


def test_a_renewed_list_is_on_record_only_for_what_was_not_shown_before(
    sam: Client, kim: Client
) -> None:
    first = make_request()
    page = sam.get(QUEUE).text
    again = renewed(sam, page)
    assert listed(again) == [first.reference]
    assert "<html" not in again
    second = make_request()
    more = renewed(sam, again)
    assert listed(renewed(sam, more)) == [first.reference, second.reference]

    def on_record() -> list[str]:
        return [each.references for each in events(action="listed")]

    assert on_record() == [first.reference, second.reference]
    renewed(kim, more)  # whose page has shown none of it
    sam.post(QUEUE, {"shown": "forged"}, headers=BY_SCRIPT)
    assert on_record()[2:] == [f"{first.reference} {second.reference}"] * 2


def test_who_is_signed_out_is_sent_no_list(client: Client) -> None:
    make_request()
    answer = client.post(QUEUE, {"shown": ""}, headers=BY_SCRIPT)
    assert answer.status_code == 302
    assert not events(action="listed")


def test_colleagues_see_who_has_a_request_open(sam: Client, kim: Client) -> None:
    row = make_request()
    here = f"{QUEUE}{row.pk}/here/"

    def others(client: Client) -> str:
        return client.post(here, headers=BY_SCRIPT).json()["here"]

    assert others(sam) == ""
    assert others(kim) == "sam has it open too."
    assert others(sam) == "kim has it open too."
    assert "kim has it open" in sam.get(QUEUE).text
    assert "sam has it open" not in sam.get(QUEUE).text
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=91)):
        assert others(sam) == ""
        assert "kim has it open" not in sam.get(QUEUE).text
    assert not events(action="viewed")
    assert sam.post(f"{QUEUE}999/here/", headers=BY_SCRIPT).status_code == 404


def test_next_is_what_nobody_else_works_on(sam: Client) -> None:
    now = timezone.now()
    me, kim = User.objects.get(username="sam"), make_account("kim")
    rows = [make_request(received_at=now - n * HOUR) for n in range(9, 3, -1)]
    first, kims, opened, third, mine, last = rows
    AppointmentRequest.objects.filter(pk=kims.pk).update(taken_by=kim)
    AppointmentRequest.objects.filter(pk=mine.pk).update(taken_by=me)
    Presence.objects.note(opened, kim)
    Presence.objects.note(third, me)

    def after(row: AppointmentRequest, tab: str = "waiting") -> int | None:
        return next_in(TABS[tab], me, timezone.now(), after=row)

    assert [after(row) for row in (first, kims, third)] == [third.pk, third.pk, mine.pk]
    assert after(last) == first.pk  # from the top
    assert after(third, "mine") == mine.pk
    assert after(mine, "mine") is None
    # One that is worked on leaves its place, or the whole site, meanwhile.
    work_on(pk=third.pk, version=1, by=by(me), step="close", close_reason="other")
    AppointmentRequest.objects.filter(pk=third.pk).update(status_at=now - 9 * DAY)
    assert purge(days=1) == 1
    assert after(third) == mine.pk


@pytest.mark.parametrize("which", ["ticked", "all"])
def test_spam_is_closed_many_at_once_after_a_question_and_that_is_undone(
    sam: Client, kim: Client, settings, which: str
) -> None:
    settings.SPAM_AT_ONCE = 4
    spam = [make_request(status="quarantined") for _n in range(4)]
    fifth = make_request(status="quarantined")
    wish = make_request(status="quarantined", change_requested_at=timezone.now())
    patient = make_request()
    ticked = [str(row.pk) for row in (*spam, wish, patient)]

    asked = sam.post(SPAM, {"which": which, "pk": ticked}).text
    assert "Close 4 requests as spam?" in asked
    staying = {"ticked": "2 more stay: somebody has answered", "all": "1 more stays: somebody"}
    assert staying[which] in without_breaks(asked)
    statuses = AppointmentRequest.objects.values_list("status", flat=True)
    assert set(statuses) == {"quarantined", "new"}
    sent: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked):
        sent.setdefault(name, []).append(value)

    # Meanwhile a colleague finds that one is a patient's, and another one comes in.
    kim.post(address(spam[0]), filled("not_spam", version="1"))
    late = make_request(status="quarantined")
    done = sam.post(SPAM, {**sent, "sure": "yes"}, follow=True).text

    assert "3 requests closed as spam." in done
    assert "1 was left: a colleague dealt with it meanwhile" in done
    second_click = sam.post(SPAM, {**sent, "sure": "yes"}, follow=True).text
    assert "3 requests closed as spam." in second_click
    closed = {row.pk for row in AppointmentRequest.objects.filter(close_reason=CloseReason.SPAM)}
    assert closed == {row.pk for row in spam[1:]}
    assert listed(done) == [fifth.reference, wish.reference, late.reference]
    for untrue in ("tick what is to be closed first", "Nothing was closed"):
        assert untrue not in second_click
    left = sam.post(SPAM, {"pk": wish.pk}, follow=True).text
    assert "somebody has answered, or its patient asks for a change" in left
    assert "tick what is to be closed first" in sam.post(SPAM, {}, follow=True).text

    # It is undone once, by who did it, where nobody has changed it since.
    kim.post(address(spam[1]), filled("again", version="2"))
    assert "too late" in kim.post(f"{SPAM}undo/", follow=True).text
    back = sam.post(f"{SPAM}undo/", follow=True).text
    assert "2 requests are back here." in back
    assert {spam[2].reference, spam[3].reference} <= set(listed(back))
    assert StatusChange.objects.filter(request=spam[2]).count() == 2
    assert "too late" in sam.post(f"{SPAM}undo/", follow=True).text


def test_what_one_closed_lately_comes_back_whatever_broke_off_in_between(
    sam: Client, kim: Client, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, noted, kims, second, broken = (make_request(status="quarantined") for _n in range(5))

    def close(client: Client, *rows: AppointmentRequest) -> None:
        client.post(SPAM, {"pk": [row.pk for row in rows], "sure": "yes"})

    def save(row: AppointmentRequest, *changed: str, by: Actor, detail: str) -> None:
        if row == broken:
            raise OperationalError
        real_save(row, *changed, by=by, detail=detail)

    settings.UNDO_WITHIN = 7 * MINUTE
    assert "You can undo it for 7 minutes." in sam.post(SPAM, {"which": "all"}).text
    close(sam, first, noted, kims)
    real_save = workflow.save
    monkeypatch.setattr(workflow, "save", save)
    sam.raise_request_exception = False
    close(sam, second, broken)
    kim.post(address(noted), filled(text="It is.", version="2"))
    kim.post(address(kims), {"do": "undo", "version": "2"})
    close(kim, kims)

    assert "You have closed 2 requests as spam." in sam.get(f"{QUEUE}?tab=spam").text
    back = sam.post(f"{SPAM}undo/", follow=True).text

    assert "2 requests are back here." in back
    assert listed(back) == [row.reference for row in (first, second, broken)]
    assert "You have closed" not in back


def test_spam_closed_a_while_ago_stays_closed(sam: Client, settings) -> None:
    row = make_request(status="quarantined")
    sam.post(SPAM, {"pk": [row.pk], "sure": "yes"})
    with time_machine.travel(timezone.now() + settings.UNDO_WITHIN):
        assert "too late" in sam.post(f"{SPAM}undo/", follow=True).text
    row.refresh_from_db()
    assert row.status == Status.CLOSED


def test_nothing_is_closed_where_nothing_is_ticked(sam: Client) -> None:
    patient = make_request()
    for pks in ([], ["x", "9" * 30]):
        answer = sam.post(SPAM, {"pk": pks, "sure": "yes"}, follow=True)
        assert "tick what is to be closed" in answer.text
    answer = sam.post(SPAM, {"pk": patient.pk, "sure": "yes"}, follow=True)
    assert "1 was left: a colleague dealt with it" in answer.text
    assert set(AppointmentRequest.objects.values_list("status", flat=True)) == {"new"}
