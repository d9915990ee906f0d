"""manage.py check_keys: whether FIELD_KEYS and DIGEST_KEY are the ones of this database."""

import contextlib
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError

from clinic_site.checks import nobody_else_reads, nobody_shares_an_account
from clinic_site.crypto.key_check import KeyState, key_state
from clinic_site.crypto.key_ring import fingerprint
from clinic_site.crypto.models import KeyCheck
from clinic_site.crypto.rotation import count_by_key
from clinic_site.database_fault import kind_of, tables_are_missing
from clinic_site.environment import name_of_user
from clinic_site.state_folder import shut
from clinic_site.static_files import HashedStaticFilesStorage

WRONG = 3
DATABASE_AWAY = 4


class Command(BaseCommand):
    """Say whether FIELD_KEYS and DIGEST_KEY are the ones this database was written with, and
    how many values each key opens. Exit code 0: right, 3: wrong, 4: the database is away.
    """

    help = __doc__
    requires_system_checks: list[str] = []  # it runs at each start

    def add_arguments(self, parser: CommandParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--start",
            action="store_true",
            help="What a start needs: that VAR can be written, the one row that tells, and on a "
            "server no account that everybody uses and a VAR that others cannot look into; say "
            "nothing where it is right.",
        )
        choice.add_argument(
            "--accept",
            action="store_true",
            help="From now on take the keys that are set for the right ones. For when a key is "
            "lost for good: what only that key opens stays unreadable.",
        )

    def handle(self, *args: Any, start: bool, accept: bool, **options: Any) -> None:
        try:
            if accept:
                KeyCheck.of_these_keys().save()
            code = self._check_start() if start else self._check_all()
        except (DatabaseError, InterfaceError) as error:
            if tables_are_missing(error):
                self.stderr.write(
                    "Stopped: tables are missing, or of another release (make upgrade)."
                )
                code = WRONG
            else:
                self.stderr.write(
                    f"The keys were not checked: the database is away ({kind_of(error)})."
                )
                code = DATABASE_AWAY
        if code:
            sys.exit(code)

    def _check_start(self) -> int:
        if not os.access(settings.VAR, os.W_OK):
            self.stderr.write(f"Stopped: {name_of_user()} cannot write into VAR, {settings.VAR}.")
            return WRONG
        if not (settings.STATIC_ROOT / HashedStaticFilesStorage.manifest_name).exists():
            folder = settings.STATIC_ROOT
            self.stderr.write(f"Stopped: static files of this release are not in STATIC, {folder}.")
            self.stderr.write("Run manage.py collectstatic, or make upgrade.")
            return WRONG
        self._tell_who_else_reads()
        state = key_state()
        wrong = [] if state is KeyState.RIGHT else [str(state.label)]
        wrong += [f"{each.msg} {each.hint}" for each in nobody_shares_an_account(None)]
        for each in wrong:
            self.stderr.write(f"Stopped: {each}")
        return WRONG if wrong else 0

    def _tell_who_else_reads(self) -> None:
        """Shut other users out of VAR, where all in it is the site's; else tell, and go on."""
        if not settings.LOOPBACK:
            with contextlib.suppress(PermissionError):  # told below
                if shut(settings.VAR):
                    said = f"Other users could look into {settings.VAR}. Now only its owner can."
                    self.stderr.write(said)
        for each in nobody_else_reads(None):
            self.stderr.write(f"Warning: {each.msg} {each.hint}")

    def _check_all(self) -> int:
        if row := KeyCheck.objects.first():
            for name, right, wrong in (
                ("FIELD_KEYS", row.is_opened(), KeyState.WRONG_FIELD_KEYS),
                ("DIGEST_KEY", row.is_digest_right(), KeyState.WRONG_DIGEST_KEY),
            ):
                self.stdout.write(f"{name}: right" if right else f"{name}: wrong. {wrong.label}")
        else:
            self.stdout.write(str(KeyState.NOT_MADE_YET.label))
        tally = count_by_key(self.stdout)
        for number, key in enumerate(settings.FIELD_KEYS, start=1):
            count = tally.by_key[number]
            self.stdout.write(f"Values that key {number} ({fingerprint(key)}) opens: {count:,}")
        self.stdout.write(f"Values that no key opens: {tally.unopened.total():,}")
        for column, count in sorted(tally.unopened.items()):
            self.stdout.write(f"  {column}: {count:,}")
        for name in tally.named:
            self.stdout.write(f"  {name}")
        if len(tally.named) < tally.unopened.total():
            self.stdout.write("  and others")
        return 0 if key_state() is KeyState.RIGHT and not tally.unopened else WRONG
