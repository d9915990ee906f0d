"""The clinic as every page shows it, from memory, so that pages outlive the database."""

import logging
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import DatabaseError, InterfaceError

from clinic_site.models import Clinic, Notice

logger = logging.getLogger(__name__)

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """A value read from the database at most once a second, and kept while it is away.

    Calling it returns the value; `default()` gives it until the first read has worked.
    """

    seconds = 1.0
    stale_at = 0.0
    everything: "list[Remembered]" = []

    def __init__(self, read: Callable[[], Value], default: Callable[[], Value]) -> None:
        self.read = read
        self.default = default
        self.forget()
        self.everything.append(self)

    def __call__(self) -> Value:
        """Return the value, no older than a second while the database answers."""
        if time.monotonic() >= self.stale_at:
            self.stale_at = time.monotonic() + self.seconds
            try:
                self.value = self.read()
            except (DatabaseError, InterfaceError) as error:
                logger.error("Kept the last value read: %s", type(error).__name__)
        return self.value

    def last(self) -> Value:
        """Return the value as last read, without the database."""
        return self.value

    def forget(self) -> None:
        """Read afresh at the next call (for tests, which change the database under it)."""
        self.value = self.default()
        self.stale_at = 0.0


def read_clinic() -> Clinic:
    """Read the clinic's row with its opening hours; an unsaved default where there is none yet."""
    return Clinic.objects.prefetch_related("opening_hours").first() or Clinic()


current_clinic = Remembered(read_clinic, default=Clinic)
notice_links: Remembered[list[tuple[str, str]]] = Remembered(
    lambda: [(notice.get_absolute_url(), notice.title) for notice in Notice.objects.all()],
    default=list,
)
