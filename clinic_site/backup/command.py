"""What the commands for backups share."""

import sqlite3
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFault

from clinic_site.backup.databases import BackupError


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
            raise CommandError(f"Stopped: the database is away: {type(error).__name__}.") from None
