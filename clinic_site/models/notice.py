"""The small print, and its lines in other languages."""

from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# Languages written from right to left, by their tag's first part (IANA registry, CLDR).
_RIGHT_TO_LEFT = ("ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "syr", "ug", "ur", "yi")


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
