"""manage.py check_content PATH...: what stands against publishing content files."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from conditions.content.checks import check
from conditions.content.files import ContentError
from conditions.content.readability import page_grade
from conditions.publishing.loading import files_in, place_of, read_file


class Command(BaseCommand):
    """Checks each file by itself, without the database; exit code 1 where one has an error."""

    help = "Check content files (or folders of them): errors block publishing, warnings tell."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")

    def handle(self, *args: Any, **options: Any) -> None:
        counts = {"error": 0, "warning": 0}
        grades = []

        def say(place: str, level: str, what: str) -> None:
            counts[level] += 1
            self.stdout.write(f"{place}: {level}: {what}")

        paths = files_in(options["paths"])
        for path in paths:
            try:
                file = read_file(path)
            except ContentError as error:  # its text starts with the path and, often, the line
                line, _colon, what = str(error).removeprefix(str(path)).partition(": ")
                say(f"{path}{line}", "error", what)
                continue
            if file.document is None:
                continue
            grades.append(f"{file.document.slug} {page_grade(file.document):.1f}")
            for each in check(file.document):
                where, key = place_of(each.part, file.located)
                say(where.place(key), each.level, f"{each.where}: {each.message}")
        files = sum(not path.is_dir() for path in paths)
        told = f"{files} files: {counts['error']} errors, {counts['warning']} warnings"
        self.stdout.write(f"{told}. School grade: {', '.join(grades) or 'none'}.")
        if counts["error"]:
            sys.exit(1)
