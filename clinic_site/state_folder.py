"""Who may look into VAR, the folder of state: its owner alone."""

import contextlib
from pathlib import Path

# What a server writes there. `make run` writes more, and its keys show that the folder is its own.
BUILD = "build"  # of the web server that runs
OURS = {BUILD, "backups", "db.sqlite3", "db.sqlite3-shm", "db.sqlite3-wal", "mail", "pages"}
KEYS_OF_MAKE_RUN = "local.env"


def is_open(var: Path) -> bool:
    """Whether other users may look into it; not where there is none."""
    return var.exists() and bool(var.stat().st_mode & 0o077)


def shut(var: Path) -> bool:
    """Shut other users out of a folder that is open, and all in it; return whether it was done.

    One that holds other things, which are not ours to change, stays as it is.
    Raises PermissionError where it is another user's.
    """
    if not is_open(var):
        return False
    names = {path.name for path in var.iterdir()}
    if KEYS_OF_MAKE_RUN not in names and names - OURS:
        return False
    for path in (var, *var.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # a page that is written anew meanwhile
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o077)
    return True
