"""Commands of manage.py, each in a process of its own, without the second that Django's start takes.

A server that has the libraries loaded, and nothing of ours, forks for each of them. `at_hand` has
one that has loaded all of one site.
"""

import atexit
import contextlib
import multiprocessing
import os
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
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

    def run(stdout: Path, stderr: Path) -> int:
        running = start(*command, environment=environment, stdout=stdout, stderr=stderr)
        try:
            return running.wait(timeout)
        finally:
            running.process.kill()

    return _heard(command, run)


def at_hand(*command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Do as `manage` does, by a process that is kept ready: one for each of the last environments.

    For a site whose keys and settings stay as they are.
    """
    key = frozenset(environment.items())
    if key not in _ready:
        if len(_ready) == 3:
            _ready.pop(next(iter(_ready))).close()
        _ready[key], its_end = multiprocessing.Pipe()
        _forkserver.Process(target=_stand_by, args=(environment, its_end)).start()
        its_end.close()

    def run(stdout: Path, stderr: Path) -> int:
        _ready[key].send((command, environment, stdout, stderr))
        return int(_ready[key].recv())

    return _heard(command, run)


_ready: dict[frozenset[tuple[str, str]], Connection] = {}


@atexit.register
def _close() -> None:
    """End those that are ready, or this process would wait for them."""
    for line in _ready.values():
        line.close()


def _stand_by(environment: dict[str, str], tasks: Connection) -> None:
    """Load the site, then fork for each command until the line is closed."""
    _take_on(environment)
    import django

    django.setup()
    fork = multiprocessing.get_context("fork")
    with contextlib.suppress(EOFError):
        while True:
            process = fork.Process(target=_run, args=tasks.recv())
            process.start()
            process.join()
            tasks.send(process.exitcode)


def _heard(
    command: tuple[str, ...], run: Callable[[Path, Path], int]
) -> subprocess.CompletedProcess[str]:
    """Return what a command printed, which `run` sends to two files, and the exit code it gives."""
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("stdout", "stderr")]
        code = run(*said)
        return subprocess.CompletedProcess(command, code, *(path.read_text() for path in said))


def _run(command: tuple[str, ...], environment: dict[str, str], stdout: Path, stderr: Path) -> None:
    """Be `manage.py COMMAND`, in a process that was forked for it."""
    for number, path in enumerate((stdout, stderr), start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    _take_on(environment)
    if environment.get("PYTHONWARNINGS") == "error":  # read when an interpreter starts
        warnings.simplefilter("error")
    from manage import main

    main(["manage.py", *command])


def _take_on(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update({"DJANGO_SETTINGS_MODULE": "clinic_site.settings", **environment})
    os.chdir(PROJECT)
