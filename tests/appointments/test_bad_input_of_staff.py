"""Whatever a page of the queue is sent, the answer is clean."""

import datetime as dt
from collections import Counter

import pytest
from django.http import QueryDict
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from appointments.models import AppointmentRequest
from clinic_site.text import plain_text
from tests.appointments.office import QUEUE
from tests.generated import SOAK, as_bytes, as_urlencoded, many, often
from tests.make import make_request, sign_in_as
from tests.running import make_attempt

pytestmark = pytest.mark.on_postgresql

URLENCODED = "application/x-www-form-urlencoded"
DO = ["no_answer", "voicemail", "reached", "emailed", "note", "schedule", "close", "acknowledge"]
DO += ["take", "release", "new", "contacting", "dance", "\x00"]
DAYS = [b"9999-12-31", b"0001-01-01", b"2027-03-14", b"2027-02-30", b"tomorrow", b"\x00"]
TIMES = [b"02:30", b"10:30", b"23:59:59", b"24:00", b"noon"]


@pytest.mark.django_db
def test_odd_things_that_staff_do_with_a_request() -> None:
    ends: Counter[tuple[str, int]] = Counter()
    soon = str(timezone.localdate() + dt.timedelta(days=9)).encode()

    @many(400)
    @given(
        do=st.sampled_from(DO),
        version=often(b"1", st.sampled_from([b"0", b"x", b"9" * 40])),
        text=as_bytes,
        day=often(soon, st.sampled_from(DAYS), as_bytes),
        time=often(b"10:30", st.sampled_from(TIMES), as_bytes),
        reason=often(b"answered", as_bytes),
    )
    def doing(do, version, text, day, time, reason) -> None:
        row = make_request(change_requested_at=timezone.now())
        body = as_urlencoded(
            [
                *((b"do", do.encode()), (b"version", version), (b"text", text)),
                *((b"visit_on", day), (b"visit_time", time), (b"visit_place", text)),
                (b"close_reason", reason),
            ]
        )
        answer = sign_in_as("scheduler").post(
            f"{QUEUE}{row.pk}/change/", body, content_type=URLENCODED
        )
        assert answer.status_code in {200, 303, 400}
        ends[do, answer.status_code] += 1
        if answer.status_code == 303 and do == "note":
            assert row.notes.get().text == plain_text(QueryDict(body)["text"])

    doing()

    done = {do for do, status in ends if status == 303}
    most = {"note", "reached", "schedule", "close", "acknowledge", "take", "contacting"}
    assert done >= most if SOAK else len(done) > 3, ends
    assert sum(count for (_do, status), count in ends.items() if status != 303) > ends.total() / 8


@pytest.mark.django_db
@many(200)
@given(kind=st.one_of(st.just(b"question"), as_bytes), name=as_bytes, what=as_bytes)
def test_odd_things_that_staff_enter_and_look_for(kind, name, what) -> None:
    before = AppointmentRequest.objects.count()
    pairs = [(b"attempt", make_attempt().encode()), (b"kind", kind), (b"patient_name", name)]
    body = as_urlencoded([*pairs, (b"phone", b"605-555-0142")])

    entered = sign_in_as("scheduler").post(f"{QUEUE}enter/", body, content_type=URLENCODED)
    found = sign_in_as("scheduler").post(
        f"{QUEUE}find/", as_urlencoded([(b"what", what)]), content_type=URLENCODED
    )

    assert entered.status_code in {200, 303, 400}
    assert AppointmentRequest.objects.count() - before == (entered.status_code == 303)
    assert found.status_code in {200, 400}
