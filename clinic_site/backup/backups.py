"""Backups: a folder for each, with a dump of the database and a manifest of what is in it."""

import contextlib
import datetime as dt
import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import Error as DatabaseFault
from django.db import connection
from django.utils import timezone

from clinic_site.actor import SHELL
from clinic_site.audit.models import Action
from clinic_site.backup.databases import PART, BackupError, Table, Tables, site_database, sync
from clinic_site.crypto.key_check import KeyState, key_state
from clinic_site.crypto.key_ring import fingerprint
from clinic_site.database_fault import reason_of
from clinic_site.environment import name_of_user
from clinic_site.mail.models import MailHold
from clinic_site.models import AuditEvent, Invitation
from clinic_site.page_cache import build

MANIFEST = "manifest.json"
NAME = "clinic-"  # begins the name of each backup


@dataclass(frozen=True)
class Backup:
    """A backup that was written to its end."""

    path: Path
    made_at: dt.datetime
    build: str  # of the code
    database: str  # its kind
    bytes: int  # of the dump
    sha256: str  # of the dump
    keys: dict[str, str]  # that open it: what each fingerprint is of
    tables: Tables

    @classmethod
    def read(cls, path: Path) -> "Backup":
        """Return the backup in this folder; raise BackupError where there is none."""
        try:
            found = json.loads((path / MANIFEST).read_text())
            found["made_at"] = dt.datetime.fromisoformat(found["made_at"])
            found["tables"] = {name: Table(*each) for name, each in found["tables"].items()}
            return cls(path, **found)
        except PermissionError:
            user = name_of_user()
            raise BackupError(f"{user} cannot read it. First: chown -R {user} {path}") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            inside = next((each.name for each in path.glob(f"{NAME}*")), None)
            hint = f" Name one of the folders in it, such as {inside}." if inside else ""
            raise BackupError(f"{path} is no backup ({type(error).__name__}).{hint}") from None

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    def refuse_without_keys(self) -> None:
        """Raise BackupError where a key that opens it is not set."""
        missing = [f"{self.keys[each]} {each}" for each in self.keys.keys() - _keys().keys()]
        if missing:
            raise BackupError(
                f"Keys of this backup are not set: {', '.join(sorted(missing))}. An earlier one of "
                "FIELD_KEYS stands behind the present one: FIELD_KEYS=present,earlier. Where a key "
                "is lost for good: --without-keys."
            )

    def differing(self, found: Tables) -> list[str]:
        """Return the names of the tables that do not hold what was backed up."""
        return sorted({name for name, _table in found.items() ^ self.tables.items()})

    def dump(self) -> Path:
        """Return its dump; raise BackupError where it is not as it was written."""
        if self.database != connection.vendor:
            raise BackupError(
                f"This is a backup of {self.database}, and DATABASE_URL says {connection.vendor}."
            )
        dump = self.path / site_database().file
        if _sha256(dump) != self.sha256:
            raise BackupError(
                f"{dump} is damaged: {dump.stat().st_size:,} bytes of {self.bytes:,}, or other "
                "ones. Take another backup."
            )
        return dump


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _keys() -> dict[str, str]:
    """Return the fingerprint of each key that is set, and what it is of."""
    keys = {fingerprint(key): "FIELD_KEYS" for key in settings.FIELD_KEYS}
    return keys | {fingerprint(settings.DIGEST_KEY): "DIGEST_KEY"}


def backups_in(folder: Path) -> Iterator[Backup]:
    """Yield the backups of a folder, the newest first."""
    for path in sorted(folder.glob(f"{NAME}*"), reverse=True):
        with contextlib.suppress(BackupError):
            yield Backup.read(path)


def make_backup(folder: Path, out: OutputWrapper) -> Backup:
    """Write a backup into a folder; return it once it is on the disk.

    Then delete those that are too old to be kept. Raises BackupError, OSError, and what the
    database raises; then nothing is left.
    """
    database, now = site_database(), timezone.now()
    folder.mkdir(parents=True, exist_ok=True)
    free, needed = shutil.disk_usage(folder).free, database.size() + settings.FREE_DISK
    if free < needed:
        raise BackupError(
            f"{folder} has {free // 2**20:,} MB free; this can take {needed // 2**20:,} MB."
        )
    part = Path(tempfile.mkdtemp(prefix=PART, dir=folder))
    try:
        dump = part / database.file
        tables = database.dump(dump, out)
        if not tables:
            raise BackupError("The database is empty.")
        manifest = {
            "made_at": now.isoformat(),
            "build": build(),
            "database": connection.vendor,
            "bytes": dump.stat().st_size,
            "sha256": _sha256(dump),
            "keys": _keys() if key_state() is KeyState.RIGHT else {},
            "tables": tables,
        }
        (part / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        for each in (*part.iterdir(), part):
            sync(each)
        made = part.rename(folder / f"{NAME}{now:%Y-%m-%dT%H%M%S.%fZ}")
        sync(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _delete_old(folder, now, out)
    return Backup.read(made)


def _delete_old(folder: Path, now: dt.datetime, out: OutputWrapper) -> None:
    """Delete backups that are too old, but never the newest, and what a killed one left."""
    _newest, *others = backups_in(folder)
    before = now - dt.timedelta(days=settings.BACKUPS_KEPT_DAYS)
    old = [each.path for each in others if each.made_at < before]
    yesterday = (now - dt.timedelta(days=1)).timestamp()
    parts = [path for place in (folder, settings.VAR) for path in place.glob(f"{PART}*")]
    for path in (*old, *parts):
        try:
            if path in old or path.stat().st_mtime < yesterday:
                shutil.rmtree(path)
                out.write(f"Deleted: {path}")
        except FileNotFoundError:
            pass  # another backup deletes what is old, too, or has just come to its end
        except OSError as error:
            out.write(f"Could not be deleted: {path}: {error.strerror}")


def restore_backup(backup: Backup, out: OutputWrapper) -> None:
    """Restore a backup into the site's database; raise BackupError where that is not empty.

    It is compared first. Then mail is held back; sessions of staff and open invitations end.
    """
    dump, database = backup.dump(), site_database()
    database.refuse_unless_empty()
    with database.restored(dump, keep=True) as place:
        if differing := backup.differing(database.read(place, out)):
            raise BackupError(f"Not as they were backed up: {', '.join(differing)}.")
        now = f"'{timezone.now():%Y-%m-%d %H:%M:%S.%f}'"  # as SQLite has it; PostgreSQL in UTC
        held, event = MailHold._meta.db_table, AuditEvent._meta.db_table
        for statement in (
            f"INSERT INTO {held} (at) VALUES ({now})",  # noqa: S608
            f"DELETE FROM {Session._meta.db_table}",  # noqa: S608
            f"DELETE FROM {Invitation._meta.db_table} WHERE used_at IS NULL",  # noqa: S608
            f"""INSERT INTO {event}
                (at, actor, action, subject_kind, "references", detail, source) VALUES
                ({now}, '{SHELL}', '{Action.CHANGED}', 'database', '',
                'restored as of {backup.made_at:%Y-%m-%d %H:%M:%S}', '')""",  # noqa: S608
        ):
            place.execute(statement)


class BackupCommand(BaseCommand):
    """Ends with one sentence where it fails."""

    requires_system_checks: list[str] = []  # there may be no database yet

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except (BackupError, sqlite3.Error) as error:
            raise CommandError(f"Stopped: {error}") from None
        except OSError as error:
            where = error.filename or "the disk"
            raise CommandError(f"Stopped: {where}: {error.strerror}") from None
        except psycopg.Error as error:  # all of its text could quote values
            said = error.diag.message_primary or type(error).__name__
            raise CommandError(f"Stopped: {said}") from None
        except DatabaseFault as error:
            raise CommandError(f"Stopped: the database is away: {reason_of(error)}.") from None
