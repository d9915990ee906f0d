"""The worker: makes each mail that is due and sends it, and does what is to be done once a day.

Several may run side by side, on one machine or on many. One may be killed at any moment. Nothing
personal leaves this module but in the mail itself: what goes wrong is told by `fault_of`.
"""

import contextlib
import datetime as dt
import logging
import signal
import smtplib
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import Error as DatabaseFault
from django.db import connection
from django.template.loader import render_to_string
from django.utils import timezone

from clinic_site.access.models import KeptForm
from clinic_site.access.sessions import SessionStore
from clinic_site.clinic import read_clinic
from clinic_site.counters import sweep
from clinic_site.crypto.key_check import keys_are_right
from clinic_site.database_fault import kind_of
from clinic_site.mail.models import DailyRun, MailState, NotWanted, OutboxMessage, WorkerBeat, kinds

logger = logging.getLogger(__name__)

# Called every half minute with the clinic's local time, and with a function that says that the
# worker is alive and returns False where it is to end. It claims its day itself.
DailyWork = Callable[[dt.datetime, Callable[[], bool]], None]

_works: list[DailyWork] = []


def adds_daily_work(work: DailyWork) -> DailyWork:
    """Register what is to be done once a day."""
    _works.append(work)
    return work


def claim_day(name: str, day: dt.date) -> bool:
    """Note that `name` is done on that day; False where it was noted before, by any worker.

    A later day is of before a clock was set back: nothing is left undone until then.
    """
    _run, made = DailyRun.objects.get_or_create(name=name, defaults={"day": day})
    return made or bool(DailyRun.objects.filter(name=name).exclude(day=day).update(day=day))


@adds_daily_work
def sweep_what_is_over(local: dt.datetime, go_on: Callable[[], bool]) -> None:
    """Delete counters of limits, sessions of staff, and the forms they left behind."""
    if claim_day("sweep", local.date()):
        sweep()
        SessionStore.clear_expired()
        KeptForm.clear_expired()


class BadAddress(Exception):
    """The address cannot be one."""


def make_mail(message: OutboxMessage) -> EmailMessage:
    """Return the mail of an outbox row. Raises NotWanted, BadAddress, CannotRead."""
    kind, user = kinds[message.kind], message.user
    if kind.address:
        to = kind.address(message)
    elif user and kind.is_for(user):
        to = user.email
    else:
        raise NotWanted("no member of staff who may get it, with an address")
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


def fault_of(error: Exception) -> str:
    """Return what may be kept of an error: its class, and the mail server's code.

    >>> fault_of(smtplib.SMTPRecipientsRefused({"ana@example.com": (550, b"no ana here")}))
    'SMTPRecipientsRefused 550'
    >>> fault_of(ConnectionRefusedError("[Errno 111] Connection refused"))
    'ConnectionRefusedError'
    """
    codes: set[int] = set()
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _text in error.recipients.values()}
    elif isinstance(error, smtplib.SMTPResponseException):
        codes = {error.smtp_code}
    return " ".join([type(error).__name__, *map(str, sorted(codes))])


class Worker:
    """One worker, in the main thread. `stop`, a signal's handler too, ends it after one mail."""

    def __init__(self) -> None:
        self.stopping = False
        self.tell_of_keys_at: float | None = None
        self.beat_at = self.looked_at_day = float("-inf")
        self.is_database_away = False

    def stop(self, *signal: object) -> None:
        self.stopping = True

    def run(self) -> None:
        """Work until `stop` is called; a lost database is waited for."""
        while not self.stopping:
            try:
                self.do_all()
                self.is_database_away = False
                self._sleep(settings.WORKER_LOOK_EVERY)
            except DatabaseFault as fault:
                self._wait_for_database(fault)

    def do_all(self) -> int:
        """Do everything that is due now; return how many mails were sent. Raises DatabaseError."""
        if not keys_are_right():
            # Mail waits, unspent. Without a beat, /readyz tells that no worker works.
            self._tell_of_keys()
            return 0
        self.tell_of_keys_at = None
        sent = self._send_due()  # first, so that nothing in the way of the daily things stops it
        if time.monotonic() - self.looked_at_day >= settings.WORKER_DAY_EVERY:
            local = timezone.now().astimezone(read_clinic().zone)
            for work in _works:
                work(local, self._beat)
            self.looked_at_day = time.monotonic()
            sent += self._send_due()
        return sent

    def _tell_of_keys(self) -> None:
        """Say once that a key is wrong; not at once, as a server beside it says so and ends."""
        now = time.monotonic()
        if self.tell_of_keys_at is None:
            self.tell_of_keys_at = now + settings.WORKER_TELL_AFTER
        if now >= self.tell_of_keys_at:
            logger.error("No mail is sent: a key is wrong. manage.py check_keys says which.")
            self.tell_of_keys_at = float("inf")

    def _send_due(self) -> int:
        sent = 0
        while self._beat() and (message := OutboxMessage.objects.lease_next()):
            sent += self._deliver(message)
        return sent

    def _deliver(self, message: OutboxMessage) -> bool:
        """Send one leased mail and write down what came of it; return whether it was sent."""
        name = f"Mail {message.pk} ({message.kind})"
        state, fault = MailState.SENT, ""
        try:
            mail = make_mail(message)
            with _within(settings.MAIL_SECONDS):
                mail.send()
        except DatabaseFault:
            raise  # no fault of the mail: its lease runs out
        except NotWanted as reason:
            state, fault = MailState.SET_ASIDE, str(reason)
        except Exception as error:  # whatever it is, the other mails must go out
            given_up = timezone.now() >= message.give_up_at
            state, fault = MailState.DEAD if given_up else MailState.WAITING, fault_of(error)
            logger.warning("%s %s: %s", name, "given up" if given_up else "not sent", fault)
        is_ours = self._settle(message, state, fault)
        if state == MailState.SENT and not is_ours:
            logger.warning("%s was sent, but its row was not ours any more", name)
        return state == MailState.SENT

    def _settle(self, message: OutboxMessage, state: MailState, fault: str) -> bool:
        """Write what came of a mail, however long the database is away: else it went out twice."""
        while True:
            try:
                return message.settle(state, fault)
            except DatabaseFault as away:
                if self.stopping:
                    raise
                self._wait_for_database(away)

    def _wait_for_database(self, fault: Exception) -> None:
        """Say once that it is away, and wait for a moment."""
        if not self.is_database_away:
            logger.error("Database away: %s", kind_of(fault))
        self.is_database_away = True
        connection.close()
        self._sleep(settings.WORKER_DATABASE_AWAY)

    def _beat(self) -> bool:
        """Say that this worker is alive, where that was not said lately; False to stop."""
        if time.monotonic() - self.beat_at >= settings.WORKER_BEAT_EVERY:
            WorkerBeat.objects.update_or_create(pk=1, defaults={"at": timezone.now()})
            self.beat_at = time.monotonic()
        return not self.stopping

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        # In short naps: a signal does not end a sleep.
        while not self.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))


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
