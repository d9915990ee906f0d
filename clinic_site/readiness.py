"""Whether everything works that patients and staff rely on: what /readyz and `status` ask.

An app's `readiness` module holds its own checks.
"""

import datetime as dt
import functools
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from clinic_site.audit.triggers import triggers_missing
from clinic_site.backup.backups import backups_in
from clinic_site.counters import count_up
from clinic_site.crypto.key_check import KeyState, key_state
from clinic_site.database_fault import reason_of
from clinic_site.mail.models import MailHold, OutboxMessage, WorkerBeat
from clinic_site.models import Clinic
from clinic_site.page_cache import build
from clinic_site.state_folder import BUILD


class Finding(NamedTuple):
    """What one check found."""

    good: bool
    text: str  # for whoever runs the site


Check = Callable[[], Finding]

DATABASE = "database"
_checks: dict[str, Check] = {}


def adds_check(name: str) -> Callable[[Check], Check]:
    """Register a check under its name; one that raises DatabaseError or OSError has failed."""

    def register(check: Check) -> Check:
        _checks[name] = check
        return check

    return register


def findings() -> Iterator[tuple[str, Finding]]:
    """Run each check when it is asked for, and yield its name and what it found.

    Where the database is away, those after it are not run: each would wait for it.
    """
    away = False
    for name, check in _checks.items():
        try:
            finding = Finding(False, "not known") if away else check()
        except (DatabaseFault, OSError) as fault:
            finding = Finding(False, f"cannot be looked at: {reason_of(fault)}")
            away = away or name == DATABASE
        yield name, finding


_one_at_a_time = threading.Lock()
_looked_at, _ready = float("-inf"), False


def is_ready() -> bool:
    """Return whether every check is good, by a look of the last few seconds.

    Anyone may ask, as often as they like, and a look takes the lock for writing.
    """
    global _looked_at, _ready
    with _one_at_a_time:
        if time.monotonic() - _looked_at >= settings.READINESS_LOOK_EVERY:
            _ready = all(finding.good for _name, finding in findings())
            _looked_at = time.monotonic()
        return _ready


@adds_check("release")
def _release_is_the_one_that_serves() -> Finding:
    path = settings.VAR / BUILD  # none where no web server has run
    is_another = path.exists() and path.read_text() != build()
    told = ", but the web server last started with another one: restart it" if is_another else ""
    return Finding(not is_another, f"{settings.BASE_DIR}{told}")


@adds_check("disk")
def _disk_has_room() -> Finding:
    free = shutil.disk_usage(settings.VAR).free
    return Finding(free >= settings.FREE_DISK, f"{free // 2**20:,} MB free in {settings.VAR}")


@functools.cache
def _migrations() -> set[tuple[str, str]]:
    return set(MigrationLoader(None).disk_migrations)


@adds_check("backups")
def backups_are_made() -> Finding:
    """The newest one is not old; there may be none where BACKUPS is not set."""
    newest = next(backups_in(settings.BACKUPS), None)
    if newest is None:
        return Finding(not settings.BACKUPS_EXPECTED, f"none in {settings.BACKUPS}")
    age = timezone.now() - newest.made_at
    hours = age // dt.timedelta(hours=1)
    # One of the future is of a clock that was wrong: others may be missing behind it.
    is_good = abs(age) < settings.BACKUP_LATE_AFTER or not settings.BACKUPS_EXPECTED
    return Finding(is_good, f"the newest is {hours} hours old")


@adds_check(DATABASE)
def database_takes_writes() -> Finding:
    """A changed value is written and kept."""
    # A write that is rolled back, or that changes nothing, never gets to a disk that is full.
    count_up("readiness")
    is_filled = Clinic.objects.exists()
    return Finding(is_filled, "takes writes" if is_filled else "holds no clinic yet")


@adds_check("migrations")
def _migrations_are_applied() -> Finding:
    missing = len(_migrations() - set(MigrationRecorder(connection).applied_migrations()))
    text = f"{missing} not applied: run manage.py migrate" if missing else "applied"
    return Finding(not missing, text)


@adds_check("worker")
def _worker_is_alive() -> Finding:
    beat = WorkerBeat.objects.first()
    if beat is None:
        return Finding(False, "has never run")
    words = "silent since" if beat.is_silent else "alive at"
    return Finding(not beat.is_silent, f"{words} {beat.at:%Y-%m-%d %H:%M:%S} UTC")


@adds_check("keys")
def _keys_are_right() -> Finding:
    state = key_state()
    return Finding(state is KeyState.RIGHT, state.value)


@adds_check("mail")
def _mail_goes_out() -> Finding:
    mails, held = OutboxMessage.objects, MailHold.objects.exists()
    waiting, dead = mails.waiting().count(), mails.dead().count()
    late = mails.late().count()
    text = f"{waiting} waiting{f' ({late} late)' if late else ''}, {dead} given up"
    return Finding(not (dead or held), f"{text}, all held: release_mail" if held else text)


@adds_check("audit")
def _audit_is_guarded() -> Finding:
    if missing := triggers_missing():
        return Finding(False, f"{', '.join(missing)} missing: run manage.py migrate")
    return Finding(True, "refuses changes")
