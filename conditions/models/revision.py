"""The chain of a page's revisions, their reviews, and what people have typed and not saved."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from clinic_site import presence
from conditions.content.document import PageDocument, document_of
from conditions.models.page import Page

_USER = settings.AUTH_USER_MODEL
_KEPT = "A revision is never %s."


class RevisionQuerySet(models.QuerySet["Revision"]):
    """Revisions, which are neither changed nor deleted."""

    def update(self, **values: Any) -> int:
        raise ValueError(_KEPT % "changed")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise ValueError(_KEPT % "deleted")

    def set_published(self, *, by: Any) -> None:
        """Note, once, who has published these now."""
        unpublished = self.filter(published_at=None)
        models.QuerySet.update(unpublished, published_at=timezone.now(), published_by=by)


class Revision(models.Model):
    """A page as it was saved: by hand, or set aside so that no word is lost. It never changes."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.TextField()
    summary = models.TextField()
    document = models.JSONField()
    by_hand = models.BooleanField(default=True)
    saved_at = models.DateTimeField(default=timezone.now)
    saved_by = models.ForeignKey(_USER, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(_USER, models.PROTECT, null=True, blank=True, related_name="+")

    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["page", "number"], name="revision_number_once_a_page"),
            models.CheckConstraint(condition=Q(number__gte=1), name="revision_number_positive"),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(by_hand=True), name="revision_published_by_hand"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ValueError(_KEPT % "changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise ValueError(_KEPT % "deleted")

    @cached_property
    def page_document(self) -> PageDocument:
        return document_of(self.document)


class Review(models.Model):
    """A clinician's signature under a revision: who read it, when, and when to read it again."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(_USER, models.PROTECT, null=True, related_name="+")
    reviewer_name = models.CharField(max_length=120)  # as patients read it: Dr. Jane Doe
    reviewed_on = models.DateField()
    next_due = models.DateField(_("next review due"))

    class Meta:
        ordering = ["-reviewed_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reviewer_name=""), name="review_has_reviewer_name"),
            models.CheckConstraint(
                condition=Q(next_due__gt=models.F("reviewed_on")),
                name="review_due_after_reviewed",
                violation_error_message=_("The next review must be due after this one."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer_name}, {self.reviewed_on}"


class WorkingCopy(models.Model):
    """What one person has typed on a page and not saved: the whole document, as it was typed.
    `opened` has the hash of each part of the draft that it began from.
    """

    page = models.ForeignKey(Page, models.CASCADE, related_name="working_copies")
    person = models.ForeignKey(_USER, models.PROTECT, related_name="+")
    document = models.JSONField()
    opened = models.JSONField()
    note = models.TextField(blank=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("unsaved text")
        verbose_name_plural = _("unsaved texts")
        constraints = [models.UniqueConstraint(fields=["page", "person"], name="working_copy_once")]

    def __str__(self) -> str:
        return f"by {self.person}"

    @property
    def page_document(self) -> PageDocument:
        return document_of(self.document)


class Presence(presence.Presence):
    """That a person has a page open in the editor, with which part in hand."""

    thing = models.ForeignKey(Page, models.CASCADE, related_name="presences")
    part = models.CharField(max_length=60, blank=True)
