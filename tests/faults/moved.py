"""The site under a clock that a test moves: VAR/clock says how many seconds it is ahead.

For gunicorn it is `tests.faults.moved:web()`; a command is `python -m tests.faults.moved COMMAND`.
What only measures how long something takes (time.monotonic) goes on as ever, as under NTP.
"""

import datetime as dt
import os
import sys
import time
from pathlib import Path
from typing import Any

from django.utils import timezone

CLOCK = Path(os.environ["VAR"], "clock")
_time = time.time


def moved_time() -> float:
    return _time() + float(CLOCK.read_text())


def moved_now() -> dt.datetime:
    return dt.datetime.fromtimestamp(moved_time(), dt.UTC)


time.time, timezone.now = moved_time, moved_now  # before anything of ours keeps one of them


def web() -> Any:
    """Return the site's WSGI application."""
    from clinic_site.wsgi import application

    return application


if __name__ == "__main__":
    from manage import main

    main(["manage.py", *sys.argv[1:]])
