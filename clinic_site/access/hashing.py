"""A password's hash takes 200 ms of computing: in a thread of its own, so that others go on."""

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from gevent.threadpool import ThreadPool


@functools.cache
def _pool(of_stranger: bool) -> ThreadPool:
    # Of one thread, and not the hub's own pool of ten: ten hashes at once would stop everybody.
    return ThreadPool(1)


def in_thread(act: Callable[..., Any], *args: Any, of_stranger: bool = False) -> Any:
    """Return what `act(*args)` returns, or raise what it raises; it must not use the database.

    In a web process at most two are at work at a time, and other requests go on meanwhile: one of
    strangers, who wait in a queue of their own, and one of everybody else. To be called outside a
    transaction: whoever waits here gives back their connection to the database, or a few of them
    would hold all that the process has.
    """
    if not settings.WEB_PROCESS:
        return act(*args)
    connection.close()
    return _pool(of_stranger).apply(act, args)
