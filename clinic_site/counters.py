"""Counts for limits: how often something happened in an hour. The worker sweeps old ones away."""

import time
from collections.abc import Iterable
from itertools import chain
from typing import Any

from django.db import connection, models
from django.db.models import F

HOUR = 3600  # seconds


class Counter(models.Model):
    """How often something happened within an hour, which began when it first did."""

    key = models.CharField(max_length=150, primary_key=True)
    since = models.BigIntegerField()  # seconds since 1970
    number = models.PositiveIntegerField()


# One that begins in the future counts as over: a clock was set back.
_RUNNING = f"before.since BETWEEN excluded.since - {HOUR - 1} AND excluded.since"


def _running(keys: Iterable[str]) -> models.QuerySet[Counter]:
    now = int(time.time())
    return Counter.objects.filter(key__in=keys, since__gt=now - HOUR, since__lte=now)


def _counting(rows: int) -> str:
    """Return the statement that counts so many keys once more."""
    return f"""
        INSERT INTO {Counter._meta.db_table} AS before (key, since, number)
        VALUES {", ".join(["(%s, %s, 1)"] * rows)}
        ON CONFLICT (key) DO UPDATE SET
            number = CASE WHEN {_RUNNING} THEN before.number + 1 ELSE 1 END,
            since = CASE WHEN {_RUNNING} THEN before.since ELSE excluded.since END
    """  # noqa: S608  nothing but constants


def count_up(key: str) -> int:
    """Count once more, in one statement; return the count. `key` must hold nothing personal."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_counting(1)} RETURNING number", [key, int(time.time())])
        return int(cursor.fetchone()[0])


def reserve(limits: dict[str, int]) -> bool:
    """Count a try under each key, before it is made; False where one has had its number by now.

    Then none is counted: what is refused was no try. Of many at once exactly so many pass.
    """
    keys = sorted(limits)  # always in one order, or two processes could wait for each other
    most = " ".join(["WHEN %s THEN CAST(%s AS integer)"] * len(keys))
    free = f"WHERE NOT ({_RUNNING}) OR before.number < CASE excluded.key {most} END"
    now = int(time.time())
    values: list[Any] = [*chain(*((key, now) for key in keys), *sorted(limits.items()))]
    with connection.cursor() as cursor:
        cursor.execute(f"{_counting(len(keys))} {free} RETURNING key", values)
        counted = [row[0] for row in cursor.fetchall()]
    if len(counted) < len(keys):
        give_back(*counted)
    return len(counted) == len(keys)


def give_back(*keys: str) -> None:
    """Take one off the count of each key: it turned out to need no limit."""
    for key in keys:  # each by itself: two rows in one statement could wait for a `reserve`
        Counter.objects.filter(key=key, number__gt=0).update(number=F("number") - 1)


def seconds_left(limits: dict[str, int]) -> int:
    """Return how long it is until no key has had its number any more; 0 where none has."""
    now = int(time.time())
    full = (row.since + HOUR for row in _running(limits) if row.number >= limits[row.key])
    return max(full, default=now) - now


def count_of(*keys: str) -> int:
    """Return the greatest of the counts that these keys have now."""
    return max((row.number for row in _running(keys)), default=0)


def sweep() -> int:
    """Delete counters whose hour is over; return how many."""
    return Counter.objects.filter(since__lte=int(time.time()) - HOUR).delete()[0]
