"""Erasing what the clinic no longer keeps."""

import datetime as dt
from collections.abc import Callable

from django.db import models, transaction
from django.utils import timezone

from appointments.audit import REQUEST, RequestAction
from appointments.choices import CloseReason
from clinic_site.actor import Actor
from clinic_site.audit.record import record

BATCH = 200  # rows in one transaction


class ErasedRequest(models.Model):
    """What stays of an erased request: that there was one, and how soon it was answered."""

    received_at = models.DateTimeField(db_index=True)
    answered_after = models.DurationField(null=True)

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d}"


def erase(
    *,
    days: int,
    now: dt.datetime | None = None,
    dry_run: bool = False,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Erase requests that ended `days` days ago or earlier, with all that belongs to them.

    Returns how many; with `dry_run`, how many there are. Their audit rows stay, and a row that
    counts them. `go_on` is asked before each batch; False ends it early. Safe to be killed and
    run again, and side by side. Raises ValueError for less than a day, DatabaseError.
    """
    from appointments.models import AppointmentRequest

    if days < 1:
        raise ValueError("days must be 1 or more")
    now = now or timezone.now()
    old = AppointmentRequest.objects.to_erase(days=days, now=now).order_by("pk")
    if dry_run:
        return old.count()
    erased = 0
    while go_on():
        with transaction.atomic():
            rows = list(
                old.select_for_update(of=("self",)).only(
                    "reference", "received_at", "first_answer_at", "close_reason"
                )[:BATCH]
            )
            if not rows:
                break
            ErasedRequest.objects.bulk_create(
                ErasedRequest(
                    received_at=row.received_at,
                    answered_after=row.first_answer_at and row.first_answer_at - row.received_at,
                )
                for row in rows
                if row.close_reason != CloseReason.SPAM
            )
            AppointmentRequest.objects.filter(pk__in=[row.pk for row in rows]).delete()
            references = [row.reference for row in rows]
            record(RequestAction.PURGED, REQUEST, references, by=Actor.system())
        erased += len(rows)
    return erased
