"""The mails about requests: none names a patient, a reason or a condition.

Their texts are in templates/appointments/mail/, the subject on the first line.
"""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from appointments.audit import REQUEST
from appointments.models import AppointmentRequest
from appointments.states import Status
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


def _to_staff(message: OutboxMessage) -> dict[str, Any]:
    request = _appointment_request(message)
    return {
        "reference": request.reference,
        "cancelled": request.status == Status.CANCELLED,
        "address": admin_address("change", request.pk),
    }


def _to_patient(message: OutboxMessage) -> dict[str, Any]:
    return {"reference": message.reference, "phone": read_clinic().phone_as_read}


def _address_of_patient(message: OutboxMessage) -> str:
    appointment_request = _appointment_request(message)
    if not (appointment_request.answer("email_ok") and appointment_request.answer("email")):
        raise NotWanted("no address any more")
    return str(appointment_request.answer("email"))


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
CONFIRMATION = adds_mail(
    MailKind(
        "confirmation",
        _("a confirmation, to the patient"),
        "appointments/mail/confirmation.txt",
        _to_patient,
        address=_address_of_patient,
    )
)


def write_mails(request: AppointmentRequest) -> None:
    """Write the mails that tell of a new request, in the caller's transaction.

    Suspected spam gets none: its address may not be the sender's, and staff see it in the digest.
    """
    if request.suspicion:
        return
    mails = to_staff(NEW_REQUEST, REQUEST, request.reference)
    if request.email_index and request.agrees_to_mail:
        mails.append(new_mail(CONFIRMATION, REQUEST, request.reference))
    OutboxMessage.objects.bulk_create(mails)


def write_change_mails(request: AppointmentRequest) -> None:
    """Write the mails that tell staff that a patient asks for a change, or canceled."""
    OutboxMessage.objects.bulk_create(to_staff(CHANGE, REQUEST, request.reference))
