"""Django's SQLite backend, for web processes.

SQLite waits for another writer in C, where gevent can run nobody else. So its own timeout is 0
there (settings.py), and here the wait is made of sleeps, in which other requests go on.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.db.backends.sqlite3 import base

# Another process writes, or reads the end of the WAL at the same moment.
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL}


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that tries again, for at most DATABASE_WAIT in all until it is closed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waited = 0.0
        self.execute_wrappers.append(self._patiently)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.waited = 0.0
        return self._patiently(super().get_new_connection, conn_params)

    def _patiently(self, act: Callable[..., Any], *args: Any) -> Any:
        """Return what `act(*args)` returns; raise what it raises once it has been tried enough."""
        while True:
            try:
                return act(*args)
            except (sqlite3.OperationalError, OperationalError) as error:
                code = getattr(error.__cause__ or error, "sqlite_errorcode", 0)
                is_busy = code & 0xFF in BUSY  # the lower byte, as there are finer codes
                if not is_busy or self.waited >= settings.DATABASE_WAIT:
                    raise
            began = time.monotonic()
            time.sleep(settings.DATABASE_TRY_EVERY)
            self.waited += time.monotonic() - began
