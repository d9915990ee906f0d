"""manage.py purge: erase the requests that the clinic no longer keeps."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from appointments.services.purge import purge
from clinic_site.clinic import read_clinic
from clinic_site.management.progress import Progress


class Command(BaseCommand):
    """Erases what the worker erases each day, now."""

    help = "Erase requests that were closed or canceled as many days ago as the clinic has set."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, metavar="N", help="instead of what the clinic set")
        parser.add_argument("--dry-run", action="store_true", help="erase nothing, only count")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = options["days"]
        days = read_clinic().keep_requests_days if asked is None else asked
        if days is None:
            self.stdout.write(
                "Nothing is erased: the clinic has not set after how many days (in the admin)."
            )
            return
        if days < 1:
            raise CommandError("--days must be 1 or more.")
        count = purge(days=days, dry_run=True)
        if not options["dry_run"]:
            progress = Progress(self.stdout, count)
            count = purge(days=days, tell=progress.show)
            progress.clear()
        done = "would be erased" if options["dry_run"] else "erased for good"
        self.stdout.write(f"Requests that ended {days} days ago or earlier, {done}: {count}")
