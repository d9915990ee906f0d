"""The daily digest: what waits, for staff who chose to be told once a day."""

import datetime as dt
from dataclasses import dataclass

from django.db import models, transaction

from appointments.choices import Status
from appointments.models import AppointmentRequest
from appointments.outbox import MailKind, OutboxMessage, WorkerBeat, who_wants
from appointments.waiting import count_overdue
from clinic_site.clinic import read_clinic
from clinic_site.office_hours import zone_of

AT = dt.time(7)  # in the clinic's time zone


@dataclass(frozen=True)
class Digest:
    """How many requests wait, and what is wrong."""

    waiting: int
    overdue: int
    suspected: int
    to_settle: int
    dead_mails: int

    @property
    def needs_someone(self) -> bool:
        """Whether it is worth a mail."""
        return bool(self.overdue or self.suspected or self.to_settle or self.dead_mails)


def digest_of(now: dt.datetime) -> Digest:
    """Return the counts of this moment."""
    return Digest(
        waiting=AppointmentRequest.objects.waiting().count(),
        overdue=count_overdue(read_clinic(), now),
        suspected=AppointmentRequest.objects.filter(status=Status.QUARANTINED).count(),
        to_settle=AppointmentRequest.objects.to_settle().count(),
        dead_mails=OutboxMessage.objects.dead().count(),
    )


def write_digests(now: dt.datetime) -> int:
    """Write the day's digest mails, once a day after seven, whoever asks; return how many.

    A day on which nothing is wrong has none.
    """
    local = now.astimezone(zone_of(read_clinic()))
    if local.time() < AT:
        return 0
    with transaction.atomic():
        if not claim_day("digest_on", local.date()) or not digest_of(now).needs_someone:
            return 0
        mails = [OutboxMessage(kind=MailKind.DIGEST, user_id=id) for id in who_wants("digest")]
        return len(OutboxMessage.objects.bulk_create(mails))


def claim_day(what: str, day: dt.date) -> bool:
    """Note in the worker's row that `what` is done on that day; False where it was noted before.

    One statement, so that of several workers one gets True.
    """
    not_yet = models.Q((what, None)) | models.Q((f"{what}__lt", day))
    return bool(WorkerBeat.objects.filter(not_yet, pk=1).update(**{what: day}))
