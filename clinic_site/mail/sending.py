"""Mails are made from their outbox rows, and sent, at one moment.

An address that stands encrypted is opened here, for as long as the sending takes. Nothing personal
leaves this module but in the mail itself: what goes wrong is told by `fault_of`.
"""

import contextlib
import signal
import smtplib
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.template.loader import render_to_string

from clinic_site.mail.kinds import MailKind, NotWanted, kinds
from clinic_site.mail.models import OutboxMessage


class BadAddress(Exception):
    """The address cannot be one."""


def send(message: OutboxMessage) -> None:
    """Make the mail of an outbox row and hand it to the mail server; in the main thread only.

    Raises NotWanted, BadAddress, CannotRead, whatever the mail server's refusal raises
    (SMTPException, OSError), and DatabaseError.
    """
    mail = make_mail(message)
    with _within(settings.MAIL_SECONDS):
        mail.send()


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """End the block by a TimeoutError after so long: each step may be quick, and none the last.

    And again each second, as what is said good-bye to can hang in that, too.
    """

    def end(*signal: object) -> None:
        raise TimeoutError("The mail server takes too long.")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def make_mail(message: OutboxMessage) -> EmailMessage:
    """Return the mail of an outbox row. Raises NotWanted, BadAddress, CannotRead."""
    kind = kinds[message.kind]
    to = kind.address(message) if kind.address else _address_of_staff(kind, message)
    try:
        validate_email(to)
    except ValidationError:
        raise BadAddress from None
    text = render_to_string(kind.template, kind.context(message))
    subject, _line, body = text.strip().partition("\n")
    host = urlsplit(settings.SITE_URL).hostname
    return EmailMessage(
        subject=" ".join(subject.split()),  # one line, whatever it was made of
        body=body.strip() + "\n",
        to=[to],
        headers={
            "Message-ID": f"<{message.message_id}@{host}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def _address_of_staff(kind: MailKind, message: OutboxMessage) -> str:
    if message.user is None or not kind.is_for(message.user):
        raise NotWanted("no member of staff who may get it, with an address")
    return message.user.email


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
