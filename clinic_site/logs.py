"""Keeps out of the logs what must not be read there."""

import logging
import re

# The rest of such an address is a token that opens a patient's page.
_TOKEN = re.compile(r"(/appointments/(?:received|status)/)[^\s/?#\"']+")


class WithoutTokens(logging.Formatter):
    """Writes a record, its traceback too, with a word in the place of each token."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line.

        >>> record = logging.makeLogRecord({"msg": "Gone: /appointments/status/a/"})
        >>> WithoutTokens().format(record)
        'Gone: /appointments/status/(token)/'
        """
        return _TOKEN.sub(r"\1(token)", super().format(record))
