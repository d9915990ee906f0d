"""What holds of the status page whoever looks: limits, the record, races, ends."""

import datetime as dt
import logging
import re

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appointments.models import AppointmentRequest
from appointments.services import workflow
from appointments.services.purge import purge
from appointments.services.search import phone_index
from appointments.services.work import work_on
from appointments.states import Status
from appointments.tokens import received_token, status_token
from clinic_site.access.models import User
from clinic_site.actor import PATIENT, Actor
from clinic_site.clinic import current_clinic
from clinic_site.crypto.fields import Ciphertext, EncryptedTextField
from clinic_site.crypto.key_check import keys_in_use
from clinic_site.edit_conflict import EditConflict
from clinic_site.logs import WithoutTokens
from clinic_site.models import AuditEvent, Clinic, MailChoice, OutboxMessage
from tests.appointments.office import WINTER_VISIT
from tests.make import make_request

BROWSER = Client()  # one, as a new one looks at each static file

pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]

FIND = "/appointments/status/"
PHONE = "+16055550142"


@pytest.fixture
def asked() -> AppointmentRequest:
    return make_request(phone_index=phone_index(PHONE))


def page_of(request: AppointmentRequest, rest: str = "") -> str:
    return f"{FIND}{status_token(request.attempt)}/{rest}"


def look(request: AppointmentRequest) -> str:
    return BROWSER.get(page_of(request)).content.decode()


def find(reference: str, phone: str = PHONE, sender: str = "192.0.2.1") -> bool:
    """Try a pair; return whether it was right."""
    answer = BROWSER.post(FIND, {"reference": reference, "phone": phone}, REMOTE_ADDR=sender)
    assert answer.status_code in {200, 303}
    return answer.status_code == 303


def in_minutes(minutes: int) -> time_machine.travel:
    return time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes))


def test_ten_wrong_tries_stop_the_right_one_for_an_hour_and_no_longer(asked) -> None:
    for _n in range(9):
        assert not find(asked.reference, "605-555-0199")
    assert find(asked.reference)
    assert not find(asked.reference, "605-555-0199")

    assert not find(asked.reference)
    assert not find(asked.reference, sender="198.51.100.7")
    with in_minutes(50):
        assert not find(asked.reference)  # to go on trying makes the wait no longer
    with in_minutes(61):
        assert find(asked.reference)


def test_a_sender_who_guesses_is_stopped_at_every_request(asked) -> None:
    for n in range(10):
        assert not find(f"VIS-3333-33{n:02}".translate(str.maketrans("0158", "CDFG")))

    assert not find(asked.reference)
    assert find(asked.reference, sender="198.51.100.7")


def test_looking_at_ones_page_is_no_wrong_try(asked) -> None:
    for _n in range(12):
        look(asked)
        BROWSER.get(FIND + "forged/")

    assert find(asked.reference, sender="127.0.0.1")


def test_whatever_is_wrong_the_work_is_the_same(asked) -> None:
    ended = make_request(phone_index=phone_index(PHONE), status=Status.CANCELLED)
    AppointmentRequest.objects.filter(pk=ended.pk).update(
        status_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    )
    purge(days=30)
    limited = make_request(phone_index=phone_index(PHONE))
    for n in range(10):
        find(limited.reference, "605-555-0199", sender=f"203.0.113.{n}")

    def work_and_answer(reference: str, phone: str) -> tuple[list[str], str]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = BROWSER.post(FIND, {"reference": reference, "phone": phone})
        statements = [
            re.sub(r"'[^']*'|\d+", "?", each["sql"])
            for each in queries
            if re.search(
                "appointments_|counter|audit", each["sql"]
            )  # not the clinic, once a second
        ]
        return statements, re.sub(r'value="[^"]*"', "", answer.content.decode())

    tries = [
        work_and_answer(asked.reference, "605-555-0199"),
        work_and_answer("VIS-3333-4444", "605-555-0142"),
        work_and_answer(ended.reference, "605-555-0142"),
        work_and_answer(limited.reference, "605-555-0142"),
    ]

    for each in tries[1:]:
        assert each == tries[0]
    assert len(tries[0][0]) == 7


def test_each_look_and_each_try_is_on_record_without_a_name(asked) -> None:
    find(asked.reference, "605-555-0199")
    find(asked.reference)
    look(asked)
    AppointmentRequest.objects.filter(pk=asked.pk).update(status="scheduled", visit_at=WINTER_VISIT)
    BROWSER.get(page_of(asked, "visit.ics"))
    BROWSER.get(page_of(asked, "cancel/"))
    BROWSER.post(page_of(asked, "change/"), {"text": "Marked"})
    BROWSER.post(page_of(asked, "cancel/"))

    rows = list(AuditEvent.objects.order_by("pk").values_list("action", "detail"))
    assert rows == [
        ("refused", "wrong pair"),
        ("status_seen", "by reference and phone"),
        ("status_seen", ""),
        ("status_seen", "calendar file"),
        ("changed", "change asked for"),
        ("changed", "scheduled to cancelled"),
    ]
    for row in AuditEvent.objects.all():
        assert (row.actor, row.references, len(row.source)) == (PATIENT, asked.reference, 64)


def test_what_is_no_reference_gets_into_no_record() -> None:
    for typed in ("López", "04/27/1950", "605-555-0142", "ANA LOPEZ"):
        assert not find(typed)

    assert not AuditEvent.objects.exists()


def test_a_promise_is_shown_only_where_the_clinic_made_it(asked) -> None:
    assert "within" not in look(asked)

    Clinic.objects.update_or_create(pk=1, defaults={"answer_within_hours": 24})
    current_clinic.forget()
    assert "We do so within 24 hours." in look(asked)

    Clinic.objects.get().opening_hours.create(weekday=0, opens="09:00", closes="17:00")
    current_clinic.forget()
    assert "within 24 hours, counting only the time when we are open." in look(asked)


def test_the_time_of_a_visit_is_the_clinics_in_winter_too(asked) -> None:
    AppointmentRequest.objects.filter(pk=asked.pk).update(status="scheduled", visit_at=WINTER_VISIT)
    assert "2:00 PM to 2:30 PM, Central time (CST)" in look(asked)

    Clinic.objects.update_or_create(pk=1, defaults={"time_zone": "America/Denver"})
    current_clinic.forget()
    assert "1:00 PM to 1:30 PM, Mountain time (MST)" in look(asked)


def test_a_page_is_drawn_without_opening_what_was_typed(asked) -> None:
    unread = Ciphertext(Fernet(Fernet.generate_key()).encrypt(b"Lost words").decode())
    names = [f.attname for f in asked._meta.fields if isinstance(f, EncryptedTextField)]
    AppointmentRequest.objects.update(**dict.fromkeys(names, unread))

    assert asked.reference in look(asked)


def test_what_was_typed_is_shown_where_the_link_opens_nothing(asked) -> None:
    answer = BROWSER.post(f"{FIND}{status_token(asked.attempt)}x/change/", {"text": "Mine & yours"})

    assert answer.status_code == 404
    assert "So we did not get what you typed. It is still here." in answer.text
    assert "Mine &amp; yours" in answer.text


def test_the_link_ends_when_the_request_is_erased(asked) -> None:
    workflow.cancel(pk=asked.pk, by=Actor(PATIENT))
    with in_minutes(60 * 24 * 31):
        assert purge(days=30) == 1

    for rest in ("", "visit.ics", "cancel/", "change/"):
        answer = BROWSER.get(page_of(asked, rest))
        assert rest == "change/" or answer.status_code == 404
    answer = BROWSER.post(page_of(asked, "change/"), {"text": "Call my <daughter>"})
    assert answer.status_code == 404
    assert "605-217-5617" in answer.content.decode()
    assert "Call my &lt;daughter&gt;" in answer.content.decode()
    assert not find(asked.reference)


def test_a_token_for_another_page_opens_nothing(asked) -> None:
    assert BROWSER.get(f"{FIND}{received_token(asked.attempt)}/").status_code == 404
    received = f"/appointments/received/{status_token(asked.attempt)}/"
    assert BROWSER.get(received).status_code == 404


def test_a_dead_link_is_on_record_and_shows_its_page_while_the_record_is_away(
    monkeypatch, caplog
) -> None:
    dead = (f"{FIND}forged/", "/appointments/received/forged/")
    for address in dead:
        assert BROWSER.get(address).status_code == 404
    assert [(e.actor, e.action, e.detail) for e in AuditEvent.objects.all()] == [
        (PATIENT, "refused", "dead link")
    ] * len(dead)

    def away(**values: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(AuditEvent.objects, "create", away)
    for address in dead:
        assert BROWSER.get(address).status_code == 404
    assert "Not on record: OperationalError" in caplog.text


def test_whoever_opens_dead_links_does_not_fill_the_record(settings) -> None:
    settings.REFUSED_ON_RECORD_OF_ONE_SENDER = 3
    for number in range(5):
        assert BROWSER.get(f"{FIND}forged{number}/").status_code == 404
    assert AuditEvent.objects.count() == 3 + 1  # which says that there are more

    assert BROWSER.get(f"{FIND}forged/", REMOTE_ADDR="192.0.2.99").status_code == 404
    assert AuditEvent.objects.count() == 5


def test_the_confirmation_is_on_record_and_shown_where_that_fails(asked, monkeypatch) -> None:
    confirmation = f"/appointments/received/{received_token(asked.attempt)}/"
    BROWSER.get(confirmation)
    seen = AuditEvent.objects.get()
    assert (seen.actor, seen.references, seen.detail) == (PATIENT, asked.reference, "confirmation")

    def away(**values: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(AuditEvent.objects, "create", away)
    assert asked.reference in BROWSER.get(confirmation).content.decode()


def test_while_the_database_is_away_a_confirmation_still_says_that_it_was_received(asked) -> None:
    def away(execute, *args):
        raise OperationalError("away")

    with connection.execute_wrapper(away):
        page = BROWSER.get(f"/appointments/received/{received_token(asked.attempt)}/")
        forged = BROWSER.get("/appointments/received/forged/")

    assert (page.status_code, page["Cache-Control"]) == (503, "no-store")
    assert "You do not need to send it again." in page.text
    assert "/appointments/request/" not in page.text
    assert (forged.status_code, "We received" in forged.text) == (503, False)


def test_a_confirmation_promises_nothing_that_is_broken_already(asked) -> None:
    Clinic.objects.update_or_create(pk=1, defaults={"answer_within_hours": 8})
    confirmation = f"/appointments/received/{received_token(asked.attempt)}/"
    assert "within 8 hours" in BROWSER.get(confirmation).text

    with in_minutes(8 * 60 + 1):
        assert BROWSER.get(confirmation)["Location"] == page_of(asked)
        assert "Our answer is late" in look(asked)


@pytest.mark.parametrize("why", ["duplicate", "visited", "no_show"])
def test_a_visit_is_not_called_off_where_the_request_is_closed_for_another_reason(why) -> None:
    """The other request of the same patient may have the same visit."""
    asked = make_request(status="closed", close_reason=why, visit_at=WINTER_VISIT)
    with time_machine.travel(WINTER_VISIT - dt.timedelta(days=2)):
        assert "is off" not in look(asked)


@pytest.mark.parametrize("step", ["off", "close", "cancel"])
def test_a_visit_that_is_taken_off_is_told_until_it_would_have_begun(
    asked, admin_user, step
) -> None:
    AppointmentRequest.objects.filter(pk=asked.pk).update(
        status="scheduled", visit_at=WINTER_VISIT, first_answer_at=asked.received_at
    )
    off = "at 2:00 PM, Central time, is off. Please do not come then."
    with time_machine.travel(WINTER_VISIT - dt.timedelta(days=2)):
        assert "is off" not in look(asked)
        asked.refresh_from_db()
        if step == "cancel":
            BROWSER.post(page_of(asked, "cancel/"))
        else:
            why = "referred" if step == "close" else ""
            by = staff(admin_user)
            work_on(pk=asked.pk, step=step, version=asked.version, by=by, close_reason=why)
        assert off in look(asked)
    with time_machine.travel(WINTER_VISIT):
        assert "is off" not in look(asked)


def test_a_visit_that_is_over_is_no_more_to_come(asked) -> None:
    AppointmentRequest.objects.filter(pk=asked.pk).update(status="scheduled", visit_at=WINTER_VISIT)
    with time_machine.travel(WINTER_VISIT + dt.timedelta(minutes=29)):
        assert "Your visit is set" in look(asked)
    with time_machine.travel(WINTER_VISIT + dt.timedelta(minutes=30)):
        page = look(asked)
        assert BROWSER.get(page_of(asked, "visit.ics")).status_code == 404
        for cancel in (BROWSER.get, BROWSER.post):
            assert cancel(page_of(asked, "cancel/"))["Location"] == page_of(asked)

    assert "The time of your visit has passed" in page
    day = f"{WINTER_VISIT:%A, %B} 5, {WINTER_VISIT.year}"
    assert f"Your visit was set for {day}, at 2:00 PM, Central time." in page
    for untrue in ("Please come", "Add it to your calendar", "Cancel ", "<form"):
        assert untrue not in page
    asked.refresh_from_db()
    assert asked.status == "scheduled"


@pytest.mark.parametrize("status", Status)
def test_the_confirmation_leads_on_once_more_has_happened(status: Status) -> None:
    asked = make_request(status=status)
    answer = BROWSER.get(f"/appointments/received/{received_token(asked.attempt)}/")

    if status in {"new", "contacting", "quarantined"}:
        assert "We have your request" in answer.text
    else:
        assert (answer.status_code, answer["Location"]) == (303, page_of(asked))


def test_what_is_being_typed_is_not_left_by_a_link(asked) -> None:
    asks = [FIND, page_of(asked), page_of(asked, "copy/")]
    for page in (BROWSER.get(path) for path in asks):
        leads_away = re.findall(r'<a [^>]*href="/[^"]*"(?! target="_blank")[^>]*>', page.text)
        if page["Cache-Control"] == "private, no-cache":  # Back gives what was typed
            assert page.request["PATH_INFO"] == FIND
        else:
            assert [each for each in leads_away if "visit.ics" not in each] == []


def test_who_writes_all_day_is_asked_to_call(asked, settings) -> None:
    for number in range(settings.CHANGES_A_DAY):
        assert BROWSER.post(page_of(asked, "change/"), {"text": f"{number}"}).status_code == 303

    answer = BROWSER.post(page_of(asked, "change/"), {"text": "Tuesday"})

    assert answer.status_code == 200
    assert "Please call us" in answer.content.decode()
    assert "Tuesday" in answer.content.decode()
    for minutes in (24 * 60 + 1, -60):  # and after a clock was set back
        with in_minutes(minutes):
            assert (
                BROWSER.post(page_of(asked, "change/"), {"text": f"{minutes}"}).status_code == 303
            )


def staff(user: User) -> Actor:
    return Actor(user.username, account=user)


def test_staff_who_schedule_what_was_just_cancelled_are_told(asked, admin_user) -> None:
    shown = asked.version
    BROWSER.post(page_of(asked, "cancel/"))

    with pytest.raises(EditConflict):
        work_on(
            pk=asked.pk, step="schedule", version=shown, visit_at=WINTER_VISIT, by=staff(admin_user)
        )

    asked.refresh_from_db()
    assert asked.status == "cancelled"


def test_what_was_just_scheduled_can_be_cancelled_and_staff_get_mail(asked, admin_user) -> None:
    admin_user.email = "staff@example.com"
    admin_user.save()
    MailChoice.objects.create(user=admin_user, kind="change")
    work_on(pk=asked.pk, step="schedule", version=1, visit_at=WINTER_VISIT, by=staff(admin_user))

    assert BROWSER.post(page_of(asked, "cancel/")).status_code == 303
    assert BROWSER.post(page_of(asked, "cancel/")).status_code == 303

    asked.refresh_from_db()
    assert asked.status == "cancelled"
    assert OutboxMessage.objects.get().kind == "change"
    assert "Your visit is set" not in look(asked)
    assert BROWSER.get(page_of(asked, "visit.ics")).status_code == 404


def test_who_has_taken_a_request_is_told_when_it_is_cancelled(asked, admin_user) -> None:
    admin_user.email = "staff@example.com"
    admin_user.save()
    MailChoice.objects.create(user=admin_user, kind="change")
    workflow.take(pk=asked.pk, by=staff(admin_user))

    BROWSER.post(page_of(asked, "cancel/"))

    asked.refresh_from_db()
    assert (asked.status, asked.change_requested_at is None) == ("cancelled", False)
    assert OutboxMessage.objects.get().kind == "change"


def test_a_change_sent_twice_is_one_and_a_new_visit_answers_it(asked, admin_user) -> None:
    admin_user.email = "staff@example.com"
    admin_user.save()
    MailChoice.objects.create(user=admin_user, kind="change")
    for _click in range(2):
        BROWSER.post(page_of(asked, "change/"), {"text": "A Tuesday, please"})

    assert OutboxMessage.objects.count() == 1
    assert "You asked for a change on" in look(asked)
    asked.refresh_from_db()
    assert (asked.version, asked.change_request) == (2, "A Tuesday, please")
    work_on(pk=asked.pk, step="schedule", version=2, visit_at=WINTER_VISIT, by=staff(admin_user))
    assert "You asked for a change on" not in look(asked)


def test_a_change_is_taken_where_the_one_before_cannot_be_read(asked, settings) -> None:
    BROWSER.post(page_of(asked, "change/"), {"text": "First"})
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]

    assert BROWSER.post(page_of(asked, "change/"), {"text": "Second"}).status_code == 303

    assert AppointmentRequest.objects.get(pk=asked.pk).change_request == "Second"


def test_while_the_database_is_away_what_was_typed_stays(asked, monkeypatch) -> None:
    def away(**kwargs: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("appointments.patient.status_page.find_request", away)
    monkeypatch.setattr("appointments.services.workflow.request_change", away)
    monkeypatch.setattr("appointments.services.workflow.cancel", away)

    answers = [
        BROWSER.post(FIND, {"reference": asked.reference, "phone": "605-555-0142"}),
        BROWSER.post(page_of(asked, "change/"), {"text": "Mine & yours"}),
        BROWSER.post(page_of(asked, "cancel/")),
    ]

    left = ("605-555-0142", "Mine &amp; yours", "Yes, cancel it")
    for answer, typed in zip(answers, left, strict=True):
        page = answer.content.decode()
        assert answer.status_code == 503
        assert "We did not receive this" in page
        assert "Try again" in page
        assert "605-217-5617" in page
        assert typed in page
        assert "<title>Error: " in page
        assert ("What you typed is still below." in page) is (typed != "Yes, cancel it")


def test_while_a_key_is_wrong_what_was_typed_stays(asked, settings) -> None:
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    keys_in_use.forget()

    change = BROWSER.post(page_of(asked, "change/"), {"text": "Mine & yours"})
    found = BROWSER.post(FIND, {"reference": asked.reference, "phone": "605-555-0142"})
    cancelled = BROWSER.post(page_of(asked, "cancel/"))

    assert [each.status_code for each in (change, found, cancelled)] == [503, 503, 503]
    assert "Mine &amp; yours" in change.content.decode()
    assert "605-555-0142" in found.content.decode()
    asked.refresh_from_db(fields=["status", "change_requested_at"])
    assert (asked.status, asked.change_requested_at) == ("new", None)


def test_no_log_tells_a_token_or_a_pair(asked, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(WithoutTokens())
    find(asked.reference, "605-555-0199")
    find(asked.reference)
    token = status_token(asked.attempt)
    for rest in ("", "visit.ics", "cancel/", "no-such/"):
        BROWSER.get(page_of(asked, rest))
        BROWSER.get(f"{FIND}x{token}/{rest}")
        BROWSER.put(page_of(asked, rest))

    assert "(token)" in caplog.text
    for secret in (token, asked.attempt.hex, asked.reference, "0199", "0142"):
        assert secret not in caplog.text
