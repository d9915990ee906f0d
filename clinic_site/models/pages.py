"""The physicians, the small print, and the pictures that staff upload."""

import re

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

_EDGES = (1, settings.PICTURE_EDGE)
# Languages written from right to left, by their tag's first part (IANA registry, CLDR).
_RIGHT_TO_LEFT = ("ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "syr", "ug", "ur", "yi")


class Picture(models.Model):
    """A picture as WebP bytes, served by its hash; made by clinic_site.pictures."""

    hash = models.CharField(max_length=64, unique=True, editable=False)
    alt = models.CharField(
        _("text for people who cannot see it"),
        max_length=300,
        help_text=_("What the picture shows, in a sentence. Not 'photo of'."),
    )
    content = models.BinaryField(editable=False)
    width = models.PositiveSmallIntegerField(editable=False)
    height = models.PositiveSmallIntegerField(editable=False)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["-added_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(hash__length=64), name="picture_hash_is_sha256"
            ),
            models.CheckConstraint(condition=~models.Q(alt=""), name="picture_has_alt"),
            models.CheckConstraint(
                condition=models.Q(width__range=_EDGES, height__range=_EDGES),
                name="picture_size_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.alt

    def get_absolute_url(self) -> str:
        """The address of its bytes for everyone, once a page shows it."""
        return reverse("picture", args=[self.hash])

    @property
    def address_for_staff(self) -> str:
        """The address of its bytes for staff, whether or not a page shows it."""
        return reverse("admin:clinic_site_picture_bytes", args=[self.hash])


class PhysicianQuerySet(models.QuerySet["Physician"]):
    """The physicians; `active` ones are shown on the site, with their photos."""

    def active(self) -> "PhysicianQuerySet":
        return self.filter(active=True).select_related("photo").defer("photo__content")


class Physician(models.Model):
    """A physician of the clinic, with the bio that patients read."""

    slug = models.SlugField(
        _("address"),
        max_length=80,
        unique=True,
        help_text=_("The last part of the page's address, made from the name."),
    )
    name = models.CharField(
        _("name"), max_length=120, help_text=_("As patients read it: Dr. Jane Doe")
    )
    title = models.CharField(
        _("title"),
        max_length=120,
        blank=True,
        help_text=_("What the physician is, as patients read it: Interventional radiologist"),
    )
    specialty = models.CharField(
        _("specialty"),
        max_length=120,
        help_text=_("The field, shown where there is no title, and found by search."),
    )
    certifications = models.CharField(
        _("certifications"),
        max_length=300,
        blank=True,
        help_text=_("With the words “board certified” here, short cards say so as well."),
    )
    interests = models.CharField(_("special interests"), max_length=300, blank=True)
    practice = models.TextField(
        _("what the physician does for the conditions on this site"),
        blank=True,
        help_text=_(
            "Markdown: one to three plain sentences, such as which of the treatments the physician "
            "does. Leave empty to show nothing."
        ),
    )
    bio = models.TextField(
        _("bio"),
        help_text=_(
            "Markdown: a few short paragraphs, an empty line between. Certifications and interests "
            "stand beside it, so they need not be said again."
        ),
    )
    photo = models.ForeignKey(
        "Picture", models.PROTECT, null=True, blank=True, verbose_name=_("photo"), related_name="+"
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    active = models.BooleanField(_("active"), default=True, help_text=_("Shown on the site."))

    objects = PhysicianQuerySet.as_manager()

    class Meta:
        verbose_name = _("physician")
        verbose_name_plural = _("physicians")
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="physician_has_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("physician", args=[self.slug])

    @property
    def role(self) -> str:
        """What the physician is; the field stands in for a title that is not given."""
        return self.title or self.specialty

    @property
    def in_short(self) -> str:
        """What the physician is, on a card: Interventional radiologist, board certified."""
        certified = re.search(r"\bboard[- ]certified\b", self.certifications, re.IGNORECASE)
        return _("%s, board certified") % self.role if certified else self.role

    @property
    def initials(self) -> str:
        """Two letters that stand for a missing photo: NK."""
        words = [word for word in self.name.split() if not word.endswith(".")]
        return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


class Notice(models.Model):
    """A page of small print: privacy, accessibility, and the like.

    A required notice with no body is a task for staff; its page tells how to get it by phone.
    """

    slug = models.SlugField(_("address"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(
        _("text"), blank=True, help_text=_("Markdown: paragraphs, lists, ## headings, links.")
    )
    required = models.BooleanField(
        _("required"), default=False, help_text=_("The law asks for it: an empty one is a task.")
    )
    confirmed = models.BooleanField(
        _("confirmed"), default=False, help_text=_("The clinic's counsel has confirmed this text.")
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["position", "title"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(title=""), name="notice_has_title"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("notice", args=[self.slug])

    @property
    def is_missing(self) -> bool:
        """Whether the law asks for this notice and the clinic has not supplied it yet."""
        return self.required and self.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read yet, in any language."""
        return not self.body.strip() and not self.lines.all()


class LanguageLine(models.Model):
    """One line of a notice in another language, marked with that language on the page."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="lines")
    language = models.CharField(
        _("language"),
        max_length=20,
        validators=[
            RegexValidator(
                r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", _("Use a tag such as es or zh-Hant.")
            )
        ],
        help_text=_("Its tag: es for Spanish, ar for Arabic, zh-Hant for traditional Chinese."),
    )
    text = models.TextField(_("line"), help_text=_("In that language, from the clinic."))
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("line in another language")
        verbose_name_plural = _("lines in other languages")
        ordering = ["position", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "language"],
                name="language_line_once",
                violation_error_message=_("This language has a line already."),
            ),
            models.CheckConstraint(condition=~models.Q(text=""), name="language_line_has_text"),
        ]

    def __str__(self) -> str:
        return self.language

    @property
    def direction(self) -> str:
        return "rtl" if self.language.lower().split("-")[0] in _RIGHT_TO_LEFT else "ltr"
