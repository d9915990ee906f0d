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
DO = [b"save_next", b"acknowledge", b"take", b"release", b"undo", b"dance", b"\x00"]
CALLS = [b"", b"no_answer", b"voicemail", b"reached", b"emailed"]
NEXT = [b"leave", b"new", b"contacting", b"schedule", b"close", b"aside", b"back", b"again", b"off"]
DAYS = [b"9999-12-31", b"0001-01-01", b"2027-03-14", b"2027-02-30", b"tomorrow", b"\x00"]
TIMES = [b"02:30", b"10:30", b"23:59:59", b"24:00", b"noon"]


@pytest.mark.django_db
def test_odd_things_that_staff_do_with_a_request() -> None:
    ends: Counter[tuple[bytes, int]] = Counter()
    soon = str(timezone.localdate() + dt.timedelta(days=9)).encode()

    @many(400)
    @given(
        do=often(b"save", st.sampled_from(DO)),
        call=often(b"", st.sampled_from(CALLS), as_bytes),
        step=st.one_of(st.sampled_from(NEXT), st.sampled_from(NEXT), as_bytes),
        at=often(b"2027-01-01T10:00:00+00:00", as_bytes),
        version=often(b"1", st.sampled_from([b"0", b"x", b"9" * 40])),
        text=often(b"A word.", as_bytes),
        day=often(soon, st.sampled_from(DAYS), as_bytes),
        time=often(b"10:30", st.sampled_from(TIMES), as_bytes),
        reason=often(b"answered", as_bytes),
    )
    def doing(do, call, step, at, version, text, day, time, reason) -> None:
        row = make_request(change_requested_at=timezone.now())
        parts = {b"visit_on": day, b"visit_time": time, b"visit_place": text}
        parts |= {b"close_reason": reason, b"set_aside_until": day}
        body = as_urlencoded(
            [
                *((b"do", do), (b"version", version), (b"opened_at", at)),
                *((b"call", call), (b"text", text), (b"next", step), (b"warned", text)),
                *parts.items(),
                *((b"initial-" + name, value) for name, value in parts.items()),
            ]
        )
        answer = sign_in_as("scheduler").post(
            f"{QUEUE}{row.pk}/change/", body, content_type=URLENCODED
        )
        assert answer.status_code in {200, 303, 400}
        saves = do.startswith(b"save") and step in NEXT
        ends[step if saves else do, answer.status_code] += 1
        if answer.status_code == 303 and do == b"save":
            said = plain_text(QueryDict(body)["text"])
            assert said in ["", *(each.text for each in row.notes.all())]

    doing()

    done = {do for do, status in ends if status == 303}
    assert len(done.intersection(NEXT)) > (3 if SOAK else 0), ends
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
