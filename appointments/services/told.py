"""What patients were told, and how they will hear of what staff do: by mail, or by a call."""

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import DateTimeField, Value
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
    # Who is suspected was told nothing, and needs no query.
    references = [each.reference for each in requests if each.status != Status.QUARANTINED]
    happened: dict[str, list[tuple[Any, ...]]] = {each.reference: [] for each in requests}
    for reference, *row in _happened(references):
        happened[reference].append(tuple(row))
    return {each.pk: _told(each, happened[each.reference]) for each in requests}


def _told(asked: AppointmentRequest, happened: list[tuple[Any, ...]]) -> Told:
    mail, calls = None, _calls_before(asked)
    since = before_closing = None  # the last step that is to be told
    for _pk, what, before, kind, reason, at, sent_at in happened:
        if what == "mail":
            mail = OutboxMessage(kind=kind, state=before, created_at=at, sent_at=sent_at)
        elif what == "call":
            calls.append((kind, at))
        elif reason and before == Status.CLOSED:  # the closing was undone
            since = before_closing
        elif reason:  # who knows of a closing is to be told of no earlier step any more
            before_closing, since = since, at if reason in UNHEARD else None
        elif before and STATES[Status(before)].news_of(kind) not in {None, News.RECEIVED}:
            since = at
    if mail and mail.state == MailState.DEAD:
        since = mail.created_at
    elif mail and since and mail.created_at >= since:
        since = None  # the mail tells of it
    knows = asked.close_reason and asked.close_reason not in UNHEARD
    ends = asked.status == Status.CANCELLED or asked.suspicion or knows
    return Told(mail, since is not None and not ends and not _heard(calls, since))


def _happened(references: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return mails, changes of status and calls, those of each kind in order."""
    never, nothing = Value(None, DateTimeField()), Value("")
    mails = (
        OutboxMessage.objects.about(REQUEST, *references)
        .filter(user=None)
        .exclude(state=MailState.SET_ASIDE)
        .values_list(
            *("reference", "id", Value("mail"), "state", "kind", nothing, "created_at", "sent_at")
        )
    )
    changes = StatusChange.objects.filter(request__reference__in=references).values_list(
        *("request__reference", "id", Value("change")),
        *("from_status", "to_status", "close_reason", "at", never),
    )
    calls = Note.objects.filter(request__reference__in=references, kind__in=ANSWERS).values_list(
        *("request__reference", "id", Value("call"), nothing, "kind", nothing, "at", never)
    )
    # Ordered here, as no database has an index over the three.
    rows = mails.order_by().union(changes.order_by(), calls.order_by(), all=True)
    return sorted(rows, key=itemgetter(1))


def was_just_reached(asked: AppointmentRequest) -> bool:
    """Whether its patient was spoken with so lately that they know of a step taken now."""
    calls = asked.notes.filter(kind__in=ANSWERS).values_list("kind", "at")
    return _heard([*_calls_before(asked), *calls], timezone.now())


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
