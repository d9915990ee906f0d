"""The mails about requests: none names a patient, a reason, a condition or a day.

Their texts are in templates/appointments/mail/, the subject on the first line. Each is written in
the transaction of what it tells of.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from appointments.audit import REQUEST
from appointments.models import AppointmentRequest
from appointments.services.waiting import count_overdue, is_late
from appointments.states import News, Status
from appointments.tokens import mail_token
from clinic_site.clinic import read_clinic
from clinic_site.mail.models import (
    MailKind,
    NotWanted,
    OutboxMessage,
    adds_mail,
    new_mail,
    to_staff,
)

MAY_SEE_REQUESTS = "appointments.view_appointmentrequest"


def address_of(view: str, *args: object) -> str:
    """Return the whole address of a page, for a mail."""
    return f"{settings.SITE_URL}{reverse(view, args=args)}"


def _appointment_request(message: OutboxMessage) -> AppointmentRequest:
    found = AppointmentRequest.objects.filter(reference=message.reference).first()
    if found is None:
        raise NotWanted("no request any more")
    return found


def _to_staff(message: OutboxMessage) -> dict[str, Any]:
    appointment_request = _appointment_request(message)
    page = "admin:appointments_appointmentrequest_change"
    return {
        "reference": appointment_request.reference,
        "cancelled": appointment_request.status == Status.CANCELLED,
        "address": address_of(page, appointment_request.pk),
    }


def digest_counts(now: dt.datetime) -> dict[str, int]:
    """Return how many requests wait, and how much is wrong."""
    requests = AppointmentRequest.objects
    return {
        "waiting": requests.waiting().count(),
        "overdue": count_overdue(read_clinic(), now),
        "suspected": requests.filter(status=Status.QUARANTINED).count(),
        "to_acknowledge": requests.to_acknowledge().count(),
        "dead_mails": OutboxMessage.objects.dead().count(),
    }


def _digest(message: OutboxMessage) -> dict[str, Any]:
    page = "admin:appointments_appointmentrequest_changelist"
    return {"counts": digest_counts(timezone.now()), "address": address_of(page)}


def _for_staff(
    name: str,
    label: Any,
    offer: Any,
    context: Callable[[OutboxMessage], dict[str, Any]] = _to_staff,
) -> MailKind:
    template = f"appointments/mail/{name}.txt"
    kind = MailKind(name, label, template, context, permission=MAY_SEE_REQUESTS, offer=offer)
    return adds_mail(kind)


NEW_REQUEST = _for_staff("new_request", _("a new request, to staff"), _("For each new request"))
CHANGE = _for_staff(
    "change",
    _("a change the patient asks for, to staff"),
    _("For each change that a patient asks for, and when one cancels"),
)
DIGEST = _for_staff(
    "digest",
    _("what waits too long, to staff"),
    _("On each day on which something needs someone"),
    _digest,
)

_STATUS_OF_NEWS = {
    News.SCHEDULED: Status.SCHEDULED,
    News.REMINDER: Status.SCHEDULED,
    News.CLOSED: Status.CLOSED,
}


def _still_holds(
    news: News, appointment_request: AppointmentRequest, message: OutboxMessage
) -> bool:
    """Whether the news is true, and no step came after the mail: that one wrote its own."""
    now, status = timezone.now(), appointment_request.status
    if news == News.RECEIVED:
        return True
    if news == News.LATE:
        return is_late(appointment_request, read_clinic(), now)
    if appointment_request.status_at > message.created_at:
        return False
    visit_at = appointment_request.visit_at
    is_over = news == News.REMINDER and (visit_at is None or visit_at <= now)
    return status == _STATUS_OF_NEWS.get(news, status) and not is_over


def _to_patient(message: OutboxMessage) -> dict[str, Any]:
    appointment_request = _appointment_request(message)
    if not _still_holds(news_of(message), appointment_request, message):
        raise NotWanted("overtaken by what came after")
    return {
        "reference": appointment_request.reference,
        "address": address_of("request_from_mail", mail_token(appointment_request.attempt)),
        "phone": read_clinic().phone_as_read,
    }


def _address_of_patient(message: OutboxMessage) -> str:
    appointment_request = _appointment_request(message)
    address = appointment_request.answer("email")
    if not address or not appointment_request.answer("email_ok"):
        raise NotWanted("no address any more")
    return address


TO_PATIENT = {
    news: adds_mail(
        MailKind(
            f"patient_{news}",
            format_lazy("{}, {}", news.label, _("to the patient")),
            f"appointments/mail/patient_{news}.txt",
            _to_patient,
            address=_address_of_patient,
        )
    )
    for news in News
}


def news_of(message: OutboxMessage) -> News:
    """Return what a mail to a patient tells of."""
    return News(message.kind.removeprefix("patient_"))


def write_mails(appointment_request: AppointmentRequest) -> None:
    """Write the mails that tell of a new request.

    Suspected spam gets none: its address may not be the sender's, and staff see it in the digest.
    """
    if not appointment_request.suspicion:
        mails = to_staff(NEW_REQUEST, REQUEST, appointment_request.reference)
        mails += _news(appointment_request, News.RECEIVED)
        OutboxMessage.objects.bulk_create(mails)


def write_news(appointment_request: AppointmentRequest, news: News | None) -> None:
    """Write the mail that tells a patient of `news`, if any, where the patient agreed to mail."""
    if news is not None:
        OutboxMessage.objects.bulk_create(_news(appointment_request, news))


def _news(appointment_request: AppointmentRequest, news: News) -> list[OutboxMessage]:
    if appointment_request.suspicion or not appointment_request.agrees_to_mail:
        return []
    return [new_mail(TO_PATIENT[news], REQUEST, appointment_request.reference)]


def write_change_mails(appointment_request: AppointmentRequest) -> None:
    """Write the mails that tell staff that a patient asks for a change, or canceled.

    There is none about suspected spam.
    """
    if not appointment_request.suspicion:
        mails = to_staff(CHANGE, REQUEST, appointment_request.reference)
        OutboxMessage.objects.bulk_create(mails)
