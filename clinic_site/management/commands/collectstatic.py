"""Collect the static files, once for what there is to collect."""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Any

from django import get_version
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands import collectstatic

from clinic_site import static_files


class Command(collectstatic.Command):
    """Django's own, which does nothing where nothing is new, and waits while another collects.

    Sites that start at once may so share a folder, also with one that runs.
    """

    def handle(self, **options: Any) -> str | None:
        root = Path(settings.STATIC_ROOT)
        usual = os.umask(0o022)  # a proxy of another user reads what is written
        try:
            root.mkdir(parents=True, exist_ok=True)
            with open(root / "collected", "a+") as record:
                fcntl.flock(record, fcntl.LOCK_EX)
                record.seek(0)
                wanted = _digest()
                if record.read() == wanted and not (options["clear"] or options["dry_run"]):
                    return None
                record.truncate(0)  # what is left half done is done again
                said = super().handle(**options)
                if not options["dry_run"]:
                    record.write(wanted)
                return said
        finally:
            os.umask(usual)


def _digest() -> str:
    """Return a digest of all that is collected, and of what collects it."""
    digest = hashlib.sha256(get_version().encode() + Path(static_files.__file__).read_bytes())
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(path.encode() + b"\0")
            with storage.open(path) as file:
                digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()
