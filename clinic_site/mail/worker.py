"""The worker: sends what is due, and does what is to be done once a day.

Several may run side by side, on one machine or on many. One may be killed at any moment.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import connection
from django.utils import timezone

from clinic_site.clinic import read_clinic
from clinic_site.crypto.key_check import keys_are_right
from clinic_site.mail.daily import works
from clinic_site.mail.kinds import NotWanted
from clinic_site.mail.models import OutboxMessage, WorkerBeat
from clinic_site.mail.outbox import lease_next, mark_failed, mark_sent, mark_unwanted
from clinic_site.mail.sending import fault_of, send

logger = logging.getLogger(__name__)


class Worker:
    """One worker. `stop` ends it after the mail in hand."""

    def __init__(self) -> None:
        self.stopping = self.told_of_keys = False
        self.keys_wrong_since: float | None = None
        self.beat_at = self.looked_at_day = float("-inf")

    def stop(self, *signal: object) -> None:
        """End soon; can serve as a signal handler."""
        self.stopping = True

    def run(self) -> None:
        """Work until `stop` is called; a lost database is waited for."""
        while not self.stopping:
            try:
                self.do_all()
                pause = settings.WORKER_LOOK_EVERY
            except DatabaseFault as fault:
                _away(fault)
                pause = settings.WORKER_DATABASE_AWAY
            self._sleep(pause)

    def do_all(self) -> int:
        """Do everything that is due now; return how many mails were sent. Raises DatabaseError."""
        if not keys_are_right():
            # Mail waits, unspent. Without a beat, /readyz tells that no worker works.
            self._tell_of_keys()
            return 0
        self.keys_wrong_since = None
        sent = self._send_due()  # first, so that nothing in the way of the daily things stops it
        if time.monotonic() - self.looked_at_day >= settings.WORKER_DAY_EVERY:
            self._daily()
            self.looked_at_day = time.monotonic()
            sent += self._send_due()
        return sent

    def _tell_of_keys(self) -> None:
        """Say once that a key is wrong; not at once, as a server beside it says so and ends."""
        if self.keys_wrong_since is None:
            self.keys_wrong_since, self.told_of_keys = time.monotonic(), False
        if (
            not self.told_of_keys
            and time.monotonic() - self.keys_wrong_since >= settings.WORKER_TELL_AFTER
        ):
            logger.error("No mail is sent: a key is wrong. manage.py check_keys says which.")
            self.told_of_keys = True

    def _send_due(self) -> int:
        self._beat()
        sent = 0
        while not self.stopping and (message := lease_next()):
            sent += self._deliver(message)
            self._beat()
        return sent

    def _deliver(self, message: OutboxMessage) -> bool:
        """Send one leased mail and write down what came of it; return whether it was sent."""
        name = f"Mail {message.pk} ({message.kind})"
        try:
            send(message)
        except DatabaseFault:
            raise  # no fault of the mail: its lease runs out
        except NotWanted as reason:
            why = str(reason)
            self._insist(lambda: mark_unwanted(message, why))
            return False
        except Exception as error:  # whatever it is, the other mails must go out
            fault = fault_of(error)
            given_up = self._insist(lambda: mark_failed(message, fault))
            logger.warning("%s %s: %s", name, "given up" if given_up else "not sent", fault)
            return False
        if not self._insist(lambda: mark_sent(message)):
            logger.warning("%s was sent, but its row was not ours any more", name)
        return True

    def _insist(self, write: Callable[[], object]) -> object:
        """Write what came of a mail, however long the database is away: else it went out twice."""
        while True:
            try:
                return write()
            except DatabaseFault as fault:
                if self.stopping:
                    raise
                _away(fault)
                self._sleep(settings.WORKER_DATABASE_AWAY)

    def _daily(self) -> None:
        local = timezone.now().astimezone(read_clinic().zone)
        for work in works:
            work(local, self._beat)

    def _beat(self) -> bool:
        """Say that this worker is alive, where that was not said lately; False to stop."""
        if time.monotonic() - self.beat_at >= settings.WORKER_BEAT_EVERY:
            beat(timezone.now())
            self.beat_at = time.monotonic()
        return not self.stopping

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        # In short naps: a signal does not end a sleep.
        while not self.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))


def beat(now: dt.datetime) -> None:
    """Write into the worker's one row that a worker is alive."""
    if not WorkerBeat.objects.filter(pk=1).update(at=now):
        WorkerBeat.objects.bulk_create([WorkerBeat(pk=1, at=now)], ignore_conflicts=True)


def _away(fault: Exception) -> None:
    # Its text can quote the statement, so only its kind is logged.
    logger.error("Database away: %s", type(fault).__name__)
    connection.close()
