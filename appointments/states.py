"""The states of a request: of each, the words for staff and patients, and the steps from it.

Nothing else in the project lists states. No text for patients promises what the clinic did not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Where a request stands, in words for staff."""

    NEW = "new", _("new")
    CONTACTING = "contacting", _("contacting the patient")
    SCHEDULED = "scheduled", _("scheduled")
    CLOSED = "closed", _("closed")
    CANCELLED = "cancelled", _("canceled")
    QUARANTINED = "quarantined", _("suspected spam")


class CloseReason(TextChoices):
    """Why staff closed a request."""

    VISITED = "visited", _("the visit took place")
    ANSWERED = "answered", _("the question is answered")
    NOT_REACHED = "not_reached", _("the patient could not be reached")
    REFERRED = "referred", _("referred elsewhere")
    CANCELLED = "cancelled", _("canceled by the patient")
    NO_SHOW = "no_show", _("the patient did not come")
    DUPLICATE = "duplicate", _("asked for twice")
    MISTAKE = "mistake", _("entered by mistake")
    OTHER = "other", _("another reason, as noted")
    SPAM = "spam", _("spam")


# To close for one of these, staff have heard from the patient, or answered.
ANSWERED = {
    *(CloseReason.VISITED, CloseReason.ANSWERED, CloseReason.REFERRED),
    *(CloseReason.CANCELLED, CloseReason.NO_SHOW),
}
# To close for one of these, a visit was set.
OF_VISITS = {CloseReason.VISITED, CloseReason.NO_SHOW}
# Closing for these does not call off the visit.
WHILE_VISIT_STANDS = {*OF_VISITS, CloseReason.DUPLICATE}
# Reasons of which only a mail tells the patient; who gets none must be called.
UNHEARD = {CloseReason.DUPLICATE, CloseReason.MISTAKE, CloseReason.OTHER}


class News(TextChoices):
    """What a patient is told by mail, in words for staff."""

    RECEIVED = "received", _("we have the request")
    SCHEDULED = "scheduled", _("a visit is set")
    CHANGED = "changed", _("something has changed")
    CLOSED = "closed", _("the request is closed")
    REMINDER = "reminder", _("a visit is near")
    LATE = "late", _("we are late")


@dataclass(frozen=True)
class Words:
    """What a patient reads: where the request stands, and what happens next.

    `promise`: with the time within which the clinic answers, where it has set one.
    """

    heading: Any
    next: Any
    promise: bool = False


@dataclass(frozen=True)
class Step:
    """What staff can do next with a request: it goes to `target`, or stays where it is.

    `form`: the part of the form that it needs. `news`: what its patient is told of by that.
    """

    name: str
    label: Any
    target: Status | None = None
    form: Literal["", "aside", "visit", "close"] = ""
    news: News | None = None


@dataclass(frozen=True)
class State:
    """What there is to say of one state.

    `change_requested` takes the place of `words` while the patient asks for a change, `late` once
    the clinic's own time to answer has passed, `over` once the visit has ended, and `closed`
    the place of what happens next, by the reason.
    """

    words: Words
    steps: tuple[Step, ...]
    change_requested: Words | None = None
    late: Words | None = None
    over: Words | None = None
    closed: Mapping[CloseReason, Any] = field(default_factory=dict)
    is_waiting: bool = False
    has_ended: bool = False

    @property
    def targets(self) -> set[Status]:
        """Where a request can go from here: by staff, and until it ends by its patient."""
        by_patient = set() if self.has_ended else {Status.CANCELLED}
        return {step.target for step in self.steps if step.target} | by_patient

    def news_of(self, target: str) -> News | None:
        """Return what a patient is told of when staff take the request to `target`."""
        return next((step.news for step in self.steps if step.target == target), None)

    def steps_of(self, *, is_set_aside: bool) -> tuple[Step, ...]:
        return (LEAVE, *(step for step in self.steps if is_set_aside or step != BACK))


LEAVE = Step("leave", _("Leave it as it is"))
ASIDE = Step("aside", _("Set it aside until a day"), form="aside")
BACK = Step("back", _("Back to the list now"))
_SCHEDULE = Step("schedule", _("Schedule a visit"), Status.SCHEDULED, "visit", News.SCHEDULED)
_CLOSE = Step("close", _("Close it"), Status.CLOSED, "close", News.CLOSED)
_TAKE_UP = Step("again", _("Take it up again"), Status.CONTACTING)

_RECEIVED = Words(
    _("We have your request"),
    _("Our staff read your request. Then we call you, or write to you if you asked for that."),
    promise=True,
)
_CHANGE_REQUESTED = Words(
    _("You asked for a change"),
    _("Our staff read what you wrote. Then we call you, or write to you if you asked for that."),
)
_LATE = Words(
    _("Our answer is late"),
    _(
        "We are sorry: this takes longer than it should. Nothing is lost. We have your request, "
        "and you do not need to send it again. To talk to us now, call us."
    ),
)

_waiting = partial(State, change_requested=_CHANGE_REQUESTED, late=_LATE, is_waiting=True)
_ended = partial(State, steps=(_TAKE_UP,), has_ended=True)

STATES: dict[Status, State] = {
    Status.NEW: _waiting(
        words=_RECEIVED,
        steps=(
            *(ASIDE, BACK, _SCHEDULE, _CLOSE),
            Step("contacting", _("I am contacting the patient"), Status.CONTACTING),
        ),
    ),
    Status.CONTACTING: _waiting(
        words=Words(
            _("We are working on your request"),
            _(
                "We call you, or write to you if you asked for that. "
                "Did you miss our call? Then call us."
            ),
        ),
        steps=(ASIDE, BACK, _SCHEDULE, _CLOSE, Step("new", _("Back to new"), Status.NEW)),
    ),
    Status.SCHEDULED: State(
        words=Words(
            _("Your visit is set"),
            _("Please come at this time. If you cannot come, call us, or tell us below."),
        ),
        change_requested=Words(
            _("Your visit is set, and you asked for a change"),
            _(
                "Our staff read what you wrote. Then we call you, or write to you if you asked for "
                "that. Until then, your visit stays as it is. If you cannot come, call us."
            ),
        ),
        over=Words(
            _("The time of your visit has passed"),
            _("Did you miss it, or do you need us again? Call us."),
        ),
        steps=(
            Step("schedule", _("Change the visit"), Status.SCHEDULED, "visit", News.CHANGED),
            Step(
                "off",
                _("The visit is off: contact the patient again"),
                Status.CONTACTING,
                news=News.CHANGED,
            ),
            _CLOSE,
        ),
    ),
    Status.CLOSED: _ended(
        words=Words(
            _("This request is closed"),
            _("Do you still need us? Call us, or send a new request."),
        ),
        closed={
            CloseReason.NOT_REACHED: _("We tried to reach you and could not. Please call us."),
            CloseReason.DUPLICATE: _(
                "You sent this more than once. We use only one of them. Not sure? Call us."
            ),
        },
    ),
    Status.CANCELLED: _ended(
        words=Words(
            _("You canceled this request"),
            _(
                "There is nothing more that you need to do. "
                "Did you change your mind? Call us, or send a new request."
            ),
        ),
    ),
    Status.QUARANTINED: _waiting(  # it may well be a patient, who must never read of a suspicion
        words=_RECEIVED,
        steps=(Step("not_spam", _("This is not spam"), Status.NEW, news=News.RECEIVED), _CLOSE),
    ),
}

# Each step by its name, which says the same in each state: a page may be of the one before.
STEPS = {step.name: step for state in reversed(STATES.values()) for step in (LEAVE, *state.steps)}
# Nobody has dealt with these yet. Suspected spam counts: it may be a patient.
WAITING = tuple(status for status, state in STATES.items() if state.is_waiting)
# These end it; what is purged in time is one of them.
ENDED = tuple(status for status, state in STATES.items() if state.has_ended)
