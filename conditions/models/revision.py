"""What was published, signed, moved and loaded: a page's past, which is added to and kept."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from conditions.content.document import ConditionDocument, PageDocument, TreatmentDocument


class RevisionQuerySet(models.QuerySet["Revision"]):
    """Revisions, which are neither changed nor deleted."""

    def update(self, **values: Any) -> int:
        """Raise ValueError: a revision is never changed."""
        raise ValueError("A revision is never changed. Publish a new one.")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Raise ValueError: a revision is never deleted."""
        raise ValueError("A revision is never deleted. Take the page off the site instead.")


class Revision(models.Model):
    """A page as it was published: never changed afterwards."""

    page = models.ForeignKey("Page", models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField(_("number"))
    slug = models.SlugField(_("address"), max_length=80)
    title = models.CharField(_("title"), max_length=120)
    summary = models.TextField(_("summary"))
    document_json = models.JSONField(_("document"))
    published_at = models.DateTimeField(_("published"), auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["page", "number"], name="revision_number_once_a_page"),
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="revision_number_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the revision; raise ValueError where it is there already."""
        if not self._state.adding:
            raise ValueError("A revision is never changed. Publish a new one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raise ValueError: a revision is never deleted."""
        raise ValueError("A revision is never deleted. Take the page off the site instead.")

    @cached_property
    def document(self) -> PageDocument:
        """The document as it was published."""
        classes = {cls.page_type: cls for cls in (ConditionDocument, TreatmentDocument)}
        return classes[self.document_json["type"]].from_json(self.document_json)


class FormerSlug(models.Model):
    """An address that a page had before; it redirects to the page for ever."""

    page = models.ForeignKey("Page", models.CASCADE, related_name="former_slugs")
    slug = models.SlugField(_("address"), max_length=80, unique=True)

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")

    def __str__(self) -> str:
        return self.slug


class Review(models.Model):
    """A clinician's signature under a revision: who read it, when, and when to read it again."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    reviewer_name = models.CharField(
        _("name"), max_length=120, help_text=_("As patients read it: Dr. Jane Doe")
    )
    reviewed_on = models.DateField(_("reviewed"))
    next_due = models.DateField(_("next review due"))

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-reviewed_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reviewer_name=""), name="review_has_reviewer_name"
            ),
            models.CheckConstraint(
                condition=models.Q(next_due__gt=models.F("reviewed_on")),
                name="review_due_after_reviewed",
                violation_error_message=_("The next review must be due after this one."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer_name}, {self.reviewed_on}"


class LoadedContent(models.Model):
    """That a content file was loaded once: what staff removed since is not loaded again."""

    type = models.CharField(max_length=20)
    slug = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = _("loaded content")
        verbose_name_plural = _("loaded content")
        constraints = [
            models.UniqueConstraint(fields=["type", "slug"], name="loaded_content_once"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.slug}".strip()
