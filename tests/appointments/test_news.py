"""Patients hear of each step that concerns them, by neutral mail if they agreed."""

import datetime as dt
import re

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services import workflow
from appointments.services.news import tell_of_lateness, tell_of_visits
from appointments.services.work import work_on
from appointments.states import STEPS as BY_NAME
from appointments.states import News, Status
from appointments.tokens import status_token
from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.clinic import read_clinic
from clinic_site.mail.models import MailState
from clinic_site.models import Clinic, OutboxMessage
from tests.appointments.office import (
    FIND,
    NOON,
    PATIENT,
    QUEUE,
    address,
    filled,
    send_request,
    version_on,
    visit_in,
    work,
)
from tests.make import make_request, sign_in_as
from tests.smtp_sink import Mail, Sink

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
BY_MAIL, MUST_CALL = "The patient will be told by mail.", "Nobody is told: you must call."
UNLESS_SPAM = "The patient will be told by mail, unless it is spam."

pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]


@pytest.fixture(autouse=True)
def clinic(desk: User) -> Clinic:
    return Clinic.objects.get()


def agreed(**values: object) -> AppointmentRequest:
    """A request whose patient agreed to mail."""
    return make_request(email="ana@home.example", email_ok=True, message="It hurts", **values)


def do(staff: Client, asked: AppointmentRequest, name: str, **form: str) -> str:
    """Staff choose a step, or a call, and save, or take it; return what they then read."""
    data: dict[str, object] = {**(filled(name) if name in BY_NAME else filled(call=name))}
    data |= {"do": name} if name in {"take", "undo"} else {}
    data |= {"version": AppointmentRequest.objects.get(pk=asked.pk).version, **form}
    return staff.post(address(asked), data, follow=True).text


def visit_at(at: dt.datetime, asked: AppointmentRequest) -> None:
    """Staff set a visit, or another one."""
    version = AppointmentRequest.objects.get(pk=asked.pk).version
    by = Actor("desk", account=User.objects.get(username="desk"))
    work_on(pk=asked.pk, step="schedule", version=version, by=by, visit_at=at)


def told(asked: AppointmentRequest) -> list[str]:
    """What mails to the patient tell of, in order."""
    mails = OutboxMessage.objects.filter(reference=asked.reference, user=None).order_by("pk")
    return [mail.kind.removeprefix("patient_") for mail in mails]


def to_ana(sink: Sink) -> list[Mail]:
    return sink.to("ana@home.example")


def look_for_news(now: dt.datetime) -> None:
    """What two workers do when they look at the clinic's time."""
    local = now.astimezone(read_clinic().zone)
    for _worker in range(2):
        tell_of_visits(local, lambda: True)
        tell_of_lateness(local, lambda: True)


# Each step


VISIT, CLOSE = visit_in(9), {"close_reason": "other", "text": "Moved away"}
STEPS = {
    ("new", "contacting"): ({}, []),
    ("new", "schedule"): (VISIT, ["scheduled"]),
    ("new", "close"): (CLOSE, ["closed"]),
    ("contacting", "new"): ({}, []),
    ("contacting", "schedule"): (VISIT, ["scheduled"]),
    ("contacting", "close"): ({"close_reason": "spam"}, []),
    ("scheduled", "off"): ({}, ["changed"]),
    ("scheduled", "schedule"): (VISIT, ["changed"]),
    ("scheduled", "close"): ({"close_reason": "visited"}, ["closed"]),
    ("closed", "again"): ({}, []),
    ("cancelled", "again"): ({}, []),
    ("quarantined", "not_spam"): ({}, ["received"]),
    ("quarantined", "close"): (CLOSE, []),
    ("new", "reached"): ({}, []),
    ("new", "take"): ({}, []),
}


@pytest.mark.parametrize(("status", "name"), STEPS)
def test_each_step_tells_the_patient_what_the_table_says_and_no_more(
    sam: Client, sink: Sink, client: Client, status: str, name: str
) -> None:
    form, expected = STEPS[status, name]
    asked = agreed(status=status, suspicion="sender" if status == "quarantined" else "")
    page = sam.get(address(asked)).text
    if name == "schedule":
        assert BY_MAIL in page
    if name == "close":
        assert (UNLESS_SPAM in page) == (status != "quarantined")

    after = do(sam, asked, name, **form)

    assert told(asked) == expected
    (said,) = re.findall(r'<li class="success">([^<]*)</li>', after)
    assert (BY_MAIL in said) == bool(expected)
    work()
    mails = to_ana(sink)
    assert len(mails) == len(expected)
    for mail in mails:
        assert asked.reference in mail.text
        own = mail.whole.replace("To: ana@home.example", "")
        assert not re.search(
            r"\bana\b|l.pez|5550142|hurt|back|spine|visit|appointment\b|doctor|"
            r"today|tomorrow|monday|tuesday|wednesday|thursday|friday|10:30",
            own.replace("/appointments/mail/", "").casefold(),
        )
        opens = re.search(r"https://localhost(/appointments/mail/\S+/)", mail.text)
        assert opens
        form_page = client.get(opens[1])
        assert form_page.status_code == 200
        assert asked.reference not in form_page.text
        assert client.post(opens[1], {"phone": "605-555-0199"}).status_code == 200
        answer = client.post(opens[1], {"phone": "605-555-0142"})
        assert answer.status_code == 303
        assert answer["Location"] == f"{FIND}{status_token(asked.attempt)}/"
    assert not OutboxMessage.objects.filter(state=MailState.WAITING).exists()


def test_every_news_is_told_by_some_story() -> None:
    steps = {news for _form, expected in STEPS.values() for news in expected}
    assert {*steps, News.REMINDER, News.LATE} == set(News)


def test_a_step_done_twice_or_taken_back_in_time_is_told_once(sam: Client, sink: Sink) -> None:
    asked = agreed()
    page = version_on(sam.get(address(asked)).text)
    for _click in range(2):
        sam.post(address(asked), {**VISIT, "version": page})
    assert told(asked) == ["scheduled"]

    workflow.cancel(pk=asked.pk, by=PATIENT)  # before the mail went out

    work()
    assert to_ana(sink) == []
    assert told(asked) == ["scheduled"]


def test_of_what_was_done_twice_while_the_mail_server_was_away_only_the_last_is_told(
    sam: Client, sink: Sink
) -> None:
    again, ended = agreed(), agreed()
    for name, form in (("schedule", VISIT), ("off", {}), ("schedule", visit_in(5))):
        do(sam, again, name, **form)
    for name, form in (("close", CLOSE), ("again", {}), ("close", CLOSE)):
        do(sam, ended, name, **form)

    work()

    sent = OutboxMessage.objects.filter(state=MailState.SENT).order_by("pk")
    kinds = [(mail.reference, mail.kind) for mail in sent]
    assert kinds == [
        (again.reference, "patient_scheduled"),
        (ended.reference, "patient_closed"),
    ]
    assert len(to_ana(sink)) == 2


def test_of_a_closing_that_is_undone_hears_only_who_had_heard_of_it(
    sam: Client, sink: Sink
) -> None:
    heard, unheard = agreed(), agreed()
    do(sam, heard, "close", **CLOSE)
    work()
    do(sam, unheard, "schedule", **VISIT)

    assert f"Undone. {BY_MAIL}" in do(sam, heard, "undo")
    for _time in range(2):
        do(sam, unheard, "close", **CLOSE)
        assert BY_MAIL not in re.findall(r'"success">([^<]*)<', do(sam, unheard, "undo"))[0]
    work()

    assert told(heard) == ["closed", "changed"]
    assert told(unheard) == ["scheduled", "closed", "closed"]
    sent = OutboxMessage.objects.filter(reference=unheard.reference, state=MailState.SENT)
    assert [mail.kind for mail in sent] == ["patient_scheduled"]


def test_who_was_to_be_called_before_a_closing_that_is_undone_still_is(sam: Client) -> None:
    visit, plain = make_request(), make_request()
    do(sam, visit, "schedule", **VISIT)
    assert "must be called" not in do(sam, visit, "close", close_reason="visited")
    assert "must be called" in do(sam, plain, "close", **CLOSE)

    assert "must be called" in do(sam, visit, "undo")
    assert "must be called" not in do(sam, plain, "undo")


def test_who_is_suspected_hears_nothing_until_a_person_says_it_is_no_spam(
    sam: Client, sink: Sink, settings
) -> None:
    settings.REQUESTS_AN_HOUR = 0
    Clinic.objects.update(answer_within_hours=1)
    asked = send_request()
    workflow.request_change(pk=asked.pk, text="Friday?", by=PATIENT)
    look_for_news(timezone.now() + 3 * DAY)
    work()
    assert sink.mails == []
    AppointmentRequest.objects.update(change_requested_at=None)

    do(sam, asked, "close", close_reason="spam")
    look_for_news(timezone.now() + 3 * DAY)
    assert told(asked) == []
    do(sam, asked, "again")  # it was none: taken up again

    assert told(asked) == ["received"]
    assert work() == 2  # the desk hears of a new request, too


def test_lateness_is_held_back_with_the_rest_and_told_after_the_release(
    sam: Client, settings
) -> None:
    settings.REQUESTS_AN_HOUR = 0
    Clinic.objects.update(answer_within_hours=1)
    asked = send_request()
    look_for_news(timezone.now() + 3 * DAY)

    do(sam, asked, "not_spam")
    look_for_news(timezone.now() + 3 * DAY)

    assert told(asked) == ["received", "late"]


# The day before


def test_the_day_before_a_visit_its_patient_is_reminded_once(sink: Sink, desk: User) -> None:
    asked = agreed()
    visit = NOON + 5 * DAY  # Saturday, noon
    with time_machine.travel(NOON, tick=False) as clock:
        visit_at(visit, asked)
        work()
        for days, hours, expected in ((3, 6, 0), (4, -3.1, 0), (4, -3, 1), (4, 5, 1), (5, -2, 1)):
            now = NOON + days * DAY + hours * HOUR
            clock.move_to(now)
            look_for_news(now)
            work()
            assert told(asked) == ["scheduled"] + ["reminder"] * expected, (days, hours)
    assert len(to_ana(sink)) == 2
    reminder = to_ana(sink)[1]
    assert reminder.message["Subject"] == "A reminder"
    assert "coming up" in reminder.text


def test_a_visit_that_is_moved_is_reminded_of_anew(sink: Sink, desk: User) -> None:
    asked = agreed()
    with time_machine.travel(NOON, tick=False) as clock:
        visit_at(NOON + 2 * DAY, asked)
        clock.move_to(NOON + DAY)
        look_for_news(NOON + DAY)
        work()
        visit_at(NOON + 5 * DAY, asked)
        clock.move_to(NOON + 4 * DAY)
        look_for_news(NOON + 4 * DAY)
        work()
    assert told(asked) == ["scheduled", "reminder", "changed", "reminder"]
    assert len(to_ana(sink)) == 4


def test_a_visit_set_today_for_tomorrow_was_told_today(desk: User) -> None:
    asked = agreed()
    with time_machine.travel(NOON, tick=False):
        visit_at(NOON + DAY, asked)
        look_for_news(NOON + HOUR)
    assert told(asked) == ["scheduled"]


def test_a_visit_that_is_off_or_moved_when_the_mail_goes_out_is_not_reminded_of(
    sink: Sink, desk: User
) -> None:
    off, moved, over, stands = agreed(), agreed(), agreed(), agreed()
    by = Actor("desk", account=desk)
    with time_machine.travel(NOON, tick=False) as clock:
        for asked in (off, moved, over, stands):
            visit_at(NOON + 2 * DAY, asked)
        visit_at(NOON + 2 * DAY - 4 * HOUR, over)
        work()
        clock.move_to(NOON + DAY)
        look_for_news(NOON + DAY)
        clock.move_to(NOON + DAY + HOUR)
        work_on(pk=off.pk, step="off", version=2, by=by)
        visit_at(NOON + 2 * DAY + HOUR, moved)
        clock.move_to(NOON + 2 * DAY - HOUR)  # the mail server was away until now
        work()
    sent = OutboxMessage.objects.filter(kind="patient_reminder", state=MailState.SENT)
    assert [mail.reference for mail in sent] == [stands.reference]
    assert OutboxMessage.objects.filter(kind="patient_reminder").count() == 4


def test_the_day_before_is_the_clinics(desk: User) -> None:
    Clinic.objects.update(time_zone="Pacific/Honolulu")
    asked = agreed()
    visit = dt.datetime.fromisoformat("2026-03-13T22:00-10:00")  # the 14th elsewhere
    with time_machine.travel(NOON, tick=False):
        visit_at(visit, asked)
    look_for_news(dt.datetime.fromisoformat("2026-03-12T08:59-10:00"))
    assert told(asked) == ["scheduled"]
    look_for_news(dt.datetime.fromisoformat("2026-03-12T23:59-10:00"))
    assert told(asked) == ["scheduled", "reminder"]


# Lateness


def test_once_the_clinics_own_limit_has_passed_the_patient_is_told_so(
    sink: Sink, client: Client, desk: User
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        waits, answered, silent = agreed(), agreed(), make_request()
        by = Actor("desk", account=desk)
        work_on(pk=answered.pk, version=1, by=by, call="voicemail")
        clock.move_to(NOON + 5 * HOUR)
        look_for_news(timezone.now())
        assert told(waits) == []  # the clinic has set no limit
        Clinic.objects.update(answer_within_hours=4)
        for hours in (5, 6):
            clock.move_to(NOON + hours * HOUR)
            look_for_news(timezone.now())
            work()

        for asked in (waits, silent):  # who gave no address reads it there
            page = client.get(f"{FIND}{status_token(asked.attempt)}/").text
            assert "<h1>Our answer is late</h1>" in page
            assert "We do so within" not in page
        page = client.get(f"{FIND}{status_token(answered.attempt)}/").text
        assert "is late" not in page
        assert "We do so within" not in page
    assert (told(waits), told(answered), told(silent)) == (["late"], [], [])
    (mail,) = to_ana(sink)
    assert mail.message["Subject"] == "Our answer is late"
    assert "Nothing is lost." in mail.text
    assert "call 605-217-5617" in mail.text


def test_on_the_day_on_which_the_clocks_go_forward_lateness_is_told_all_the_same(
    sink: Sink, desk: User
) -> None:
    Clinic.objects.update(answer_within_hours=24)
    day_before = NOON - 2 * DAY
    with time_machine.travel(day_before, tick=False) as clock:
        asked = agreed()
        for half_hours in (47, 48, 49):
            clock.move_to(day_before + half_hours * HOUR / 2)
            work()
            assert len(to_ana(sink)) == (half_hours == 49)
    assert told(asked) == ["late"]


def test_one_set_aside_keeps_no_mail_from_those_who_wait_for_long(desk: User) -> None:
    Clinic.objects.update(answer_within_hours=4)
    aside = {"set_aside_until": timezone.localdate(NOON) + 9 * DAY}
    late, fresh = (agreed(received_at=NOON + hours * HOUR, **aside) for hours in (0, 3))
    waits = agreed(received_at=NOON + HOUR)
    look_for_news(NOON + 6 * HOUR)
    assert [told(asked) for asked in (late, waits, fresh)] == [["late"], ["late"], []]


def test_an_answer_that_comes_before_the_mail_stops_it(sink: Sink, desk: User) -> None:
    Clinic.objects.update(answer_within_hours=4)
    with time_machine.travel(NOON, tick=False) as clock:
        asked = agreed()
        clock.move_to(NOON + 5 * HOUR)
        look_for_news(timezone.now())
        work_on(pk=asked.pk, version=1, by=Actor("desk", account=desk), call="reached")
        work()
    assert told(asked) == ["late"]
    assert sink.mails == []


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        *((reason, ["late"]) for reason in ("duplicate", "mistake", "not_reached")),
        *(("spam", ["late"]), ("answered", []), ("referred", [])),
    ],
)
def test_who_is_taken_up_again_unheard_is_told_that_the_answer_is_late(
    sam: Client, reason: str, expected: list[str]
) -> None:
    Clinic.objects.update(answer_within_hours=1)
    asked = agreed()
    do(sam, asked, "close", close_reason=reason, text="As noted")
    do(sam, asked, "again")
    look_for_news(timezone.now() + 3 * DAY)
    assert [news for news in told(asked) if news != "closed"] == expected


def test_who_canceled_and_is_taken_up_again_waits_for_no_first_answer(sam: Client) -> None:
    Clinic.objects.update(answer_within_hours=1)
    asked = agreed()
    workflow.cancel(pk=asked.pk, by=PATIENT)
    do(sam, asked, "again")
    look_for_news(timezone.now() + 3 * DAY)
    assert told(asked) == []


def test_only_open_hours_make_the_clinic_late(desk: User, clinic: Clinic) -> None:
    Clinic.objects.update(answer_within_hours=4)
    clinic.opening_hours.create(weekday=NOON.weekday(), opens="09:00", closes="13:00")
    asked = agreed(received_at=NOON)
    look_for_news(NOON + 6 * DAY)
    assert told(asked) == []
    look_for_news(NOON + 7 * DAY + HOUR)
    assert told(asked) == ["late"]


# What staff see


def test_who_gets_no_mail_must_be_called_until_a_call_is_logged(sam: Client) -> None:
    asked = make_request(email="ana@home.example")  # an address, but no yes
    assert MUST_CALL in sam.get(address(asked)).text
    assert "must be called" not in sam.get(f"{QUEUE}?tab=all").text

    assert f"The visit is set. {MUST_CALL}" in do(sam, asked, "schedule", **VISIT)

    assert "must be called" in sam.get(f"{QUEUE}?tab=all").text
    assert "must be called" in do(sam, asked, "no_answer")
    assert "must be called" in do(sam, asked, "leave", text="Called?")
    assert "must be called" not in do(sam, asked, "voicemail")
    assert "must be called" not in sam.get(f"{QUEUE}?tab=all").text
    assert MUST_CALL in do(sam, asked, "off")  # the visit is off
    workflow.cancel(pk=asked.pk, by=PATIENT)
    assert "must be called" not in sam.get(f"{QUEUE}?tab=all").text


def test_who_was_reached_just_before_knows(sam: Client) -> None:
    asked = make_request()
    do(sam, asked, "reached")
    page = sam.get(address(asked)).text
    assert MUST_CALL not in page
    assert "No mail tells the patient." in page  # of closing, for whatever reason
    after = do(sam, asked, "schedule", **VISIT)
    assert "The visit is set." in after
    assert "must be called" not in after
    with time_machine.travel(timezone.now() + 2 * HOUR):
        sam = sign_in_as("scheduler", name="sam")  # meanwhile the session ended
        assert MUST_CALL in sam.get(address(asked)).text
        assert "must be called" in do(sam, asked, "schedule", **visit_in(5))


@pytest.mark.parametrize(
    ("reason", "must"), [("other", True), ("mistake", True), ("answered", False), ("spam", False)]
)
def test_closing_asks_for_a_call_where_the_patient_has_heard_nothing(
    sam: Client, reason: str, must: bool
) -> None:
    asked = make_request()
    assert (
        "must be called" in do(sam, asked, "close", close_reason=reason, text="As noted")
    ) is must


@pytest.mark.parametrize(
    ("reason", "must"), [("visited", False), ("no_show", False), ("spam", False), ("other", True)]
)
@pytest.mark.parametrize("by_mail", [False, True])
def test_whom_nobody_called_before_is_called_after_closing_only_if_they_heard_nothing(
    sam: Client, reason: str, must: bool, by_mail: bool
) -> None:
    asked = agreed() if by_mail else make_request()
    do(sam, asked, "schedule", **VISIT)
    if by_mail:
        OutboxMessage.objects.update(state=MailState.DEAD)
    assert "must be called" in sam.get(f"{QUEUE}?tab=all").text

    after = do(sam, asked, "close", close_reason=reason, text="As noted")
    OutboxMessage.objects.update(state=MailState.DEAD)

    assert (MUST_CALL in after) is (must and not by_mail)
    assert ("must be called" in sam.get(f"{QUEUE}?tab=all").text) is must


def test_whose_visit_took_place_is_not_called_about_it_when_taken_up_again(sam: Client) -> None:
    asked = make_request()
    do(sam, asked, "schedule", **VISIT)
    do(sam, asked, "close", close_reason="visited")

    do(sam, asked, "again")

    assert "must be called" not in sam.get(f"{QUEUE}?tab=all").text


def test_a_visit_moved_twice_while_no_mail_goes_out_is_told_once(sam: Client, sink: Sink) -> None:
    asked = agreed(status="scheduled")
    for time in ("09:00", "11:00"):
        do(sam, asked, "schedule", **{**VISIT, "visit_time": time})

    work()

    assert len(to_ana(sink)) == 1


def test_suspected_spam_that_is_closed_asks_for_no_call(sam: Client) -> None:
    asked = make_request(status="quarantined", suspicion="sender")
    after = do(sam, asked, "close", **CLOSE)
    assert MUST_CALL not in after
    assert "must be called" not in sam.get(f"{QUEUE}?tab=all").text


def test_the_queue_says_what_each_was_told_last_and_when_a_mail_failed(
    sam: Client, sink: Sink
) -> None:
    asked = agreed()
    do(sam, asked, "schedule", **VISIT)
    assert re.search(
        r"mail “a visit is set”: waiting, \w+ \d+, \d+:\d+ [AP]M", sam.get(f"{QUEUE}?tab=all").text
    )
    work()
    assert "mail “a visit is set”: sent," in sam.get(f"{QUEUE}?tab=all").text

    OutboxMessage.objects.filter(kind="patient_scheduled").update(state="dead", sent_at=None)

    page = sam.get(f"{QUEUE}?tab=all").text
    assert "mail “a visit is set”: given up," in page
    assert "must be called" in page
    assert "must be called" not in do(sam, asked, "reached")


def test_the_queue_finds_it_in_as_many_queries_for_one_as_for_many(sam: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            sam.get(f"{QUEUE}?tab=all")
        return sum("clinic" not in each["sql"] or "outbox" in each["sql"] for each in captured)

    agreed()
    sam.get(f"{QUEUE}?tab=all")
    few = queries()
    for _n in range(6):
        visit_at(timezone.now() + 9 * DAY, agreed())
    assert queries() == few


def test_a_visits_start_and_length_stay_in_the_history(sam: Client) -> None:
    asked = make_request()
    do(sam, asked, "schedule", **VISIT, visit_minutes="45")
    page = do(sam, asked, "off")
    assert re.findall(r"\(visit: [^)]+, 10:30 AM, 45 minutes\)", page)[1:]
    assert asked.changes.filter(to_status=Status.SCHEDULED).get().visit_minutes == 45
