"""Who has a thing open in the admin, as their browsers say every few seconds."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone


class PresenceQuerySet(models.QuerySet[Any]):
    """Who has things open."""

    def now(self) -> "PresenceQuerySet":
        """Those whose browsers have said so lately."""
        now, lasts = timezone.now(), settings.PRESENCE_LASTS
        return self.filter(at__gt=now - lasts, at__lt=now + lasts)  # later: a clock was set back

    def note(self, thing: models.Model, person: Any, **told: str) -> None:
        """Note that a person has a thing open, and forget who left it. `told`: more columns."""
        self.filter(thing=thing.pk, at__lte=timezone.now() - settings.PRESENCE_LASTS).delete()
        self.bulk_create(
            [self.model(thing_id=thing.pk, person=person, **told)],
            update_conflicts=True,
            unique_fields=["thing", "person"],
            update_fields=["at", *told],
        )


class Presence(models.Model):
    """That a person has a thing open, and as of when. A subclass adds `thing`, a foreign key."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = PresenceQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["thing", "person"], name="%(app_label)s_presence_once")
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.at}"
