"""manage.py restore_drill: show that a backup can be restored, while the site goes on."""

import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from clinic_site.backup.backups import Backup, BackupCommand, make_backup
from clinic_site.backup.databases import BackupError, site_database


class Command(BackupCommand):
    """Exit code 0: each table is equal, 1: one is not, or it could not be tried."""

    help = "Restore a backup, a new one where none is named, into a place that is thrown away."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", nargs="?", type=Path, help="its folder")

    def handle(self, *args: Any, **options: Any) -> None:
        began, path = time.monotonic(), options["backup"]
        backup = Backup.read(path.resolve()) if path else make_backup(settings.BACKUPS, self.stdout)
        made = time.monotonic()
        try:
            backup.refuse_without_keys()
        except BackupError as error:
            self.stderr.write(f"Warning: {error}")
        database = site_database()
        with database.restored(backup.dump(), keep=False) as place:
            found = database.read(place, self.stdout)
        differing = backup.differing(found)
        for name, table in sorted((backup.tables | found).items()):
            said = "DIFFERS" if name in differing else "equal"
            self.stdout.write(f"{said:<8} {table.rows:>10,} rows  {name}")
        self.stdout.write(
            f"{backup.path}: {len(differing)} of {len(found)} tables differ. Made in "
            f"{made - began:.1f} s, restored and compared in {time.monotonic() - made:.1f} s."
        )
        if differing:
            sys.exit(1)
