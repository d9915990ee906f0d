"""Counts for limits: how often something happened in an hour. The worker sweeps old ones away."""

import time

from django.db import connection, models

HOUR = 3600  # seconds


class CounterQuerySet(models.QuerySet["Counter"]):
    """Counters, in named selections."""

    def running(self) -> "CounterQuerySet":
        """Those whose hour is not over. One that begins in the future is none: a clock was set."""
        now = int(time.time())
        return self.filter(since__gt=now - HOUR, since__lte=now)


class Counter(models.Model):
    """How often something happened within an hour, which began when it first did."""

    key = models.CharField(max_length=150, primary_key=True)
    since = models.BigIntegerField()  # seconds since 1970
    number = models.PositiveIntegerField()

    objects = CounterQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.key}: {self.number}"


_COUNT_UP = f"""
    INSERT INTO {Counter._meta.db_table} AS before (key, since, number) VALUES (%s, %s, 1)
    ON CONFLICT (key) DO UPDATE SET
        number = CASE WHEN before.since BETWEEN excluded.since - {HOUR - 1} AND excluded.since
            THEN before.number + 1 ELSE 1 END,
        since = CASE WHEN before.since BETWEEN excluded.since - {HOUR - 1} AND excluded.since
            THEN before.since ELSE excluded.since END
    RETURNING number
"""  # noqa: S608  nothing but constants


def count_up(key: str) -> int:
    """Count once more, in one statement; return how often it was by now, this time included.

    `key` must hold nothing personal.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_UP, [key, int(time.time())])
        return int(cursor.fetchone()[0])


def count_of(*keys: str) -> int:
    """Return the greatest of the counts that these keys have now."""
    return max(
        Counter.objects.running().filter(key__in=keys).values_list("number", flat=True), default=0
    )


def sweep() -> int:
    """Delete counters whose hour is over; return how many."""
    return Counter.objects.filter(since__lte=int(time.time()) - HOUR).delete()[0]
