"""manage.py send_notifications: the worker that sends mail."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFault

from clinic_site.crypto.key_check import KeyState, key_state
from clinic_site.database_fault import reason_of
from clinic_site.mail.worker import Worker


class Command(BaseCommand):
    """Runs until it is told to end by SIGTERM or Ctrl-C; it then finishes the mail in hand."""

    help = "Send mail as it falls due, and do what is due once a day, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="do what is due now, then end (for cron)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker()
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, worker.stop)
        if not options["once"]:
            worker.run()
            return
        try:
            if (state := key_state()) is not KeyState.RIGHT:
                raise CommandError(str(state.label))
            sent = worker.do_all()
        except DatabaseFault as fault:
            raise CommandError(f"The database is away: {reason_of(fault)}.") from None
        self.stdout.write(f"Sent {sent}.")
