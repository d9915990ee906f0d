"""The physicians, as patients read of them."""

import re

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class PhysicianQuerySet(models.QuerySet["Physician"]):
    """The physicians; `active` ones are shown on the site."""

    def active(self) -> "PhysicianQuerySet":
        return self.filter(active=True)


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
