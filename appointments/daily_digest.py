"""The daily digest: what waits, for staff who chose to be told once a day."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.mails import MAY_SEE_REQUESTS, admin_address
from appointments.models import AppointmentRequest
from appointments.services.waiting import count_overdue
from appointments.states import Status
from clinic_site.clinic import read_clinic
from clinic_site.mail.daily import adds_daily_work, claim_day
from clinic_site.mail.kinds import MailKind, adds_mail
from clinic_site.mail.models import OutboxMessage
from clinic_site.mail.outbox import to_staff


@dataclass(frozen=True)
class Digest:
    """How many requests wait, and what is wrong."""

    waiting: int
    overdue: int
    suspected: int
    to_acknowledge: int
    dead_mails: int

    @property
    def needs_someone(self) -> bool:
        """Whether it is worth a mail."""
        return bool(self.overdue or self.suspected or self.to_acknowledge or self.dead_mails)


def digest_of(now: dt.datetime) -> Digest:
    """Return the counts of this moment."""
    return Digest(
        waiting=AppointmentRequest.objects.waiting().count(),
        overdue=count_overdue(read_clinic(), now),
        suspected=AppointmentRequest.objects.filter(status=Status.QUARANTINED).count(),
        to_acknowledge=AppointmentRequest.objects.to_acknowledge().count(),
        dead_mails=OutboxMessage.objects.dead().count(),
    )


def _context(message: OutboxMessage) -> dict[str, Any]:
    return {"counts": digest_of(timezone.now()), "address": admin_address("changelist")}


DIGEST = adds_mail(
    MailKind(
        "digest",
        _("what waits too long, to staff"),
        "appointments/mail/daily_digest.txt",
        _context,
        permission=MAY_SEE_REQUESTS,
        offer=_("On each day on which something needs someone"),
    )
)


@adds_daily_work
def daily_digest(local: dt.datetime, go_on: Callable[[], bool]) -> None:
    """Write the day's digest mails, once a day after seven; a day that needs no one has none."""
    if local.time() < settings.DIGEST_AT:
        return
    with transaction.atomic():
        if claim_day("digest", local.date()) and digest_of(local).needs_someone:
            OutboxMessage.objects.bulk_create(to_staff(DIGEST))
