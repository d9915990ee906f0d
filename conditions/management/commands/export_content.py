"""manage.py export_content DIR: the site's content into files."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic_site.models import Clinic, Notice, Physician, Picture
from conditions.models import Page
from conditions.publishing.exporting import page_file, row_file


class Command(BaseCommand):
    """Writes a file for each page, physician and notice, and one for the clinic."""

    help = "Write the published content into DIR, as files that load_content takes back."

    def add_arguments(self, parser: CommandParser) -> None:
        """The folder, and whether drafts are wanted."""
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--drafts", action="store_true", help="write the drafts instead of what is published"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write; refuse a folder that holds content files already."""
        folder: Path = options["folder"]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.glob("*.yaml")):
                raise CommandError(f"{folder} holds .yaml files already. Name an empty folder.")
            for name, content in self._files(drafts=options["drafts"]):
                if isinstance(content, bytes):
                    path = folder / name
                    path.write_bytes(content)
                else:
                    path = folder / f"{name}.yaml"
                    path.write_text(content, encoding="utf-8")
                self.stdout.write(f"wrote   {path}")
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}.") from error

    def _files(self, *, drafts: bool) -> Any:
        """Yield the name and the text, or the bytes, of each file."""
        for picture in Picture.objects.all():
            yield f"{picture.hash}.webp", bytes(picture.content)
            yield f"picture-{picture.hash}", row_file(picture)
        for clinic in Clinic.objects.all():
            yield "clinic", row_file(clinic)
        for physician in Physician.objects.all():
            yield f"physician-{physician.slug}", row_file(physician)
        for notice in Notice.objects.all():
            yield f"notice-{notice.slug}", row_file(notice)
        for page in Page.objects.select_related("live", "draft").order_by("-kind", "ref"):
            text = page_file(page, draft=drafts)
            if text is None:
                self.stdout.write(f"left out {page.ref}: patients do not see it (--drafts)")
            else:
                yield f"{page.kind}-{page.ref}", text
