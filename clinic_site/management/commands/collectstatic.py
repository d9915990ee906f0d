"""Collect the static files, once for what there is to collect; delete those long out of use."""

import fcntl
import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import Any

from django import get_version
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands import collectstatic

from clinic_site import static_files

HOME = ".home"  # beside a manifest: the folder of code that it was made for
_HASHED = re.compile(r"\.[0-9a-f]{12}(\.|$)")


class Command(collectstatic.Command):
    """Django's own, which does nothing where nothing is new, and waits while another collects.

    Sites that start at once may so share a folder, also with one that runs. What a release uses
    stays as long as the folder of its code is there, and then for OLD_STATIC_KEPT_FOR, as browsers
    and proxies still have pages that name it.
    """

    def handle(self, **options: Any) -> str | None:
        if options["dry_run"]:
            return super().handle(**options)
        root = Path(settings.STATIC_ROOT)
        usual = os.umask(0o022)  # a proxy of another user reads what is written
        try:
            root.mkdir(parents=True, exist_ok=True)
            with open(root / "collected", "a+") as record:
                fcntl.flock(record, fcntl.LOCK_EX)
                for manifest in root.glob("staticfiles.*.json"):
                    home = manifest.with_suffix(HOME)
                    if home.exists() and Path(home.read_text()).is_dir():
                        for path in _named_by(manifest):
                            os.utime(path)
                said = None
                record.seek(0)
                wanted = f"{_digest()} {self.storage.manifest_name}"
                if record.read() != wanted or options["clear"]:
                    record.truncate(0)  # what is left half done is done again
                    said = super().handle(**options)
                    record.write(wanted)
                manifest = root / self.storage.manifest_name
                manifest.with_suffix(HOME).write_text(str(settings.BASE_DIR))
                self._delete_old(root)
                return said
        finally:
            os.umask(usual)

    def _delete_old(self, root: Path) -> None:
        """Delete what no release has used for long."""
        before = time.time() - settings.OLD_STATIC_KEPT_FOR.total_seconds()
        for path in {*root.rglob("*")} - _named_by(root / self.storage.manifest_name):
            if _HASHED.search(path.name) and os.path.getmtime(path) < before:
                path.unlink()


def _named_by(manifest: Path) -> set[Path]:
    """Return a release's manifest, what tells of its code, and the files that it names.

    Packed ones too.
    """
    names = json.loads(manifest.read_text())["paths"].values()
    paths = {manifest.parent / f"{name}{packed}" for name in names for packed in ("", ".br", ".gz")}
    return {manifest, *(path for path in paths | {manifest.with_suffix(HOME)} if path.exists())}


def _digest() -> str:
    """Return a digest of all that is collected, and of what collects it."""
    digest = hashlib.sha256(get_version().encode() + Path(static_files.__file__).read_bytes())
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(path.encode() + b"\0")
            with storage.open(path) as file:
                digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()
