"""The clinic as every page shows it, from memory, so that pages outlive the database.

A web process looks at the database in the background (`keep_remembering`), so that no request
ever waits for it. Elsewhere, as in tests and commands, a value is read when it is asked for.
"""

import contextlib
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from typing import ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from clinic_site.database_fault import kind_of
from clinic_site.models import Clinic, Notice, Physician, Picture, SiteVersion

logger = logging.getLogger(__name__)

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """A value of the database that is kept while the database is away.

    `value` is as last read, and `default()` until a read has worked.
    In the background it is read again with each site version, or, not `is_public`, at each look.
    """

    everything: "ClassVar[list[Remembered]]" = []
    in_background: ClassVar[bool] = False

    def __init__(
        self, read: Callable[[], Value], default: Callable[[], Value], *, is_public: bool = True
    ) -> None:
        self.read = read
        self.default = default
        self.is_public = is_public
        self.everything.append(self)
        self.forget()

    def __call__(self) -> Value:
        """Return the value; no older than a second, unless the database is away."""
        if not self.in_background and time.monotonic() >= self.stale_at:
            with contextlib.suppress(DatabaseError, InterfaceError):  # who asks meets it, too
                self.look()
        return self.value

    def look(self) -> None:
        """Read the value now; raise DatabaseError or InterfaceError, and keep the one before."""
        self.stale_at = time.monotonic() + 1
        self.value = self.read()

    def forget(self) -> None:
        """Start again (for tests, which change the database under it)."""
        self.value = self.default()
        self.stale_at = 0.0


class Seen(NamedTuple):
    """What the last look in the background found, by which a page is known to be fresh."""

    version: UUID | None  # SiteVersion; None before the first change
    date: dt.date  # the clinic's
    is_away: bool  # the database; version and clinic are then those of the look before


seen = Seen(None, dt.date.min, is_away=True)


def last_seen() -> Seen:
    """Return what the last look in the background found; without the database."""
    return seen


def keep_remembering() -> None:
    """Read everything once, then go on in a thread of this process for as long as it lives.

    For a web process, called once as it starts. Where the database is away, it starts with the
    defaults and looks again until it is back.
    """
    _look()
    Remembered.in_background = True

    def go_on() -> None:
        while True:
            time.sleep(settings.CLINIC_LOOK_EVERY)
            try:
                _look()
            except Exception:  # whatever it was, the next look may work
                logger.exception("The clinic could not be looked at")

    threading.Thread(target=go_on, name="remember", daemon=True).start()


def _look() -> None:
    """Read the version, and all else if it is another one; a version counts once all is read.

    That the database is away is told once.
    """
    global seen
    version, is_here = seen.version, False
    try:
        version = SiteVersion.newest()
        is_new = seen.is_away or version != seen.version
        to_read = [each for each in Remembered.everything if is_new or not each.is_public]
        for each in to_read:
            each.look()
        is_here = True
    except (DatabaseError, InterfaceError) as fault:
        if not (seen.is_away and Remembered.in_background):
            logger.error("Kept what was read before: %s", kind_of(fault))
    finally:
        # On SQLite this thread's own stays: whenever the last one of all is closed, the WAL is
        # removed, and who opens one at that moment finds the database locked.
        if connection.vendor == "sqlite":
            connection.waited = 0.0  # type: ignore[attr-defined]  # its next look may wait again
        else:
            connection.close()  # back to the pool
    today = timezone.localdate(timezone=current_clinic.value.zone)
    found = Seen(version if is_here else seen.version, today, is_away=not is_here)
    if found != seen:  # else it stays the same object, which is quick to compare
        seen = found


def read_clinic() -> Clinic:
    """Read the clinic's row with its hours; an unsaved default where there is none yet."""
    return Clinic.objects.prefetch_related("opening_hours", "closed_days").first() or Clinic()


current_clinic = Remembered(read_clinic, default=Clinic)
notice_links: Remembered[list[tuple[str, str]]] = Remembered(
    lambda: [(notice.get_absolute_url(), notice.title) for notice in Notice.objects.all()],
    default=list,
)
active_physicians: Remembered[list[Physician]] = Remembered(
    lambda: list(Physician.objects.active()), default=list
)
picture_sizes: Remembered[dict[str, tuple[int, int]]] = Remembered(
    lambda: {each.hash: (each.width, each.height) for each in Picture.objects.defer("content")},
    default=dict,
)
