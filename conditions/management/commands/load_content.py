"""manage.py load_content PATH...: content files into the site."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conditions.content.files import ContentError
from conditions.publishing.loading import files_in, load, read_file


class Command(BaseCommand):
    """Checks every file first; then stores all of them, or none."""

    help = "Check content files (or folders of them), then load and publish what is not there yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--replace", action="store_true", help="overwrite what is there with the files"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        say = self.stdout.write if options["verbosity"] else lambda line: None
        try:
            files = [read_file(path) for path in files_in(options["paths"])]
            load(files, replace=options["replace"], say=say)
        except ContentError as error:
            raise CommandError(f"Nothing was loaded. {error}") from error
