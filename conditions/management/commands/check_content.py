"""manage.py check_content PATH...: what stands against publishing content files."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from conditions.content.checks import check
from conditions.content.files import ContentError, Located
from conditions.content.findings import Finding
from conditions.content.readability import page_grade
from conditions.publishing.loading import files_in, place_of, read_file


class Command(BaseCommand):
    """Checks each file by itself, without the database."""

    help = "Check content files (or folders of them): errors block publishing, warnings tell."

    def add_arguments(self, parser: CommandParser) -> None:
        """Paths."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each finding, then the counts; exit code 1 where one is an error."""
        self.counts = {"error": 0, "warning": 0}
        grades = []
        files = 0
        for given in options["paths"]:
            for path in self._files_in(given):
                files += 1
                try:
                    file = read_file(path)
                except ContentError as error:
                    self._say_unreadable(path, error)
                    continue
                if file.document is not None:
                    grades.append(f"{file.document.slug} {page_grade(file.document):.1f}")
                    for finding in check(file.document):
                        self._say(f"{path}{_line_of(finding, file.located)}", finding)
        counts = f"{self.counts['error']} errors, {self.counts['warning']} warnings"
        self.stdout.write(f"{files} files: {counts}. School grade: {', '.join(grades) or 'none'}.")
        if self.counts["error"]:
            sys.exit(1)

    def _files_in(self, given: Path) -> list[Path]:
        try:
            return files_in([given])
        except ContentError as error:
            self._say_unreadable(given, error)
            return []

    def _say_unreadable(self, path: Path, error: ContentError) -> None:
        """Print a ContentError, whose text starts with the path and, often, the line."""
        self.counts["error"] += 1
        line, _colon, what = str(error).removeprefix(str(path)).partition(": ")
        self.stdout.write(f"{path}{line}: error: {what}")

    def _say(self, place: str, finding: Finding) -> None:
        self.counts[finding.level] += 1
        self.stdout.write(f"{place}: {finding.level}: {finding.where}: {finding.message}")


def _line_of(finding: Finding, located: Located) -> str:
    """Return ", line N" for the part of the file that a finding is about; "" where unknown."""
    where, key = place_of(finding.part, located)
    line = where.line if key is None else where.lines.get(key)
    return f", line {line}" if line else ""
