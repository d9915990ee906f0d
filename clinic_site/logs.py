"""Keeps out of the logs what must not be read there."""

import logging
import re

_hidden: list[tuple[re.Pattern[str], str]] = []


def hide(pattern: str, instead: str) -> None:
    """Register what no line of a log may hold, and what stands there instead (as in re.sub)."""
    _hidden.append((re.compile(pattern), instead))


class WithoutTokens(logging.Formatter):
    """Writes a record, its traceback too, without what the apps hide, such as tokens."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for pattern, instead in _hidden:
            line = pattern.sub(instead, line)
        return line
