"""How far a long command is: one changing line on a terminal, else a line now and then."""

import time

from django.core.management.base import OutputWrapper

EVERY = 10  # seconds between two lines where nobody watches
REFRESH = 0.2  # seconds, on a terminal


class Progress:
    """Tells how many of `total` rows are done, and how long the rest will take."""

    def __init__(self, out: OutputWrapper, total: int) -> None:
        self.out, self.total = out, total
        self.terminal = out.isatty()
        self.started = self.told = time.monotonic()

    def show(self, done: int) -> None:
        """Say so, if it is time to."""
        now = time.monotonic()
        if now - self.told < (REFRESH if self.terminal else EVERY):
            return
        self.told = now
        line = progress_line(done, self.total, now - self.started)
        if self.terminal:
            self.out.write(f"\r{line:<78}", ending="")
            self.out.flush()
        else:
            self.out.write(line)

    def clear(self) -> None:
        """Leave the terminal's line empty for what is printed next."""
        if self.terminal:
            self.out.write(f"\r{'':<78}\r", ending="")


def progress_line(done: int, total: int, seconds: float) -> str:
    """Return how far it is, after so many seconds.

    >>> progress_line(50_000, 200_000, 60)
    '50,000 of 200,000 rows, about 3 min left'
    >>> progress_line(150, 200, 30)
    '150 of 200 rows, about 10 s left'
    >>> progress_line(210, 200, 30)
    '210 of 210 rows, about 0 s left'
    """
    total = max(done, total)
    left = seconds / done * (total - done) if done else 0
    wait = f"{left / 60:.0f} min" if left > 90 else f"{left:.0f} s"
    return f"{done:,} of {total:,} rows, about {wait} left"
