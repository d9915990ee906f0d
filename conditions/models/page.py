"""Conditions and treatments: the draft that editors change, the revisions that patients see."""

from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clinic_site.models import Physician, Picture
from clinic_site.pictures import drawing_size
from conditions.content.document import ConditionDocument, TreatmentDocument
from conditions.models.revision import FormerSlug, Revision


def validate_picture_source(source: str) -> None:
    """Raise ValidationError unless `source` is `drawing:NAME` of ours or `picture:HASH`."""
    kind, _colon, name = source.partition(":")
    uploaded = kind == "picture" and Picture.objects.filter(hash=name).exists()
    if not uploaded and (kind != "drawing" or drawing_size(name) is None):
        raise ValidationError(
            _("%(source)s is not a picture of this site."), params={"source": source}
        )


class PageQuerySet(models.QuerySet[Any]):
    """Conditions or treatments, in named selections."""

    def published(self) -> "PageQuerySet":
        """Those that patients can see, by title, each with its live revision and its review."""
        return (
            self.filter(live__isnull=False).select_related("live", "review").order_by("live__title")
        )

    def listed(self) -> "PageQuerySet":
        """The published ones without their long texts, for lists."""
        return self.published().defer("live__document_json")

    def with_pictures(self) -> "PageQuerySet":
        """Each with what its live revision says of its picture as `live_picture`, for cards."""
        return self.annotate(live_picture=models.F("live__document_json__picture"))

    def with_physicians(self) -> "PageQuerySet":
        """Conditions, each with the slugs that its live revision names as `live_physicians`."""
        return self.annotate(live_physicians=models.F("live__document_json__physicians"))

    def named(self, slugs: Collection[str]) -> "PageQuerySet":
        """Those that have, or had, one of these addresses, published or in the draft.

        Each has the former address that named it as `former_slug`.
        """
        former = FormerSlug.objects.filter(slug__in=slugs)
        # By keys, so that each part of the "or" has an index to go by.
        live = Revision.objects.filter(slug__in=slugs).values("pk")
        return self.filter(
            Q(slug__in=slugs) | Q(live__in=live) | Q(pk__in=former.values("page"))
        ).annotate(former_slug=Subquery(former.filter(page=OuterRef("pk")).values("slug")[:1]))


class Page(models.Model):
    """What conditions and treatments share: a draft, its sections and sources, its revisions."""

    slug = models.SlugField(
        _("address"),
        max_length=80,
        unique=True,
        help_text=_("The last part of the page's address."),
    )
    title = models.CharField(_("title"), max_length=120)
    name = models.CharField(
        _("name in a sentence"),
        max_length=120,
        help_text=_("As it stands after “To talk with us about”: a spinal compression fracture."),
    )
    summary = models.TextField(
        _("summary"),
        max_length=300,
        help_text=_("One or two plain sentences under the title; search engines show them too."),
    )
    key_points = models.TextField(
        _("key points"),
        blank=True,
        help_text=format_lazy(
            _("What to take away: at most {most} short sentences, one a line."),
            most=settings.KEY_POINTS,
        ),
    )
    picture_source = models.CharField(
        _("picture"),
        max_length=80,
        blank=True,
        validators=[validate_picture_source],
        help_text=_("drawing:NAME for a drawing of this site, picture:HASH for an uploaded one."),
    )
    picture_alt = models.CharField(
        _("picture in words"),
        max_length=400,
        blank=True,
        help_text=_("For people who cannot see it: what the picture shows."),
    )
    picture_caption = models.CharField(_("caption"), max_length=200, blank=True)
    draft_version = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Counts saves, so that none is overwritten unseen.")
    )
    changed_at = models.DateTimeField(_("changed"), auto_now=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    live = models.ForeignKey(
        "Revision", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    review = models.ForeignKey(
        "Review", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    edited_since_review = models.BooleanField(default=False, editable=False)

    objects = PageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(title=""), name="page_has_title"),
            models.CheckConstraint(condition=~models.Q(name=""), name="page_has_name"),
            models.CheckConstraint(
                condition=models.Q(picture_source="") | ~models.Q(picture_alt=""),
                name="page_picture_has_alt",
                violation_error_message=_("Say in words what the picture shows."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The public page, of a condition or a treatment."""
        kind = self.live.document_json["type"] if self.live else "condition"
        return reverse(kind, args=[self.public_slug])

    @property
    def public_slug(self) -> str:
        """The last part of the address that patients use; the draft may have another."""
        return self.live.slug if self.live else self.slug


class Treatment(Page):
    """A treatment: written once, shown on the page of every condition that offers it."""

    class BodySite(models.TextChoices):
        """Where in the body the treatment is done."""

        VERTEBRA = "vertebra", _("vertebra")
        SACRUM = "sacrum", _("sacrum")

    document_class = TreatmentDocument

    body_site = models.CharField(_("where"), max_length=20, choices=BodySite.choices)
    uses_needle = models.BooleanField(_("uses a needle"), default=False)
    uses_balloon = models.BooleanField(_("uses a balloon"), default=False)
    uses_cement = models.BooleanField(_("uses bone cement"), default=False)

    class Meta:
        verbose_name = _("treatment")
        verbose_name_plural = _("treatments")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(body_site__in=["vertebra", "sacrum"]),
                name="treatment_body_site_known",
            ),
        ]

    def get_absolute_url(self) -> str:
        """The treatment's public page."""
        return reverse("treatment", args=[self.public_slug])


class Condition(Page):
    """A condition that the clinic treats."""

    document_class = ConditionDocument

    icd10_code = models.CharField(
        _("ICD-10-CM code"),
        max_length=8,
        blank=True,
        validators=[
            RegexValidator(
                r"^[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?\Z",
                _("Write the code as in A12.3 or A12.345A."),
            )
        ],
    )
    emergency_words = models.TextField(
        _("words of an emergency"),
        blank=True,
        help_text=_(
            "Whoever searches for one of them is told when to call 911. One word a line: numb."
        ),
    )
    physicians = models.ManyToManyField(
        Physician, blank=True, related_name="conditions", verbose_name=_("physicians")
    )
    treatments = models.ManyToManyField(
        Treatment, through="ConditionTreatment", related_name="conditions"
    )
    live_treatments = models.ManyToManyField(Treatment, related_name="offered_by", editable=False)
    related = models.ManyToManyField(
        "self", blank=True, symmetrical=False, verbose_name=_("related conditions")
    )

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")

    def get_absolute_url(self) -> str:
        """The condition's public page."""
        return reverse("condition", args=[self.public_slug])


class ConditionTreatment(models.Model):
    """That a condition's page offers a treatment, and at which place in its list."""

    condition = models.ForeignKey(Condition, models.CASCADE, related_name="offers")
    treatment = models.ForeignKey(Treatment, models.PROTECT, related_name="offered_for")
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("treatment offered")
        verbose_name_plural = _("treatments offered")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["condition", "treatment"],
                name="condition_treatment_once",
                violation_error_message=_("This page offers the treatment already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.treatment)


class SectionKind(models.TextChoices):
    """What a section is about; its place on the page and in structured data follows from it."""

    EMERGENCY = "emergency", _("When to call 911")
    SEE_DOCTOR = "see_doctor", _("When to see a doctor")
    OVERVIEW = "overview", _("What it is")
    SYMPTOMS = "symptoms", _("Signs and symptoms")
    TREATMENTS = "treatments", _("Treatments")
    SUITS = "suits", _("Who it may suit")
    NOT_SUITED = "not_suited", _("Who it does not suit")
    BENEFITS = "benefits", _("Benefits")
    RISKS = "risks", _("Risks")
    PREPARING = "preparing", _("Before")
    PROCEDURE = "procedure", _("How it is done")
    AFTERWARDS = "afterwards", _("Afterwards")
    DIAGNOSIS = "diagnosis", _("Diagnosis")
    RECOVERY = "recovery", _("Recovery")
    PREVENTION = "prevention", _("Prevention")
    CAUSES = "causes", _("Causes")
    RISK_FACTORS = "risk_factors", _("Risk factors")
    EVIDENCE = "evidence", _("What studies say")
    QUESTIONS = "questions", _("Questions to ask")
    NEXT_STEPS = "next_steps", _("Next steps")


class Section(models.Model):
    """One section of a draft."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="sections")
    kind = models.CharField(_("kind"), max_length=20, choices=SectionKind.choices)
    heading = models.CharField(_("heading"), max_length=120)
    body = models.TextField(
        _("text"),
        blank=True,
        help_text=_(
            "Markdown: paragraphs, - lists, ### headings, **bold**, [^key] to cite a source."
        ),
    )

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=SectionKind.values), name="section_kind_known"
            ),
            models.CheckConstraint(condition=~models.Q(heading=""), name="section_has_heading"),
        ]

    def __str__(self) -> str:
        return self.heading


class Source(models.Model):
    """A source of a draft; `[^key]` in its sections cites it."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="sources")
    key = models.SlugField(_("key"), max_length=40, help_text=_("Cite it in the text as [^key]."))
    title = models.CharField(_("title"), max_length=300)
    publisher = models.CharField(_("publisher"), max_length=200, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    url = models.URLField(_("web address"), max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "key"],
                name="source_key_once_a_page",
                violation_error_message=_("Another source of this page has this key."),
            ),
            models.CheckConstraint(
                condition=models.Q(year=None) | models.Q(year__range=(1800, 2200)),
                name="source_year_in_range",
                violation_error_message=_("Write the year in four digits."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


def by_address(pages: Iterable[Any], slugs: Collection[str]) -> dict[str, Any]:
    """Return which of `pages`, from `named`, each address names: published first, then former."""
    named: dict[str, Any] = {}
    pages = list(pages)
    for page in pages:
        named[page.slug] = page
    for page in pages:
        if page.former_slug:
            named[page.former_slug] = page
    for page in pages:
        if page.live is not None:
            named[page.live.slug] = page
    return {slug: page for slug, page in named.items() if slug in slugs}
