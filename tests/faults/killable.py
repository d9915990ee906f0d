"""The site's WSGI application, in a process that dies without a word where a test wants it to.

The file VAR/kill names a step; the first process that comes to it takes the file away and dies.
"""

import os
import signal
from pathlib import Path
from typing import Any

from clinic_site.wsgi import application  # first: it makes the apps ready

from appointments.patient import request_form  # isort: skip
from appointments.services import submit  # isort: skip

__all__ = ["application"]

KILL = Path(os.environ["VAR"]) / "kill"


def die_at(step: str) -> None:
    try:
        if KILL.read_text() != step:
            return
        KILL.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


_store, _record, _receive = submit._store, submit.record, request_form.receive_request
_write_mails = submit.write_mails


def store(*args: Any, **kwargs: Any) -> None:
    die_at("before insert")
    _store(*args, **kwargs)


def write_mails(*args: Any, **kwargs: Any) -> None:
    die_at("before mail")
    _write_mails(*args, **kwargs)


def record(*args: Any, **kwargs: Any) -> Any:
    row = _record(*args, **kwargs)
    die_at("before commit")
    return row


def receive(*args: Any, **kwargs: Any) -> Any:
    received = _receive(*args, **kwargs)
    die_at("after commit")
    return received


submit._store, submit.record, request_form.receive_request = store, record, receive
submit.write_mails = write_mails
