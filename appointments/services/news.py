"""What the worker tells though nobody did anything: that a visit is near, that the clinic is late,
and to staff, once a day, what waits.

News to patients is noted on the request in the transaction that writes its mail, by one conditional
UPDATE, so that several workers write it once.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from appointments.mails import DIGEST, digest_counts, write_news
from appointments.models import AppointmentRequest
from appointments.models.request import AppointmentRequestQuerySet
from appointments.services.waiting import overdue_before
from appointments.states import News, Status
from clinic_site.clinic import read_clinic
from clinic_site.mail.models import OutboxMessage, to_staff
from clinic_site.mail.worker import adds_daily_work, claim_day


@adds_daily_work
def daily_digest(local: dt.datetime, go_on: Callable[[], bool]) -> None:
    """Write the day's digest mails, once a day; a day that needs no one has none."""
    if local.time() < settings.DIGEST_AT:
        return
    with transaction.atomic():
        if claim_day("digest", local.date()):
            counts = digest_counts(local)
            if any(count for name, count in counts.items() if name != "waiting"):
                OutboxMessage.objects.bulk_create(to_staff(DIGEST))


@adds_daily_work
def tell_of_visits(local: dt.datetime, go_on: Callable[[], bool]) -> None:
    """Write the mails that remind of tomorrow's visits, once for each time that a visit is set to.

    Who was told of the visit today already is not reminded today.
    """
    if local.time() < settings.REMIND_AT:
        return
    today, tomorrow, day_after = (
        dt.datetime.combine(local.date() + dt.timedelta(days=days), dt.time(), local.tzinfo)
        for days in range(3)
    )
    near = AppointmentRequest.objects.filter(
        ~Q(reminded_of=F("visit_at")),
        status=Status.SCHEDULED,
        visit_at__gte=tomorrow,
        visit_at__lt=day_after,
        status_at__lt=today,
    )
    _tell(near.order_by("visit_at"), News.REMINDER, go_on, reminded_of=F("visit_at"))


@adds_daily_work
def tell_of_lateness(local: dt.datetime, go_on: Callable[[], bool]) -> None:
    """Write the mails that say that the answer is late, once for each request.

    None while the clinic has set no time to answer within, and none about suspected spam.
    """
    clinic = read_clinic()
    if not clinic.answer_within_hours:
        return
    late = AppointmentRequest.objects.waiting().filter(
        received_at__lt=overdue_before(clinic, local),
        suspicion="",
        first_answer_at=None,
        found_late_at=None,
    )
    _tell(late.order_by("received_at", "pk"), News.LATE, go_on, found_late_at=local)


def _tell(
    untold: AppointmentRequestQuerySet, news: News, go_on: Callable[[], bool], **noted: Any
) -> None:
    """Note the news on the first of these requests that are still untold, and write their mails."""
    for pk in list(untold.values_list("pk", flat=True)[: settings.NEWS_BATCH]):
        if not go_on():
            return
        with transaction.atomic():
            if untold.filter(pk=pk).update(**noted):
                write_news(AppointmentRequest.objects.get(pk=pk), news)
