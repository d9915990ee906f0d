"""Whatever patients and staff do, in any order: no request gets out of sight, no change that a
patient asked for is forgotten, and each patient reads only what is true.

`make soak` tries 1,000 of them.
"""

import datetime as dt
import re
from collections.abc import Mapping

import pytest
import time_machine
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from appointments.models import AppointmentRequest
from appointments.models.history import NoteKind
from appointments.states import CloseReason
from appointments.tokens import status_token
from clinic_site.models import Clinic
from tests.appointments.office import (
    QUEUE,
    address,
    listed,
    visit_in,
    without_attributes,
    without_breaks,
    work,
)
from tests.generated import many
from tests.make import make_request, sign_in_as

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgresql]

# Monday noon in the clinic's time zone, in a week without a change of the clock.
START = dt.datetime.fromisoformat("2027-02-01T12:00-06:00")

# What a patient may read in each state: the heading, and how what happens next begins.
WAITS: Mapping[str, str | tuple[str, ...]] = {
    "We have your request": "Our staff read your request.",
    "You asked for a change": "Our staff read what you wrote.",
    "Our answer is late": "We are sorry: this takes longer than it should.",
}
READS: dict[str, Mapping[str, str | tuple[str, ...]]] = {
    "new": WAITS,
    "quarantined": WAITS,
    "contacting": {
        **{heading: WAITS[heading] for heading in WAITS if heading != "We have your request"},
        "We are working on your request": "We call you, or write to you if you asked for that.",
    },
    "scheduled": {
        "Your visit is set": "Please come at this time.",
        "Your visit is set, and you asked for a change": "Our staff read what you wrote.",
        "The time of your visit has passed": "Did you miss it, or do you need us again?",
    },
    "closed": {
        "This request is closed": (
            "Do you still need us?",
            "We tried to reach you and could not.",
            "You sent this more than once.",
        )
    },
    "cancelled": {"You canceled this request": "There is nothing more that you need to do."},
}

# Each act: who does it, what, and with what.
ACTS = st.one_of(
    st.sampled_from([("patient", "change"), ("patient", "cancel"), ("worker", "work")]),
    st.tuples(st.just("clock"), st.sampled_from([1, 26, 24 * 9])),  # hours
    st.sampled_from([("staff", name) for name in ("take", "release", "acknowledge", "spam")]),
    st.tuples(st.just("staff"), st.sampled_from(["new", "contacting", "schedule"])),
    st.tuples(st.just("close"), st.sampled_from(CloseReason.values)),
    st.tuples(st.just("note"), st.sampled_from(NoteKind.values)),
)
BEGINS = st.sampled_from([("new", ""), ("new", "yes"), ("quarantined", "")])


class History:
    """One request, what is done to it, and whether its patient waits for a change."""

    def __init__(self, status: str, agrees: str, staff: Client) -> None:
        suspicion = "sender" if status == "quarantined" else ""
        mail = {"email": "ana@home.example", "email_ok": agrees}
        self.row = make_request(status=status, suspicion=suspicion, **(mail if agrees else {}))
        self.staff, self.patient = staff, Client()
        self.page = f"/appointments/status/{status_token(self.row.attempt)}/"
        self.wants_change = False

    def now(self) -> AppointmentRequest:
        return AppointmentRequest.objects.get(pk=self.row.pk)

    def do(self, who: str, what: str | int, clock: time_machine.Traveller) -> None:
        if who == "clock":
            clock.shift(dt.timedelta(hours=int(what)))
            # Meanwhile the session ended.
            self.staff.cookies = sign_in_as("scheduler", name="sam").cookies
        elif who == "worker":
            work()
        elif who == "patient":
            self.ask(str(what))
        else:
            self.act(who, str(what))

    def ask(self, what: str) -> None:
        cancels = what == "cancel"
        before = self.now()
        answer = self.patient.post(f"{self.page}{what}/", {} if cancels else {"text": "Tuesday"})
        assert answer.status_code in {200, 303}
        if answer.status_code == 303 and not cancels:
            self.wants_change = True
        if cancels and not before.state.has_ended:
            assert self.now().status == "cancelled"
            # Who may be about to call, or keeps a place free, is told.
            self.wants_change = self.now().change_requested_at is not None
            in_hand = before.taken_by_id or before.status in {"contacting", "scheduled"}
            assert self.wants_change or not (in_hand or before.change_requested_at)

    def act(self, who: str, what: str) -> None:
        before = self.now()
        if what == "spam":
            answer = self.staff.post(f"{QUEUE}spam/", {"pk": [self.row.pk], "sure": "yes"})
            assert answer.status_code == 303
            return
        form = {"close": {"do": "close", "close_reason": what}, "note": {"do": what, "text": "It"}}
        sent = form.get(who) or (visit_in(2) if what == "schedule" else {"do": what})
        answer = self.staff.post(address(self.row), {**sent, "version": before.version})
        assert answer.status_code in {200, 303}
        moved = self.now().status != before.status or what == "schedule"
        done = answer.status_code == 303
        if done and (what == "acknowledge" or (moved and (who == "close" or what == "schedule"))):
            self.wants_change = False
        if done and moved and before.status == "cancelled":
            self.wants_change = False

    def look(self) -> None:
        """Compare what the patient reads with the table; and no change is forgotten."""
        row = self.now()
        assert (row.change_requested_at is not None) == self.wants_change
        text = without_breaks(self.patient.get(self.page).text)
        heading = re.findall(r"<h1>(.*?)</h1>", text)[0]
        comes_next = re.findall(r"What happens next</h2>\s*<p>(.*?)</p>", text, re.DOTALL)[0]
        assert heading in READS[row.status]
        assert comes_next.startswith(READS[row.status][heading])
        assert "spam" not in without_attributes(text)


def listed_from_the_front_page(staff: Client) -> set[str]:
    """The requests in the lists that the front page links to, each as long as it says."""
    page = staff.get("/admin/").text
    counts = re.findall(rf'<a href="({QUEUE}\?tab=\w+)">[^<]*</a>: (\d+)', page)
    tasks = re.findall(rf'<a href="({QUEUE}\?tab=\w+)">(\d+) ', page)
    assert len(counts) == 6
    found: set[str] = set()
    for link, count in counts + tasks:
        rows = listed(staff.get(link).text)
        assert len(rows) == int(count) or ("visits" in link and len(rows) > int(count))
        found |= {*rows}
    return found


# A shorter history is no clearer, and to look for one takes minutes.
@settings(many(1000, sample=8), phases=[Phase.generate])
@given(begins=st.lists(BEGINS, min_size=1, max_size=3), acts=st.data())
def test_any_history_keeps_every_request_in_sight_and_every_word_true(
    begins: list[tuple[str, str]], acts: st.DataObject
) -> None:
    stays_in = override_settings(SESSION_COOKIE_AGE=10**8)  # seconds: for all of a history
    with stays_in, transaction.atomic(), time_machine.travel(START) as clock:
        sam = sign_in_as("scheduler", name="sam")
        Clinic.objects.update_or_create(pk=1, defaults={"answer_within_hours": 24})
        histories = [History(status, agrees, sam) for status, agrees in begins]
        for history in histories:
            for who, what in acts.draw(st.lists(ACTS, max_size=8)):
                history.do(who, what, clock)
                history.look()

        rows = [history.now() for history in histories]
        today = timezone.localdate()
        to_see = {
            row.reference
            for row in rows
            if row.state.is_waiting
            or row.change_requested_at is not None
            or (row.status == "scheduled" and timezone.localdate(row.visit_at) < today)
        }
        assert to_see <= listed_from_the_front_page(sam)
        transaction.set_rollback(True)
