"""Conditions and treatments, and what is derived from what patients see of them."""

import datetime as dt
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clinic_site.models import Physician, Picture
from conditions.content.kinds import SectionKind


class PageQuerySet(models.QuerySet[Any]):
    """Conditions or treatments, in named selections."""

    def published(self) -> "PageQuerySet":
        """Those that patients can see, by title, each with its live revision and its review."""
        return (
            self.filter(live__isnull=False).select_related("live", "review").order_by("live__title")
        )

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
        """Whether its review was due before `today`, in the clinic's time zone."""
        return self.review is not None and self.review.next_due < today


class KindManager(models.Manager.from_queryset(PageQuerySet)):  # type: ignore[misc]
    """The pages of one kind."""

    def get_queryset(self) -> PageQuerySet:
        return super().get_queryset().filter(kind=self.model.page_kind)


class Condition(Page):
    """A condition that the clinic treats."""

    page_kind: ClassVar[str] = "condition"
    objects: ClassVar[Any] = KindManager()

    class Meta:
        proxy = True
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")


class Treatment(Page):
    """A treatment: written once, shown on the page of every condition that offers it."""

    page_kind: ClassVar[str] = "treatment"
    objects: ClassVar[Any] = KindManager()

    class Meta:
        proxy = True
        verbose_name = _("treatment")
        verbose_name_plural = _("treatments")


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

    def __str__(self) -> str:
        return f"{self.condition_id} offers {self.treatment_id}"


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
