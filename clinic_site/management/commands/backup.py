"""manage.py backup: write the whole database into a folder, while the site goes on."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from clinic_site.backup.backups import BackupCommand, make_backup


class Command(BackupCommand):
    """Write a backup of the database, and delete those that are too old to be kept."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=settings.BACKUPS)

    def handle(self, *args: Any, **options: Any) -> None:
        backup = make_backup(options["folder"].resolve(), self.stdout)
        self.stdout.write(f"{backup.path}: {backup.rows:,} rows in {backup.bytes:,} bytes.")
