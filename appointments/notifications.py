"""The mails themselves: each is made from its outbox row, and sent, at one moment.

None names a patient, a reason or a condition. The one address of a patient is opened here, for
as long as the sending takes. Nothing personal leaves this module but in the mail itself: what
goes wrong is told by `fault_of`.
"""

import smtplib
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.choices import Status
from appointments.digest import digest_of
from appointments.models import AppointmentRequest
from appointments.outbox import MailKind, OutboxMessage
from clinic_site.clinic import read_clinic


class NotWanted(Exception):
    """Nobody is to get this mail any more; its text says why, and names nobody."""


class BadAddress(Exception):
    """The address cannot be one."""


def send(message: OutboxMessage) -> None:
    """Make the mail of an outbox row and hand it to the mail server.

    Raises NotWanted, BadAddress, CannotRead, whatever the mail server's refusal raises
    (SMTPException, OSError), and DatabaseError.
    """
    make_mail(message).send()


def make_mail(message: OutboxMessage) -> EmailMessage:
    """Return the mail of an outbox row. Raises NotWanted, BadAddress, CannotRead."""
    to = _address(message)
    try:
        validate_email(to)
    except ValidationError:
        raise BadAddress from None
    subject, lines = _MAKERS[MailKind(message.kind)](message)
    host = urlsplit(settings.SITE_URL).hostname
    return EmailMessage(
        subject=" ".join(subject.split()),  # one line, whatever it was made of
        body="\n\n".join(lines) + "\n",
        to=[to],
        headers={
            "Message-ID": f"<{message.message_id}@{host}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def fault_of(error: Exception) -> str:
    """Return what may be kept of an error: its class, and the mail server's code.

    >>> fault_of(smtplib.SMTPRecipientsRefused({"ana@example.com": (550, b"no ana here")}))
    'SMTPRecipientsRefused 550'
    >>> fault_of(ConnectionRefusedError("[Errno 111] Connection refused"))
    'ConnectionRefusedError'
    """
    codes: set[object] = set()
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _text in error.recipients.values()}
    elif isinstance(error, smtplib.SMTPResponseException):
        codes = {error.smtp_code}
    return " ".join([type(error).__name__, *sorted(str(code) for code in codes)])


def _address(message: OutboxMessage) -> str:
    if message.kind == MailKind.CONFIRMATION:
        request = _request(message)
        address = request.answer("email") if request.answer("email_ok") else ""
        if not address:
            raise NotWanted("no address any more")
        return address
    user = message.user
    if user is None or not (user.is_active and user.is_staff and user.email):
        raise NotWanted("no member of staff with an address any more")
    return user.email


def _request(message: OutboxMessage) -> AppointmentRequest:
    if message.request is None:
        raise NotWanted("no request any more")
    return message.request


def _new_request(message: OutboxMessage) -> tuple[str, list[str]]:
    request = _request(message)
    return _("New request %s") % request.reference, [
        _("A new request %s has come in.") % request.reference,
        _("Open it: %s") % _admin("change", request.pk),
    ]


def _confirmation(message: OutboxMessage) -> tuple[str, list[str]]:
    """It may be read by others at home or at work: it does not say what this is about."""
    request, clinic = _request(message), read_clinic()
    return _("We have your message"), [
        _("We have received your message."),
        _("Your reference: %s") % request.reference,
        _("To reach us, call %s.") % clinic.phone_as_read,
    ]


def _change(message: OutboxMessage) -> tuple[str, list[str]]:
    request = _request(message)
    if request.status == Status.WITHDRAWN:
        said = _("Request %s was withdrawn.") % request.reference
    else:
        said = _("A change is asked for in request %s.") % request.reference
    subject = _("Change of request %s") % request.reference
    return subject, [said, _("Open it: %s") % _admin("change", request.pk)]


def _digest(message: OutboxMessage) -> tuple[str, list[str]]:
    now = digest_of(timezone.now())
    counts = [
        ngettext("%d request waits.", "%d requests wait.", now.waiting) % now.waiting,
        ngettext("%d waits too long.", "%d wait too long.", now.overdue) % now.overdue,
        ngettext(
            "%d is suspected spam: it may be a patient, so have a look.",
            "%d are suspected spam: any may be a patient, so have a look.",
            now.suspected,
        )
        % now.suspected,
        ngettext(
            "%d patient asks for a change, or withdrew.",
            "%d patients ask for a change, or withdrew.",
            now.to_settle,
        )
        % now.to_settle,
        ngettext("%d mail was given up.", "%d mails were given up.", now.dead_mails)
        % now.dead_mails,
    ]
    subject = _("Requests: %(waiting)d wait, %(overdue)d too long") % {
        "waiting": now.waiting,
        "overdue": now.overdue,
    }
    return subject, ["\n".join(counts), _("The queue: %s") % _admin("changelist")]


def _admin(page: str, *args: object) -> str:
    path = reverse(f"admin:appointments_appointmentrequest_{page}", args=args)
    return f"{settings.SITE_URL}{path}"


_MAKERS = {
    MailKind.NEW_REQUEST: _new_request,
    MailKind.CONFIRMATION: _confirmation,
    MailKind.CHANGE: _change,
    MailKind.DIGEST: _digest,
}
