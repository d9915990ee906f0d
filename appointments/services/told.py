"""What patients were told, and how they will hear of what staff do: by mail, or by a call."""

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import DateTimeField, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.audit import REQUEST
from appointments.choices import Origin
from appointments.models import AppointmentRequest, Note, StatusChange
from appointments.models.history import ANSWERS, NoteKind
from appointments.states import STATES, UNHEARD, News, Status, Step
from clinic_site.mail.models import MailState, OutboxMessage

logger = logging.getLogger(__name__)

BY_MAIL = gettext_lazy("The patient will be told by mail.")
MUST_CALL = gettext_lazy("Nobody is told: you must call.")


@dataclass(frozen=True)
class Told:
    """The last mail to a patient, if any; and whether they must be called, as no mail tells them.

    A call that is logged, or was within the hour before, settles it.
    """

    mail: OutboxMessage | None = None
    must_be_called: bool = False


def told(requests: Sequence[AppointmentRequest]) -> dict[int, Told]:
    """Return, in one query, what the patient of each request was told last, by its id."""
    found = {each.pk: Told() for each in requests}
    # Who is suspected was told nothing, and needs no query.
    asked = [each for each in requests if each.status != Status.QUARANTINED]
    by_reference = {each.reference: each for each in asked}
    mails: dict[str, OutboxMessage] = {}
    steps: dict[str, dt.datetime | None] = {}  # the last one that is to be told
    before_closing: dict[str, dt.datetime | None] = {}
    calls = {reference: _calls_before(each) for reference, each in by_reference.items()}
    for what, reference, _pk, before, kind, reason, at, sent_at in _happened(by_reference):
        if what == "mail":
            mails[reference] = OutboxMessage(
                kind=kind, state=before, created_at=at, sent_at=sent_at
            )
        elif what == "call":
            calls[reference].append((kind, at))
        elif reason and before == Status.CLOSED:  # the closing was undone
            steps[reference] = before_closing.get(reference)
        elif reason:  # who knows of a closing is to be told of no earlier step any more
            before_closing[reference] = steps.get(reference)
            steps[reference] = at if reason in UNHEARD else None
        elif before and STATES[Status(before)].news_of(kind) not in {None, News.RECEIVED}:
            steps[reference] = at
    for reference, each in by_reference.items():
        mail, since = mails.get(reference), steps.get(reference)
        if mail is not None and mail.state == MailState.DEAD:
            since = mail.created_at
        elif mail is not None and since is not None and mail.created_at >= since:
            since = None  # the mail tells of it
        ends = (
            each.status == Status.CANCELLED
            or each.suspicion
            or (each.close_reason and each.close_reason not in UNHEARD)
        )
        must = since is not None and not ends and not _heard(calls[reference], since)
        found[each.pk] = Told(mail, must)
    return found


def _happened(references: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return mails, changes of status and calls, those of each kind in order."""
    never, nothing = Value(None, DateTimeField()), Value("")
    mails = (
        OutboxMessage.objects.about(REQUEST, *references)
        .filter(user=None)
        .exclude(state=MailState.SET_ASIDE)
        .values_list(
            *(Value("mail"), "reference", "id", "state", "kind", nothing, "created_at", "sent_at")
        )
    )
    changes = StatusChange.objects.filter(request__reference__in=references).values_list(
        *(Value("change"), "request__reference", "id"),
        *("from_status", "to_status", "close_reason", "at", never),
    )
    calls = _calls(request__reference__in=references).values_list(
        *(Value("call"), "request__reference", "id", nothing, "kind", nothing, "at", never)
    )
    # Ordered here, as no database has an index over the three.
    return sorted(mails.order_by().union(changes.order_by(), calls, all=True), key=itemgetter(2))


def was_just_reached(asked: AppointmentRequest) -> bool:
    """Whether its patient was spoken with so lately that they know of a step taken now."""
    calls = _calls(request=asked).values_list("kind", "at")
    return _heard([*_calls_before(asked), *calls], timezone.now())


def _calls(**of: Any) -> QuerySet[Note]:
    """Return the calls after which a patient has heard from staff."""
    return Note.objects.filter(**of, kind__in=ANSWERS).order_by()


def _calls_before(asked: AppointmentRequest) -> list[tuple[str, dt.datetime]]:
    """Return the call by which it came in, if it did."""
    return [(NoteKind.REACHED, asked.received_at)] if asked.origin == Origin.PHONE else []


def _heard(calls: list[tuple[str, dt.datetime]], since: dt.datetime) -> bool:
    return any(
        at >= since or (kind == NoteKind.REACHED and at >= since - settings.CALL_TELLS)
        for kind, at in calls
    )


def who_tells(asked: AppointmentRequest, step: Step, knows: bool) -> str:
    """Return how the patient will hear of what a step does; "" where there is nothing to tell.

    `knows`: whether they were reached just now. What is said of closing holds for every reason.
    """
    closes = step.target == Status.CLOSED
    if step.news is None:
        return ""
    if asked.suspicion and closes:
        return _("Nobody is told, as it looks like spam.")
    if asked.agrees_to_mail:
        return _("The patient will be told by mail, unless it is spam.") if closes else str(BY_MAIL)
    if closes:
        return _("No mail tells the patient.")
    return "" if knows or step.news == News.RECEIVED else str(MUST_CALL)


def told_by(changed: AppointmentRequest, since: dt.datetime) -> str:
    """Return how the patient hears of what staff have done `since` then; "" where they know of it.

    "" too where that cannot be read: what was done is stored all the same.
    """
    try:
        last = told([changed])[changed.pk]
    except (DatabaseError, InterfaceError) as error:
        logger.error("Not read how a patient is told: %s", type(error).__name__)
        return ""
    if last.must_be_called:
        return str(MUST_CALL)
    return str(BY_MAIL) if last.mail is not None and last.mail.created_at >= since else ""
