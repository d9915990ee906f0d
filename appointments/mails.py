"""The mails about requests: none names a patient, a reason, a condition or a day.

Their texts are in templates/appointments/mail/, the subject on the first line.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from appointments.audit import REQUEST
from appointments.models import AppointmentRequest
from appointments.services.waiting import is_late
from appointments.states import News, Status
from appointments.tokens import mail_token
from clinic_site.clinic import read_clinic
from clinic_site.mail.kinds import MailKind, NotWanted, adds_mail
from clinic_site.mail.models import OutboxMessage
from clinic_site.mail.outbox import new_mail, to_staff

MAY_SEE_REQUESTS = "appointments.view_appointmentrequest"


def admin_address(page: str, *args: object) -> str:
    """Return the whole address of a page of the queue."""
    path = reverse(f"admin:appointments_appointmentrequest_{page}", args=args)
    return f"{settings.SITE_URL}{path}"


def _appointment_request(message: OutboxMessage) -> AppointmentRequest:
    found = AppointmentRequest.objects.filter(reference=message.reference).first()
    if found is None:
        raise NotWanted("no request any more")
    return found


# Mails to staff


def _to_staff(message: OutboxMessage) -> dict[str, Any]:
    appointment_request = _appointment_request(message)
    return {
        "reference": appointment_request.reference,
        "cancelled": appointment_request.status == Status.CANCELLED,
        "address": admin_address("change", appointment_request.pk),
    }


NEW_REQUEST = adds_mail(
    MailKind(
        "new_request",
        _("a new request, to staff"),
        "appointments/mail/new_request.txt",
        _to_staff,
        permission=MAY_SEE_REQUESTS,
        offer=_("For each new request"),
    )
)
CHANGE = adds_mail(
    MailKind(
        "change",
        _("a change the patient asks for, to staff"),
        "appointments/mail/change.txt",
        _to_staff,
        permission=MAY_SEE_REQUESTS,
        offer=_("For each change that a patient asks for, and when one cancels"),
    )
)


# Mails to patients. Each news is sent only while it still holds.


def _visit_stands(appointment_request: AppointmentRequest, message: OutboxMessage) -> bool:
    """Whether the visit is to come, and nobody has moved it since the mail was written."""
    visit_at = appointment_request.visit_at if _is_set(appointment_request, message) else None
    return visit_at is not None and visit_at > timezone.now()


def _is_set(appointment_request: AppointmentRequest, message: OutboxMessage) -> bool:
    return _is_still(Status.SCHEDULED, appointment_request, message)


def _is_closed(appointment_request: AppointmentRequest, message: OutboxMessage) -> bool:
    return _is_still(Status.CLOSED, appointment_request, message)


def _is_still(
    status: Status, appointment_request: AppointmentRequest, message: OutboxMessage
) -> bool:
    """Whether this is its status, and no step came after the mail: that one wrote its own."""
    return _is_last_step(appointment_request, message) and appointment_request.status == status


def _is_last_step(appointment_request: AppointmentRequest, message: OutboxMessage) -> bool:
    return appointment_request.status_at <= message.created_at


_HOLDS: dict[News, Callable[[AppointmentRequest, OutboxMessage], bool]] = {
    News.RECEIVED: lambda appointment_request, message: True,
    News.SCHEDULED: _is_set,
    News.CHANGED: _is_last_step,
    News.CLOSED: _is_closed,
    News.REMINDER: _visit_stands,
    News.LATE: lambda appointment_request, message: is_late(
        appointment_request, read_clinic(), timezone.now()
    ),
}


def _to_patient(message: OutboxMessage) -> dict[str, Any]:
    appointment_request = _appointment_request(message)
    if not _HOLDS[news_of(message)](appointment_request, message):
        raise NotWanted("overtaken by what came after")
    path = reverse("request_from_mail", args=[mail_token(appointment_request.attempt)])
    return {
        "reference": appointment_request.reference,
        "address": f"{settings.SITE_URL}{path}",
        "phone": read_clinic().phone_as_read,
    }


def _address_of_patient(message: OutboxMessage) -> str:
    appointment_request = _appointment_request(message)
    if not appointment_request.answer("email_ok") or not appointment_request.answer("email"):
        raise NotWanted("no address any more")
    return str(appointment_request.answer("email"))


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
    return next(news for news, kind in TO_PATIENT.items() if kind.name == message.kind)


# Written in the transaction of what they tell of


def write_mails(appointment_request: AppointmentRequest) -> None:
    """Write the mails that tell of a new request, in the caller's transaction.

    Suspected spam gets none: its address may not be the sender's, and staff see it in the digest.
    """
    if appointment_request.suspicion:
        return
    mails = to_staff(NEW_REQUEST, REQUEST, appointment_request.reference)
    OutboxMessage.objects.bulk_create([*mails, *_news(appointment_request, News.RECEIVED)])


def write_news(appointment_request: AppointmentRequest, news: News | None) -> None:
    """Write the mail that tells a patient of `news`, if any, where the patient agreed to mail."""
    if news is not None:
        OutboxMessage.objects.bulk_create(_news(appointment_request, news))


def _news(appointment_request: AppointmentRequest, news: News) -> list[OutboxMessage]:
    if appointment_request.suspicion or not appointment_request.agrees_to_mail:
        return []
    return [new_mail(TO_PATIENT[news], REQUEST, appointment_request.reference)]


def write_change_mails(appointment_request: AppointmentRequest) -> None:
    """Write the mails that tell staff that a patient asks for a change, or canceled."""
    mails = to_staff(CHANGE, REQUEST, appointment_request.reference)
    OutboxMessage.objects.bulk_create(mails)
