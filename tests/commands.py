"""Commands of manage.py, each in a process of its own, without the second that Django's start takes.

A server that has the libraries loaded, and nothing of ours, forks for each of them.
"""

import multiprocessing
import os
import subprocess
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LIBRARIES = [
    *("cryptography.fernet", "cryptography.x509", "gevent.threadpool", "html5lib"),
    *("django.contrib.admin", "django.core.management", "django.db.backends.postgresql.base"),
    *("django.db.backends.sqlite3.base", "django.db.models", "django.http", "django.test"),
    *("markdown_it.tree", "nh3", "PIL.Image", "phonenumbers", "psycopg_pool", "segno"),
    *("webauthn", "yaml"),
]
_forkserver = multiprocessing.get_context("forkserver")
_forkserver.set_forkserver_preload(LIBRARIES)


def manage(
    *command: str, environment: dict[str, str], timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command of manage.py to its end, whatever its exit code; return what it printed.

    Raises TimeoutExpired after `timeout` seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("stdout", "stderr")]
        process = _forkserver.Process(target=_run, args=(command, environment, *said))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(
            command, process.exitcode, *(path.read_text() for path in said)
        )


def _run(command: tuple[str, ...], environment: dict[str, str], stdout: Path, stderr: Path) -> None:
    """Be `manage.py COMMAND`, in a process that was forked for it."""
    for number, path in enumerate((stdout, stderr), start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(PROJECT)
    from manage import main

    main(["manage.py", *command])
