"""manage.py reencrypt: bring all personal data under the first key of FIELD_KEYS."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError

from clinic_site.crypto.key_check import KeyState, key_state
from clinic_site.crypto.key_ring import fingerprint
from clinic_site.crypto.rotation import reencrypt

LEFT = 1
WRONG = 3
DATABASE_AWAY = 4


class Command(BaseCommand):
    """Encrypt all personal data anew under the first key of FIELD_KEYS, while the site runs.
    Exit code 0: done, 1: something is left, 3: a key is wrong, 4: the database is away.
    """

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if (state := key_state()) is not KeyState.RIGHT:
                self.stderr.write(f"Stopped: {state.label}")
                sys.exit(WRONG)
            tally = reencrypt(self.stdout)
        except (DatabaseError, InterfaceError) as error:
            self.stderr.write(
                f"Stopped: the database is away ({type(error).__name__}). What is done stays "
                "done: start this again."
            )
            sys.exit(DATABASE_AWAY)
        for number, count in sorted(tally.rewritten.items()):
            key = fingerprint(settings.FIELD_KEYS[number - 1])
            self.stdout.write(f"Values encrypted anew, from key {number} ({key}): {count:,}")
        key = fingerprint(settings.FIELD_KEYS[0])
        self.stdout.write(f"Values under key 1 ({key}) now: {tally.by_key[1]:,}")
        if tally.unopened:
            self.stdout.write(
                f"Values that no key opens, left as they are: {tally.unopened.total():,} "
                "(manage.py check_keys names them)"
            )
        if not tally.all_current:
            self.stdout.write(
                "Something still writes under an earlier key. Restart every process of the site "
                "with the new FIELD_KEYS, then start this again."
            )
        if tally.unopened or not tally.all_current:
            sys.exit(LEFT)
