"""Django's PostgreSQL backend, which leaves dead connections, and a server that takes no writes."""

from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings
from django.db import InternalError, OperationalError
from django.db.backends.postgresql import base
from psycopg.errors import ReadOnlySqlTransaction


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that works when a request gets it, as those before a restart do not.

    A refused write is taken for a server that is away: after a fail-over the pool's connections
    still go to the server that led before. They are closed, so that the next request is connected
    to the one that leads now.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._leave_read_only)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        # psycopg_pool can check them too, but after each dead one it sleeps, for longer and longer.
        connection = super().get_new_connection(conn_params)
        for _each in range(settings.POOL_SIZE if self.pool else 0):
            try:
                self.pool.check_connection(connection)
                break
            except psycopg.Error:
                self.pool.putconn(connection)  # which has it replaced
                connection = super().get_new_connection(conn_params)
        return connection

    def _leave_read_only(self, execute: Callable[..., Any], *args: Any) -> Any:
        try:
            return execute(*args)
        except InternalError as error:
            if not isinstance(error.__cause__, ReadOnlySqlTransaction):
                raise
            if self.pool:
                self.pool.drain()
            raise OperationalError("The server takes no writes.") from error
