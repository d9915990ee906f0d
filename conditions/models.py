"""Condition pages and treatments, the chain of each page's revisions, and what is typed now."""

import datetime as dt
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from clinic_site import presence
from clinic_site.clinic import Remembered
from clinic_site.models import Physician, Picture
from conditions.content.document import PageDocument, document_of
from conditions.content.kinds import SectionKind

_USER = settings.AUTH_USER_MODEL
_KEPT = "A revision is never %s."


class PageQuerySet(models.QuerySet[Any]):
    """Conditions or treatments, in named selections."""

    def published(self) -> "PageQuerySet":
        """Those that patients can see, by title, each with its live revision and its review."""
        live = self.filter(live__isnull=False)
        return live.select_related("live", "review").order_by("live__title")

    def listed(self) -> "PageQuerySet":
        """The published ones without their long texts, for lists."""
        return self.published().defer("live__document")

    def with_texts(self) -> "PageQuerySet":
        """Each with its live revision's document as text, `live_text`: see `document_of_text`."""
        text = Cast("live__document", models.TextField())
        return self.defer("live__document").annotate(live_text=text)

    def with_pictures(self) -> "PageQuerySet":
        """Each with what its live revision says of its picture as `live_picture`, for cards."""
        return self.annotate(live_picture=models.F("live__document__picture"))

    def at(self, slug: str) -> "PageQuerySet":
        """The one that is, or was, published at this address."""
        return self.filter(addresses__slug=slug).select_related("live", "review")


class Page(models.Model):
    """A condition or a treatment: a chain of revisions, of which one is the draft and one is live.
    `ref` is its name in documents and files, `slug` its address, "" before the first publishing.
    """

    kind = models.CharField(max_length=10)
    ref = models.SlugField(max_length=80, unique=True)
    slug = models.SlugField(_("address"), max_length=80, blank=True)
    draft = models.ForeignKey("Revision", models.SET_NULL, null=True, blank=True, related_name="+")
    live = models.ForeignKey("Revision", models.SET_NULL, null=True, blank=True, related_name="+")
    review = models.ForeignKey("Review", models.SET_NULL, null=True, blank=True, related_name="+")
    edited_since_review = models.BooleanField(default=False)
    # What the live revision shows, written by publishing.
    shown_physicians = models.ManyToManyField(Physician, related_name="shown_on")
    shown_pictures = models.ManyToManyField(Picture, related_name="pages_showing")

    objects = PageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["condition", "treatment"]), name="page_kind_known"
            ),
            models.UniqueConstraint(fields=["slug"], condition=~Q(slug=""), name="page_slug_once"),
        ]

    def __str__(self) -> str:
        return (self.draft.title if self.draft else "") or self.ref

    def get_absolute_url(self) -> str:
        return reverse(self.kind, args=[self.slug])

    def is_overdue(self, today: dt.date) -> bool:
        return self.review is not None and self.review.next_due < today


class KindManager(models.Manager.from_queryset(PageQuerySet)):  # type: ignore[misc]
    """The pages of one kind."""

    def get_queryset(self) -> PageQuerySet:
        return super().get_queryset().filter(kind=self.model._meta.model_name)


class Condition(Page):
    """A condition that the clinic treats."""

    objects: ClassVar[Any] = KindManager()

    class Meta:
        proxy = True
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")


class Treatment(Page):
    """A treatment: written once, shown on the page of every condition that offers it."""

    objects: ClassVar[Any] = KindManager()

    class Meta:
        proxy = True
        verbose_name = _("treatment")
        verbose_name_plural = _("treatments")


# (slug, title) of each published condition, by title: what menus and the request form offer.
published_conditions: Remembered[list[tuple[str, str]]] = Remembered(
    lambda: list(Condition.objects.published().values_list("slug", "live__title")), default=list
)


class Offer(models.Model):
    """That the page of a condition, as patients see it, offers a treatment."""

    condition = models.ForeignKey(Page, models.CASCADE, related_name="offers")
    treatment = models.ForeignKey(Page, models.PROTECT, related_name="offered_for")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["condition", "treatment"], name="offer_once")
        ]

    def __str__(self) -> str:  # who wants to delete the treatment reads it
        return str(self.condition)


class Section(models.Model):
    """One section as patients see it, in plain words, for search and for whoever counts."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="sections")
    kind = models.CharField(max_length=20, choices=SectionKind.choices)
    heading = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=SectionKind.values), name="section_kind_known"
            ),
            models.CheckConstraint(condition=~Q(heading=""), name="section_has_heading"),
            models.UniqueConstraint(fields=["page", "kind"], name="section_kind_once"),
        ]

    def __str__(self) -> str:
        return self.heading


class Address(models.Model):
    """An address at which a page was published, today's among them; it leads there for ever."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="addresses")
    slug = models.SlugField(_("address"), max_length=80, unique=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        return self.slug


class LoadedContent(models.Model):
    """That a content file was loaded once: what staff removed since is not loaded again."""

    type = models.CharField(max_length=20)
    slug = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["type", "slug"], name="loaded_content_once")]

    def __str__(self) -> str:
        return f"{self.type} {self.slug}".strip()


class RevisionQuerySet(models.QuerySet["Revision"]):
    """Revisions, which are neither changed nor deleted."""

    def update(self, **values: Any) -> int:
        raise ValueError(_KEPT % "changed")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise ValueError(_KEPT % "deleted")

    def set_published(self, *, by: Any) -> None:
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

    @property
    def can_be_saved(self) -> bool:
        """Whether the account of whoever typed it is open, and may still edit the page."""
        return bool(self.person.has_perm(f"conditions.change_{self.page.kind}"))


class Presence(presence.Presence):
    """That a person has a page open in the editor, with which part in hand."""

    thing = models.ForeignKey(Page, models.CASCADE, related_name="presences")
    part = models.CharField(max_length=60, blank=True)
