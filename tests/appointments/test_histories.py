"""Whatever patients and two schedulers do, in any order: no request is missing from its list, no
change that a patient asked for is forgotten, nobody calls unseen whom a colleague took, what is
sent again is done once, and each patient reads only what is true.

`make soak` tries 1,000 of them.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping

import pytest
import time_machine
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from appointments.forms.work import CALLS
from appointments.models import AppointmentRequest
from appointments.services.queue import TABS, counts, requests_in
from appointments.services.waiting import is_overdue
from appointments.services.workflow import close_as_spam
from appointments.states import CloseReason
from appointments.tokens import status_token
from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.models import Clinic
from tests.appointments.office import (
    address,
    filled,
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

# Each act: who does it, and what; "clock" with the hours that pass.
STAFF = st.sampled_from(["sam", "kim"])
SMALL = ["take", "release", "acknowledge", "undo"]
ACTS = st.one_of(
    st.sampled_from([("patient", "change"), ("patient", "cancel")]),
    st.sampled_from([("worker", "work"), ("worker", "spam")]),
    st.tuples(st.just("clock"), st.sampled_from([0.1, 1, 26, 24 * 9])),
    st.tuples(STAFF, st.sampled_from(["open", "repeat", "note", *SMALL])),
    st.tuples(STAFF, st.sampled_from(["new", "contacting", "schedule", "aside", "back"])),
    st.tuples(STAFF, st.sampled_from(["off", "again", "not_spam"])),
    st.tuples(STAFF, st.sampled_from([f"close {reason}" for reason in CloseReason.values])),
    st.tuples(STAFF, st.sampled_from([f"call {call}" for call, _label in CALLS if call])),
    st.tuples(STAFF, st.sampled_from([f"aside {call}" for call, _label in CALLS if call])),
)
BEGINS = st.sampled_from([("new", ""), ("new", "yes"), ("quarantined", "")])


class Desk:
    """A scheduler, with the page of one request open, perhaps since long ago."""

    def __init__(self, name: str, row: AppointmentRequest) -> None:
        self.name, self.row, self.client = name, row, sign_in_as("scheduler", name=name)
        self.last: dict[str, str] = {}  # what was saved last
        self.read(self.client.get(address(row)).text)

    def read(self, page: str) -> None:
        """Look at the page; it says of which version it is, and who has the request."""
        self.page = dict(re.findall(r'name="(version|opened_at)" value="([^"]*)"', page))
        taken = re.search(r"Taken by\s+(\w+)", page)
        self.has_it = taken[1] if taken else ""

    def do(self, what: str) -> bool:
        """Do it by the page that is open; return whether it was done."""
        if what == "open":
            self.read(self.client.get(address(self.row)).text)
            return False
        name, _space, more = what.partition(" ")
        forms = {
            "schedule": visit_in(2),
            "close": filled("close", close_reason=more),
            "call": filled(call=more, text="It"),
            "aside": filled("aside", call=more, text="It", set_aside_until=in_three_days()),
            "note": filled(text="It"),
            "repeat": self.last,
        }
        sent = {"do": name} if name in SMALL else forms.get(name) or filled(name)
        if not sent:
            return False  # nothing was saved yet
        before, was_called = self.rows_of_history(), self.now().taken_by
        answer = self.client.post(address(self.row), self.page | sent)
        assert answer.status_code in {200, 303}
        done = answer.status_code == 303
        assert "/login/" not in answer.get("Location", "")
        if name == "repeat":
            assert self.rows_of_history() == before
        elif sent.get("call") and self.rows_of_history() != before and was_called:
            assert was_called.username in {self.name, self.has_it}
        if done and name not in SMALL:
            self.last = self.page | sent
        if not done:
            self.read(answer.text)
        elif name in SMALL:
            self.read(self.client.get(address(self.row)).text)
        return done

    def now(self) -> AppointmentRequest:
        return AppointmentRequest.objects.select_related("taken_by").get(pk=self.row.pk)

    def rows_of_history(self) -> tuple[int, int]:
        return self.row.notes.count(), self.row.changes.count()


def in_three_days() -> str:
    return f"{timezone.localdate() + dt.timedelta(days=3)}"


class History:
    """One request, what is done to it, and whether its patient waits for a change."""

    def __init__(self, status: str, agrees: str) -> None:
        suspicion = "sender" if status == "quarantined" else ""
        mail = {"email": "ana@home.example", "email_ok": agrees}
        self.row = make_request(status=status, suspicion=suspicion, **(mail if agrees else {}))
        self.desks = {name: Desk(name, self.row) for name in ("sam", "kim")}
        self.patient = Client()
        self.page = f"/appointments/status/{status_token(self.row.attempt)}/"
        self.wants_change = self.wanted_change = False  # now, and when it was closed

    def now(self) -> AppointmentRequest:
        return AppointmentRequest.objects.get(pk=self.row.pk)

    def do(self, who: str, what: str | float, clock: time_machine.Traveller) -> None:
        if who == "clock":
            clock.shift(dt.timedelta(hours=float(what)))
            for name, desk in self.desks.items():  # meanwhile the session ended
                desk.client.cookies = sign_in_as("scheduler", name=name).cookies
        elif what == "work":
            work()
        elif what == "spam":
            sam = Actor("sam", account=User.objects.get(username="sam"))
            self.settle(lambda: bool(close_as_spam(pks=[self.row.pk], by=sam)))
        elif who == "patient":
            self.ask(str(what))
        else:
            self.settle(lambda: self.desks[who].do(str(what)), str(what))

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

    def settle(self, act: Callable[[], bool], what: str = "") -> None:
        """Have staff act; closing, a visit and taking up again deal with what the patient wants."""
        before = self.now().status
        done, after = act(), self.now().status
        if before != after == "closed":
            self.wanted_change, self.wants_change = self.wants_change, False
        elif what == "undo" and before == "closed" != after:
            self.wants_change = self.wanted_change
        elif done and (what in {"acknowledge", "schedule"} or before == "cancelled" != after):
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


def lists_of(row: AppointmentRequest, user: User) -> set[str]:
    """The lists in which a scheduler has to find a request."""
    now = timezone.now()
    found = {"all", *(["changes"] if row.change_requested_at else [])}
    if row.status == "scheduled":
        return found | {"visits"}
    if not row.state.is_waiting:
        return found
    found |= {"overdue"} if is_overdue(row, Clinic.objects.get(), now) else set()
    if row.status == "quarantined":
        return found | {"spam"}
    if row.set_aside_until and row.set_aside_until > timezone.localdate(now):
        return found | {"aside"}
    whose = {None: {"nobody"}, user.pk: {"mine"}}.get(row.taken_by_id, set())
    return found | {"waiting"} | whose


# A shorter history is no clearer, and to look for one takes minutes.
@settings(many(1000, sample=5), phases=[Phase.generate])
@given(begins=st.lists(BEGINS, min_size=1, max_size=3), acts=st.data())
def test_any_history_keeps_every_request_in_sight_and_every_word_true(
    begins: list[tuple[str, str]], acts: st.DataObject
) -> None:
    stays_in = override_settings(SESSION_COOKIE_AGE=10**8)  # seconds: for all of a history
    with stays_in, transaction.atomic(), time_machine.travel(START) as clock:
        Clinic.objects.update_or_create(pk=1, defaults={"answer_within_hours": 24})
        histories = []
        for status, agrees in begins:
            history = History(status, agrees)
            histories.append(history)
            for who, what in acts.draw(st.lists(ACTS, max_size=8)):
                history.do(who, what, clock)
                history.look()

        now, rows = timezone.now(), [history.now() for history in histories]
        for name in ("sam", "kim"):
            user = User.objects.get(username=name)
            counted = counts(user, now)
            for tab in TABS.values():
                listed = set(requests_in(tab, user, now))
                assert listed == {row for row in rows if tab.name in lists_of(row, user)}, tab
                assert counted.get(tab.name, len(listed)) == len(listed)
        transaction.set_rollback(True)
