"""What patients were told last: by which mail, or that staff must call them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, QuerySet, Value
from django.utils import timezone

from appointments.audit import REQUEST
from appointments.choices import Origin
from appointments.models import AppointmentRequest, Note, StatusChange
from appointments.models.history import ANSWERS, NoteKind
from appointments.states import STATES, UNHEARD, News, Status
from clinic_site.mail.models import MailState, OutboxMessage


@dataclass(frozen=True)
class Told:
    """The last mail to a patient, if any; and whether they must be called, as no mail tells them.

    A call that is logged, or was within the hour before, settles it.
    """

    mail: OutboxMessage | None = None
    must_be_called: bool = False


def told(requests: Iterable[AppointmentRequest]) -> dict[int, Told]:
    """Return what the patient of each of these requests was told last, by the requests' ids.

    In one query, however many requests there are.
    """
    by_pk = {each.pk: each for each in requests}
    mails: dict[str, OutboxMessage] = {}
    steps: dict[str, dt.datetime] = {}
    before_closing: dict[str, dt.datetime | None] = {}
    calls = {each.reference: _calls_before(each) for each in by_pk.values()}
    for what, reference, _pk, before, kind, reason, at, sent_at in _happened(by_pk.values()):
        if what == "mail":
            mails[reference] = OutboxMessage(
                kind=kind, state=before, created_at=at, sent_at=sent_at
            )
        elif what == "call":
            calls[reference].append((kind, at))
        elif reason and before == Status.CLOSED:  # the closing was undone
            steps.pop(reference, None)
            if (earlier := before_closing.get(reference)) is not None:
                steps[reference] = earlier
        else:
            if reason:
                before_closing[reference] = steps.get(reference)
            if _is_to_be_told(before, kind, reason):
                steps[reference] = at
            elif reason:  # they know of it, so no earlier step is to be told any more
                steps.pop(reference, None)
    found = {}
    for pk, each in by_pk.items():
        mail, since = mails.get(each.reference), steps.get(each.reference)
        if mail is not None and mail.state == MailState.DEAD:
            since = mail.created_at
        elif mail is not None and since is not None and mail.created_at >= since:
            since = None  # the mail tells of it
        ends = (
            each.status in {Status.CANCELLED, Status.QUARANTINED}
            or each.suspicion
            or (each.close_reason and each.close_reason not in UNHEARD)
        )
        must = since is not None and not ends and not _heard(calls[each.reference], since)
        found[pk] = Told(mail, must)
    return found


def _happened(requests: Iterable[AppointmentRequest]) -> list[tuple[Any, ...]]:
    """Return the mails, the changes of status and the calls of these requests, each in order."""
    by_reference = {each.reference: each.pk for each in requests}
    never, nothing = Value(None, DateTimeField()), Value("")
    mails = (
        OutboxMessage.objects.about(REQUEST, *by_reference)
        .filter(user=None)
        .exclude(state=MailState.SET_ASIDE)
        .values_list(
            *(Value("mail"), "reference", "id", "state", "kind", nothing, "created_at", "sent_at")
        )
    )
    changes = StatusChange.objects.filter(request__in=by_reference.values()).values_list(
        *(Value("change"), "request__reference", "id"),
        *("from_status", "to_status", "close_reason", "at", never),
    )
    calls = _calls(by_reference.values()).values_list(
        *(Value("call"), "request__reference", "id", nothing, "kind", nothing, "at", never)
    )
    # Ordered here, as no database has an index over the three.
    return sorted(mails.order_by().union(changes.order_by(), calls, all=True), key=itemgetter(2))


def was_just_reached(appointment_request: AppointmentRequest) -> bool:
    """Whether its patient was spoken with so lately that they know of a step taken now."""
    calls = _calls([appointment_request.pk]).values_list("kind", "at")
    return _heard([*_calls_before(appointment_request), *calls], timezone.now())


def _calls(pks: Iterable[int]) -> QuerySet[Note]:
    """Return the calls after which a patient has heard from staff."""
    return Note.objects.filter(request__in=pks, kind__in=ANSWERS).order_by()


def _calls_before(appointment_request: AppointmentRequest) -> list[tuple[str, dt.datetime]]:
    """Return the call by which a request came in, if it did."""
    by_phone = appointment_request.origin == Origin.PHONE
    return [(NoteKind.REACHED, appointment_request.received_at)] if by_phone else []


def _is_to_be_told(before: str, after: str, reason: str) -> bool:
    """Whether a patient who gets no mail must be called about a change of status."""
    if not before or reason and reason not in UNHEARD:
        return False
    return STATES[Status(before)].news_of(after) not in {None, News.RECEIVED}


def _heard(calls: list[tuple[str, dt.datetime]], since: dt.datetime) -> bool:
    return any(
        at >= since or (kind == NoteKind.REACHED and at >= since - settings.CALL_TELLS)
        for kind, at in calls
    )
