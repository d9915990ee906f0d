"""What every page shares: the clinic, its hours, its physicians, its notices, its pictures."""

import re
import zoneinfo
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Length
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from clinic_site.phones import phone_as_read

models.CharField.register_lookup(Length)


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is a time zone of the IANA database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("%(name)s is not a time zone. Use a name such as America/Chicago."),
            params={"name": name},
        )


class Clinic(models.Model):
    """The clinic itself: one row, shown on every page.

    An unsaved Clinic holds what is shown while the database cannot be read.
    """

    name = models.CharField(
        _("name"), max_length=120, default="Vascular & Interventional Specialists"
    )
    short_name = models.CharField(_("short name"), max_length=20, default="VIS", blank=True)
    phone = PhoneNumberField(
        _("phone"),
        default="+16052175617",
        help_text=_("The number on every page. Patients tap it to call."),
    )
    street = models.CharField(_("street"), max_length=120, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    state = models.CharField(
        _("state"),
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}\Z", _("Use the two capital letters, such as SD."))],
    )
    postal_code = models.CharField(
        _("ZIP code"),
        max_length=10,
        blank=True,
        validators=[
            RegexValidator(r"^\d{5}(-\d{4})?\Z", _("Use five digits, or nine: 57104-1234."))
        ],
    )
    email = models.EmailField(
        _("email"), blank=True, help_text=_("Shown on the contact page. Leave empty to show none.")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=60,
        blank=True,
        validators=[validate_time_zone],
        help_text=_("Such as America/Chicago. Times in the admin and on pages are shown in it."),
    )
    introduction = models.TextField(
        _("introduction"),
        blank=True,
        help_text=_("One to three plain sentences at the top of the first page."),
    )
    before_visit = models.TextField(
        _("before your visit"),
        blank=True,
        help_text=_(
            "What to bring, whether a referral is needed, insurance, cost. Markdown: paragraphs, "
            "- lists, ### headings. It stands on the contact page, with a link at the foot of "
            "every page. Leave empty to show nothing."
        ),
    )
    emergency_wording = models.CharField(
        _("emergency wording"),
        max_length=200,
        default="In an emergency, call 911.",
        help_text=_("Stands at the foot of every page and above the request form."),
    )
    answer_within_hours = models.PositiveSmallIntegerField(
        _("answer within hours"),
        null=True,
        blank=True,
        help_text=_(
            "What you promise patients; where opening hours are set, only those count. "
            "Leave empty to promise nothing."
        ),
    )
    keep_requests_days = models.PositiveSmallIntegerField(
        _("erase requests after days"),
        null=True,
        blank=True,
        help_text=_(
            "Requests that were closed or canceled this many days ago are erased for good. "
            "Ask counsel how long you must keep them. Leave empty to erase nothing."
        ),
    )

    class Meta:
        verbose_name = _("clinic")
        verbose_name_plural = _("clinic")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="clinic_is_one_row"),
            models.CheckConstraint(condition=~models.Q(name=""), name="clinic_has_name"),
            models.CheckConstraint(condition=~models.Q(phone=""), name="clinic_has_phone"),
            models.CheckConstraint(
                condition=models.Q(answer_within_hours=None) | models.Q(answer_within_hours__gte=1),
                name="clinic_answer_within_hours_positive",
                violation_error_message=_("Promise an hour or more, or leave it empty."),
            ),
            models.CheckConstraint(
                condition=models.Q(keep_requests_days=None) | models.Q(keep_requests_days__gte=1),
                name="clinic_keep_requests_days_positive",
                violation_error_message=_("Keep them a day or more, or leave it empty."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def phone_as_read(self) -> str:
        """The phone number as people read it: 605-217-5617."""
        return phone_as_read(self.phone)

    @property
    def phone_link(self) -> str:
        """The phone number as a link: tel:+16052175617."""
        return f"tel:{self.phone}"

    @property
    def hours(self) -> list["OpeningHours"]:
        """The opening hours in the order of the week; empty where the clinic has set none."""
        return list(self.opening_hours.all()) if self.pk else []

    @property
    def address_lines(self) -> list[str]:
        """The postal address, a line each; empty where the clinic has not given one."""
        region = " ".join(part for part in (self.state, self.postal_code) if part)
        town = ", ".join(part for part in (self.city, region) if part)
        return [line for line in (self.street, town) if line]


class Weekday(models.IntegerChoices):
    """Days as Python's date.weekday() counts them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class OpeningHours(models.Model):
    """One stretch of a weekday in which the clinic is open, in the clinic's time zone."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday.choices)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(weekday__range=(0, 6)), name="opening_hours_weekday_known"
            ),
            models.CheckConstraint(
                condition=models.Q(opens__lt=models.F("closes")),
                name="opening_hours_open_before_close",
                violation_error_message=_("The clinic must open before it closes."),
            ),
            models.UniqueConstraint(
                fields=["clinic", "weekday", "opens"],
                name="opening_hours_once",
                violation_error_message=_("These hours stand here already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class ClosedDay(models.Model):
    """A day on which the clinic is closed, whatever its opening hours say."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="closed_days")
    day = models.DateField(_("day"))

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "day"],
                name="closed_day_once",
                violation_error_message=_("This day stands here already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class PhysicianQuerySet(models.QuerySet["Physician"]):
    """The physicians, in named selections."""

    def active(self) -> "PhysicianQuerySet":
        """Those shown on the site."""
        return self.filter(active=True)


class Physician(models.Model):
    """A physician of the clinic, with the bio that patients read."""

    slug = models.SlugField(_("address"), max_length=80, unique=True)
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
        """The physician's public page."""
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
        """The notice's public page."""
        return reverse("notice", args=[self.slug])

    @property
    def is_missing(self) -> bool:
        """Whether the law asks for this notice and the clinic has not supplied it yet."""
        return self.required and self.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read yet, in any language."""
        return not self.body.strip() and not self.lines.all()


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
                condition=models.Q(width__range=(1, 1200), height__range=(1, 1200)),
                name="picture_size_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.alt

    def get_absolute_url(self) -> str:
        """The address of the picture's bytes."""
        return reverse("picture", args=[self.hash])


class LanguageLine(models.Model):
    """One line of a notice in another language, marked with that language on the page."""

    # Languages written from right to left, by their tag's first part (IANA registry, CLDR).
    RIGHT_TO_LEFT: ClassVar[set[str]] = {
        *("ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "syr", "ug", "ur", "yi")
    }

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
        """`rtl` or `ltr`, as the page marks it."""
        tag = self.language.lower()
        right_to_left = tag in self.RIGHT_TO_LEFT or tag.split("-")[0] in self.RIGHT_TO_LEFT
        return "rtl" if right_to_left else "ltr"


# Models of packages of their own, so that Django finds them.
from clinic_site.audit.models import AuditEvent  # noqa: E402, F401
from clinic_site.counters import Counter  # noqa: E402, F401
from clinic_site.crypto.models import KeyCheck  # noqa: E402, F401
from clinic_site.mail.models import (  # noqa: E402, F401
    DailyRun,
    MailChoice,
    OutboxMessage,
    WorkerBeat,
)
