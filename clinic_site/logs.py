"""Keeps out of the logs what must not be read there."""

import logging
import re

# The rest of such an address is a token that opens a patient's page.
_TOKEN = re.compile(r"(/appointments/(?:received|status)/)[^\s/?#\"']+")


class HideTokens(logging.Filter):
    """Replaces the tokens in a record's text by a word."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is always kept.

        >>> record = logging.makeLogRecord({"msg": "Gone: /appointments/status/a/"})
        >>> HideTokens().filter(record), record.getMessage()
        (True, 'Gone: /appointments/status/(token)/')
        """
        message = record.getMessage()
        hidden = _TOKEN.sub(r"\1(token)", message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        return True
