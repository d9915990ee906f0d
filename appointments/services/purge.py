"""Erasing for good what the clinic no longer keeps."""

import datetime as dt
import logging
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from appointments.audit import REQUEST, RequestAction
from appointments.models import AppointmentRequest
from clinic_site.actor import SYSTEM, Actor
from clinic_site.audit.models import record
from clinic_site.clinic import read_clinic
from clinic_site.mail.models import OutboxMessage
from clinic_site.mail.worker import adds_daily_work, claim_day

logger = logging.getLogger(__name__)


def purge(
    *,
    days: int,
    dry_run: bool = False,
    go_on: Callable[[], bool] = lambda: True,
    tell: Callable[[int], object] = lambda purged: None,
) -> int:
    """Delete requests that ended `days` days ago or earlier, with all that belongs to them.

    Returns how many; with `dry_run`, how many there are. Their audit rows stay. `go_on` is asked
    before each batch, and `tell` hears after it how many are gone so far. Safe to be killed and
    run again, and side by side. Raises ValueError for less than a day, DatabaseError.
    """
    if days < 1:
        raise ValueError("days must be 1 or more")
    old = AppointmentRequest.objects.to_purge(days=days, now=timezone.now()).order_by("pk")
    if dry_run:
        return old.count()
    purged = 0
    while go_on():
        with transaction.atomic():
            # Locked, so that what staff take up again at this moment stays.
            rows = old.select_for_update(of=("self",)).values_list("pk", "reference")
            found = dict(rows[: settings.PURGE_BATCH])
            if not found:
                break
            OutboxMessage.objects.about(REQUEST, *found.values()).delete()
            AppointmentRequest.objects.filter(pk__in=found).delete()
            record(RequestAction.PURGED, REQUEST, found.values(), by=Actor(SYSTEM))
        purged += len(found)
        tell(purged)
    return purged


@adds_daily_work
def daily_purge(local: dt.datetime, go_on: Callable[[], bool]) -> None:
    """Delete what is older than the clinic has set, once a day."""
    days = read_clinic().keep_requests_days
    if not (days and claim_day("purge", local.date())):
        return
    if purged := purge(days=days, go_on=go_on):
        logger.info("Erased %d requests that ended %d days ago or earlier", purged, days)
