"""What patients were told last: by which mail, or that staff must call them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
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

    In three queries, however many requests there are.
    """
    by_pk = {each.pk: each for each in requests}
    references = [each.reference for each in by_pk.values()]
    mails = {
        mail.reference: mail
        for mail in OutboxMessage.objects.about(REQUEST, *references)
        .filter(user=None)
        .exclude(state=MailState.SET_ASIDE)
        .order_by("pk")
    }
    changes = StatusChange.objects.filter(request__in=by_pk).order_by("pk")
    steps: dict[int, dt.datetime] = {}
    for change in changes:
        if _is_to_be_told(change):
            steps[change.request_id] = change.at
        elif change.close_reason:  # they know of it, so no earlier step is to be told any more
            steps.pop(change.request_id, None)
    calls = _calls(by_pk)
    found = {}
    for pk, each in by_pk.items():
        mail, since = mails.get(each.reference), steps.get(pk)
        if mail is not None and mail.state == MailState.DEAD:
            since = mail.created_at
        elif mail is not None and since is not None and mail.created_at >= since:
            since = None  # the mail tells of it
        ends = (
            each.status in {Status.CANCELLED, Status.QUARANTINED}
            or each.suspicion
            or (each.close_reason and each.close_reason not in UNHEARD)
        )
        must = since is not None and not ends and not _heard(calls[pk], since)
        found[pk] = Told(mail, must)
    return found


def was_just_reached(appointment_request: AppointmentRequest) -> bool:
    """Whether its patient was spoken with so lately that they know of a step taken now."""
    pk = appointment_request.pk
    return _heard(_calls({pk: appointment_request})[pk], timezone.now())


def _calls(by_pk: dict[int, AppointmentRequest]) -> dict[int, list[tuple[str, dt.datetime]]]:
    """Return how and when the patient of each request heard from staff, in one query."""
    found: dict[int, list[tuple[str, dt.datetime]]] = {
        pk: [(NoteKind.REACHED, each.received_at)] if each.origin == Origin.PHONE else []
        for pk, each in by_pk.items()
    }
    calls = Note.objects.filter(request__in=by_pk, kind__in=ANSWERS)
    for pk, kind, at in calls.values_list("request", "kind", "at"):
        found[pk].append((kind, at))
    return found


def _is_to_be_told(change: StatusChange) -> bool:
    """Whether a patient who gets no mail must be called about it."""
    if not change.from_status or change.close_reason and change.close_reason not in UNHEARD:
        return False
    news = STATES[Status(change.from_status)].news_of(change.to_status)
    return news not in {None, News.RECEIVED}


def _heard(calls: list[tuple[str, dt.datetime]], since: dt.datetime) -> bool:
    return any(
        at >= since or (kind == NoteKind.REACHED and at >= since - settings.CALL_TELLS)
        for kind, at in calls
    )
