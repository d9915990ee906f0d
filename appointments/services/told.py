"""What patients were told last: by which mail, or that staff must call them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

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
    steps = {change.request_id: change.at for change in changes if _is_to_be_told(change)}
    heard: dict[int, list[tuple[str, dt.datetime]]] = defaultdict(list)
    calls = Note.objects.filter(request__in=by_pk, kind__in=ANSWERS)
    for pk, kind, at in calls.values_list("request", "kind", "at"):
        heard[pk].append((kind, at))
    found = {}
    for pk, each in by_pk.items():
        if each.origin == Origin.PHONE:
            heard[pk].append((NoteKind.REACHED, each.received_at))
        mail, since = mails.get(each.reference), steps.get(pk)
        if mail is not None and mail.state == MailState.DEAD:
            since = mail.created_at
        elif mail is not None and since is not None and mail.created_at >= since:
            since = None  # the mail tells of it
        ends = each.status in {Status.CANCELLED, Status.QUARANTINED}
        must = since is not None and not ends and not _heard(heard[pk], since)
        found[pk] = Told(mail, must)
    return found


def _is_to_be_told(change: StatusChange) -> bool:
    """Whether a patient who gets no mail must be called about it."""
    if not change.from_status or change.close_reason and change.close_reason not in UNHEARD:
        return False
    news = STATES[Status(change.from_status)].news_of(change.to_status)
    return news not in {None, News.RECEIVED}


def _heard(heard: list[tuple[str, dt.datetime]], since: dt.datetime) -> bool:
    return any(
        at >= since or (kind == NoteKind.REACHED and at >= since - settings.CALL_TELLS)
        for kind, at in heard
    )
