"""What was sent before: under the same attempt, and the same words under another one."""

import datetime as dt
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.test import Client

from appointments.choices import Origin
from appointments.models import AppointmentRequest
from appointments.services.submit import receive_request
from appointments.states import ENDED, CloseReason, Status
from appointments.tokens import is_again
from tests.appointments.office import PATIENT, without_attributes
from tests.make import answers_to, form_answers
from tests.running import Site, Visitor, make_attempt

FORM = "/appointments/request/"
BROWSER = Client()
WORDS = "My back hurts since Sunday."
OTHER = "You have sent this form before, with other words"

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]


def post(attempt: str, **answers: Any) -> Any:
    return BROWSER.post(FORM, form_answers(attempt, **{"message": WORDS, **answers}))


def send(attempt: str, **answers: Any) -> AppointmentRequest:
    """Send what is taken at once, and return the row."""
    answer = post(attempt, **answers)
    assert answer.status_code == 303, answer.content.decode()
    return AppointmentRequest.objects.get(attempt=attempt.partition(":")[0])


def put(request: AppointmentRequest, status: Status) -> None:
    """Move it there, as staff or its patient would."""
    request.status = status
    request.close_reason = CloseReason.NOT_REACHED if status == Status.CLOSED else ""
    request.visit_at = dt.datetime(2027, 5, 4, 15, tzinfo=dt.UTC)
    request.save()


def asked(answer: Any, heading: str) -> str:
    """See that the page asks, with all that was typed and in nobody's cache; return its attempt."""
    page = answer.content.decode()
    assert answer.status_code == 200, page
    assert f"<title>{heading}: Ask for an appointment" in page
    assert f"<h2>{heading}</h2>" in page
    assert f"\n{WORDS}" in page
    assert 'value="Ana María López"' in page
    assert "There is a problem" not in page
    assert "spam" not in without_attributes(page)
    assert answer["Cache-Control"] == "no-store"
    for link in re.findall(r'<a [^>]*href="/[^>]*>.*?</a>', page, re.DOTALL):
        assert 'target="_blank"' in link
        assert "(opens in a new tab)" in link
    # The button at the question and the one below the form do the same.
    assert re.search(r'<form id="request" method="post"', page)
    first, last = re.findall(r"<button class=\"button\" type=\"submit\"[^>]*>([^<]+)<", page)
    assert first.strip() == last.strip()
    return answer.context["form"]["attempt"].value()


def token_on(answer: Any) -> list[str]:
    """The tokens of status pages that the page links to."""
    return re.findall(
        r'href="/appointments/(?:status|received)/([^/"]{20,})/', answer.content.decode()
    )


@pytest.mark.parametrize("status", Status)
def test_the_same_attempt_again_shows_its_request_unless_that_has_ended(status: Status) -> None:
    attempt = make_attempt()
    put(send(attempt), status)

    again = post(attempt)

    if status not in ENDED:
        assert again.status_code == 303
        assert AppointmentRequest.objects.count() == 1
        return
    fresh = asked(again, "That request has ended")
    page = BROWSER.get(f"/appointments/status/{token_on(again)[0]}/").content.decode()
    assert AppointmentRequest.objects.get().reference in page
    assert not is_again(fresh)
    assert send(fresh).status == "new"
    assert AppointmentRequest.objects.count() == 2


@pytest.mark.parametrize("status", Status)
def test_other_words_under_a_used_attempt_are_asked_about(status: Status) -> None:
    attempt = make_attempt()
    request = send(attempt, message="My knee hurts.")
    put(request, status)

    other = post(attempt)

    ended = status in ENDED
    fresh = asked(other, "That request has ended" if ended else OTHER)
    assert request.reference not in other.content.decode()
    page = BROWSER.get(f"/appointments/status/{token_on(other)[0]}/").content.decode()
    assert request.reference in page
    assert send(fresh).pk != request.pk


@pytest.mark.parametrize("status", Status)
def test_equal_words_from_the_same_phone_are_asked_about_until_that_request_ends(
    status: Status,
) -> None:
    request = send(make_attempt())
    put(request, status)

    equal = post(make_attempt())

    if status in ENDED:
        assert equal.status_code == 303
        assert AppointmentRequest.objects.count() == 2
        return
    yes = asked(equal, "We have this already")
    # Equal words do not show that they are one's own: nothing of the other request is told.
    assert token_on(equal) == []
    assert request.reference not in equal.content.decode()
    assert "/appointments/status/" in equal.content.decode()
    assert AppointmentRequest.objects.count() == 1

    again = send(yes)

    assert again.pk != request.pk
    assert post(yes)["Location"] == post(yes)["Location"]
    assert AppointmentRequest.objects.count() == 2
    # That yes was for one more; and then the question is asked as before.
    asked(post(make_attempt()), "We have this already")


@pytest.mark.parametrize(
    ("answers", "is_equal"),
    [
        ({"message": f"  {WORDS}\r\n ", "patient_name": "Ana María López "}, True),
        ({"email": "", "access_needs": " ", "visit_time": ""}, True),
        ({"phone": "605.555.0142"}, True),
        ({"phone": "605-555-0142 ext 9"}, False),
        ({"phone": "605-555-0143"}, False),
        ({"message": WORDS.lower()}, False),
        ({"voicemail_ok": "on"}, False),
        ({"visit_days": ["mon"]}, False),
    ],
)
def test_what_counts_as_equal(answers: dict[str, Any], is_equal: bool) -> None:
    send(make_attempt())

    assert (post(make_attempt(), **answers).status_code == 200) is is_equal


def test_after_a_day_equal_words_are_a_new_request() -> None:
    sent = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
    with time_machine.travel(sent, tick=False) as clock:
        send(make_attempt())
        clock.shift(dt.timedelta(hours=23, minutes=59))
        asked(post(make_attempt()), "We have this already")
        clock.shift(dt.timedelta(minutes=2))
        send(make_attempt())
        # A clock set back does not hide what came in.
        clock.move_to(sent - dt.timedelta(days=3))
        asked(post(make_attempt()), "We have this already")


def test_a_fresh_attempt_after_other_words_says_no_yes() -> None:
    attempt = make_attempt()
    send(attempt)
    fresh = asked(post(attempt, phone="605-555-0143"), OTHER)
    send(fresh, phone="605-555-0143")

    # Back to the first page, and the changed words once more: we have those, too.
    fresh = asked(post(attempt, phone="605-555-0143"), OTHER)
    asked(post(fresh, phone="605-555-0143"), "We have this already")


def test_a_mistake_keeps_the_yes() -> None:
    send(make_attempt())
    yes = asked(post(make_attempt()), "We have this already")

    wrong = post(yes, phone="555")

    assert wrong.context["form"]["attempt"].value() == yes
    send(yes)


@pytest.mark.parametrize("altered", ["0" * 32, "x", ""])
def test_nobody_makes_a_yes_of_their_own(altered: str) -> None:
    send(make_attempt())
    yes = asked(post(make_attempt()), "We have this already")
    signature = yes.partition(":")[2]

    forged = post(f"{altered}:{signature}")

    assert "send it once more" in forged.content.decode()
    assert AppointmentRequest.objects.count() == 1
    asked(post(forged.context["form"]["attempt"].value()), "We have this already")


def test_a_purged_request_leaves_its_attempt_free() -> None:
    attempt = make_attempt()
    send(attempt).delete()

    assert send(attempt).status == "new"


def test_staff_who_enter_what_came_by_the_form_are_not_asked() -> None:
    send(make_attempt())

    entered = receive_request(
        attempt=uuid.uuid4(),
        answers=answers_to(message=WORDS),
        by=PATIENT,
        origin=Origin.PHONE,
    )

    assert AppointmentRequest.objects.count() == 2
    assert entered.origin == "phone"


def test_tabs_that_send_equal_words_at_once_make_one_request(visitor: Visitor, site: Site) -> None:
    words = f"Sent from several tabs {uuid.uuid4().hex}"
    tabs = [form_answers(site.attempt(), message=words) for _n in range(8)]

    with ThreadPoolExecutor(len(tabs)) as pool:
        answers = list(pool.map(lambda tab: visitor.post(FORM, tab), tabs))

    taken = [answer for answer in answers if answer.status == 303]
    assert len(taken) == 1
    for answer in answers:
        assert answer in taken or "We have this already" in answer.words, answer.words
