"""Commands of manage.py, each in a process of its own, without the second that Django's start takes.

A server that has the libraries loaded, and nothing of ours, forks for each of them.
"""

import multiprocessing
import os
import subprocess
import tempfile
import warnings
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
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


@dataclass
class Running:
    """A command that was started, with what tests need of subprocess.Popen."""

    command: tuple[str, ...]
    process: BaseProcess

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        return self.process.exitcode

    def wait(self, timeout: float) -> int:
        """Return its exit code; raise TimeoutExpired where it runs on."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(self.command, timeout)
        return self.process.exitcode

    def send(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.process.pid and self.process.exitcode is None:
            os.kill(self.process.pid, number)


def start(
    *command: str, environment: dict[str, str], stdout: Path, stderr: Path | None = None
) -> Running:
    """Start a command of manage.py; what it says is added to these files."""
    arguments = (command, environment, stdout, stderr or stdout)
    process = _forkserver.Process(target=_run, args=arguments)
    process.start()
    return Running(command, process)


def manage(
    *command: str, environment: dict[str, str], timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command of manage.py to its end, whatever its exit code; return what it printed.

    Raises TimeoutExpired after `timeout` seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("stdout", "stderr")]
        running = start(*command, environment=environment, stdout=said[0], stderr=said[1])
        try:
            code = running.wait(timeout)
        finally:
            running.process.kill()
        return subprocess.CompletedProcess(command, code, *(path.read_text() for path in said))


def _run(command: tuple[str, ...], environment: dict[str, str], stdout: Path, stderr: Path) -> None:
    """Be `manage.py COMMAND`, in a process that was forked for it."""
    for number, path in enumerate((stdout, stderr), start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(PROJECT)
    if environment.get("PYTHONWARNINGS") == "error":  # read when an interpreter starts
        warnings.simplefilter("error")
    from manage import main

    main(["manage.py", *command])
