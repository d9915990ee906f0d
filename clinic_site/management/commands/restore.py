"""manage.py restore: bring a backup back, into an empty database."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from clinic_site.backup.backups import Backup, BackupCommand, restore_backup


class Command(BackupCommand):
    """Restore a backup into an empty database, while the site is stopped."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path, help="its folder")
        parser.add_argument("--without-keys", action="store_true", help="although a key is lost")

    def handle(self, *args: Any, **options: Any) -> None:
        backup = Backup.read(options["backup"].resolve())
        if not options["without_keys"]:
            backup.refuse_without_keys()
        restore_backup(backup, self.stdout)
        self.stdout.write(
            f"Restored as of {backup.made_at:%Y-%m-%d %H:%M} UTC: {backup.rows:,} rows, each table "
            "equal. No mail goes out before manage.py release_mail; sessions and open invitations "
            "have ended. What to do next: docs/operations.md, “Restore”."
        )
