"""Bring the tables up to date, one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connection


class Command(migrate.Command):
    """Django's own, which waits while another is at work: several machines may begin with it."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        with _alone():  # before its checks, one of which tries a write
            return super().execute(*args, **options)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait for the one who is at work; the lock of one who dies is gone."""
    if connection.vendor == "sqlite":
        folder = os.open(settings.VAR, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(0, 1)")  # no other lock has two numbers
        yield
        cursor.execute("SELECT pg_advisory_unlock(0, 1)")
