"""Which version of the public pages is the newest one."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models, transaction


class SiteVersion(models.Model):
    """One row, with another value after each change that shows on a public page.

    At random and not counted up, so that no version comes twice, even where a backup is restored.
    """

    value = models.UUIDField(default=uuid.uuid4)

    @classmethod
    def newest(cls) -> uuid.UUID | None:
        """Return the version that was committed last; None before the first change."""
        return cls.objects.values_list("value", flat=True).first()


@contextmanager
def public_change() -> Iterator[None]:
    """Change what public pages show: a transaction that ends with a new site version.

    Every process then renders its pages again. The version comes last, and once where one change
    is part of another, so that nobody who waits for its row holds a lock that its holder wants.
    """
    is_inner = getattr(connection, "in_public_change", False)
    connection.in_public_change = True  # type: ignore[attr-defined]
    try:
        with transaction.atomic():
            yield
            if not is_inner and not connection.needs_rollback:
                SiteVersion.objects.update_or_create(pk=1, defaults={"value": uuid.uuid4()})
    finally:
        connection.in_public_change = is_inner  # type: ignore[attr-defined]
