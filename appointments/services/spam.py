"""What makes a request look like spam, and how closing many at once is undone.

Nothing here ever turns a patient away.
"""

import contextlib
import datetime as dt

from django.conf import settings
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from appointments.choices import Origin, Suspicion
from appointments.models import AppointmentRequest, StatusChange
from appointments.services.work import undo
from appointments.services.workflow import InvalidTransition
from appointments.states import CloseReason, Status
from clinic_site.actor import Actor
from clinic_site.counters import count_up
from clinic_site.edit_conflict import EditConflict


def suspicion_of(*, honeypot: bool, sender: str, now: dt.datetime) -> str:
    """Return why a request looks like spam, as a Suspicion; "" where nothing does.

    `sender` is the keyed hash of who sends it; "" where that is not known. To be called in the
    transaction that stores the request, so that only what is stored is counted.
    """
    sent = count_up(f"sent:{sender}") if sender else 0
    if honeypot:
        return Suspicion.HONEYPOT
    if sent > settings.REQUESTS_AN_HOUR_OF_ONE_SENDER:
        return Suspicion.SENDER
    # Of all, the rows are counted: one counter would have each patient wait for the one before.
    # The window ends now, so that a clock set back makes nobody a spammer. What is suspected
    # already does not count, or one sender could have everyone else suspected.
    lately = AppointmentRequest.objects.filter(
        received_at__range=(now - dt.timedelta(hours=1), now), origin=Origin.WEB, suspicion=""
    )
    limit = settings.REQUESTS_AN_HOUR
    return Suspicion.OVERALL if limit < 1 or lately[limit - 1 : limit].exists() else ""


def closed_by(name: str) -> QuerySet[AppointmentRequest]:
    """Return the suspected spam that somebody closed as spam, and that can still be undone."""
    last = StatusChange.objects.filter(request=OuterRef("pk")).order_by("-at", "-pk")
    closed = AppointmentRequest.objects.filter(
        status=Status.CLOSED,
        close_reason=CloseReason.SPAM,
        status_at__gt=timezone.now() - settings.UNDO_WITHIN,
    ).exclude(notes__at__gte=F("status_at"))
    return closed.alias(
        was=Subquery(last.values("from_status")[:1]), by=Subquery(last.values("by")[:1])
    ).filter(was=Status.QUARANTINED, by=name)


def undo_spam(*, by: Actor) -> int:
    """Undo that somebody closed suspected spam; return how many are suspected again."""
    undone = 0
    for asked in closed_by(by.name)[: settings.SPAM_AT_ONCE]:
        with contextlib.suppress(AppointmentRequest.DoesNotExist, EditConflict, InvalidTransition):
            undo(pk=asked.pk, version=asked.version, by=by)
            undone += 1
    return undone
