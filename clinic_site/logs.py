"""Keeps out of the logs what must not be read there.

gunicorn uses it before it is ready for anything of Django's, so what to do is registered.
"""

import copy
import datetime as dt
import json
import logging
import re
import time
from contextvars import ContextVar

# What would end a line, or have a terminal do something.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# The name of the request in hand, for its lines and its error page; "" where there is none.
request_id: ContextVar[str] = ContextVar("request_id", default="")
_hidden: list[tuple[re.Pattern[str], str]] = []
_expected: list[type[Exception]] = []


def hide(pattern: str, instead: str) -> None:
    """Register what no line of a log may hold, and what stands there instead (as in re.sub)."""
    _hidden.append((re.compile(pattern), instead))


def expect(*kinds: type[Exception]) -> None:
    """Register what comes from outside and is answered: how it got there tells nothing."""
    _expected.extend(kinds)


class WithoutTokens(logging.Formatter):
    """Writes a record, its traceback too, without what the apps hide, such as tokens; in UTC.

    One record begins one line, and what follows is indented: no text from outside can begin
    another. What is expected from outside has no traceback.
    """

    converter = staticmethod(time.gmtime)
    default_msec_format = "%s,%03dZ"

    def formatMessage(self, record: logging.LogRecord) -> str:
        name = request_id.get()
        return super().formatMessage(record) + (f" [{name}]" if name else "")

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info and isinstance(record.exc_info[1], tuple(_expected)):
            record = copy.copy(record)
            record.exc_info = record.exc_text = None
        line = super().format(record)
        for pattern, instead in _hidden:
            line = pattern.sub(instead, line)
        line = _CONTROL.sub(lambda found: ascii(found[0])[1:-1], line)
        return line.replace("\n", "\n    ")


class AsJson(WithoutTokens):
    """Writes the same as one JSON object a line; a traceback stands in the message."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return record.message

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        return json.dumps(
            {
                "time": at.isoformat(timespec="milliseconds"),
                "level": record.levelname,
                "logger": record.name,
                "request": request_id.get(),
                "message": super().format(record),
            }
        )


def formatter(form: str) -> logging.Formatter:
    """Return the formatter that LOG_FORMAT names: "line", or "json"."""
    return AsJson() if form == "json" else WithoutTokens(LINE)
