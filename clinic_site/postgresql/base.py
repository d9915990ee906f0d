"""Django's PostgreSQL backend, which leaves a server that takes no writes any more."""

from collections.abc import Callable
from typing import Any

from django.db import InternalError, OperationalError
from django.db.backends.postgresql import base
from psycopg.errors import ReadOnlySqlTransaction


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that takes a refused write for a server that is away.

    After a fail-over the pool's connections still go to the server that led before. They are
    closed, so that the next request is connected to the one that leads now.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._leave_read_only)

    def _leave_read_only(self, execute: Callable[..., Any], *args: Any) -> Any:
        try:
            return execute(*args)
        except InternalError as error:
            if not isinstance(error.__cause__, ReadOnlySqlTransaction):
                raise
            if self.pool:
                self.pool.drain()
            raise OperationalError("The server takes no writes.") from error
