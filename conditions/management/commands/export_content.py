"""manage.py export_content DIR: the site's content into files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic_site.models import Picture
from conditions.models import Page
from conditions.publishing.loading import ROWS, row_file


class Command(BaseCommand):
    """Writes a file for each page, physician and notice, and one for the clinic."""

    help = "Write the published content into DIR, as files that load_content takes back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--drafts", action="store_true", help="write the drafts instead of what is published"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.glob("*.yaml")):
                raise CommandError(f"{folder} holds .yaml files already. Name an empty folder.")
            for name, content in self._files(drafts=options["drafts"]):
                (folder / name).write_bytes(content)
                self.stdout.write(f"wrote   {folder / name}")
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}.") from error

    def _files(self, *, drafts: bool) -> Iterator[tuple[str, bytes]]:
        for kind, model in ROWS.items():
            for row in model._default_manager.all():
                key = getattr(row, "hash", None) or getattr(row, "slug", None)
                if isinstance(row, Picture):
                    yield f"{key}.webp", bytes(row.content)
                yield f"{kind}-{key}.yaml" if key else f"{kind}.yaml", row_file(row).encode()
        for page in Page.objects.select_related("live", "draft").order_by("-kind", "ref"):
            revision = page.draft if drafts else page.live
            if revision is None:
                self.stdout.write(f"left out {page.ref}: patients do not see it (--drafts)")
            else:
                yield f"{page.kind}-{page.ref}.yaml", revision.page_document.to_yaml().encode()
