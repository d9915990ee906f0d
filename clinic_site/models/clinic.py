"""The clinic itself, and when it is open."""

import datetime as dt
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from clinic_site.phones import phone_as_read


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is a time zone of the IANA database."""
    if name not in available_timezones():
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
    idle_minutes = models.PositiveSmallIntegerField(
        _("sign staff out after idle minutes"),
        default=30,
        help_text=_("From 5 to 60. Shorter where others pass by the screens."),
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
            models.CheckConstraint(
                condition=models.Q(idle_minutes__range=settings.IDLE_MINUTES),
                name="clinic_idle_minutes_in_range",
                violation_error_message=_("Choose from 5 to 60 minutes."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def phone_as_read(self) -> str:
        """As people read it: 605-217-5617."""
        return phone_as_read(self.phone)

    @property
    def phone_link(self) -> str:
        return f"tel:{self.phone}"

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone; settings.TIME_ZONE until it has set one."""
        return ZoneInfo(self.time_zone or settings.TIME_ZONE)

    @property
    def hours(self) -> list["OpeningHours"]:
        """The opening hours in the order of the week; empty where the clinic has set none."""
        return list(self.opening_hours.all()) if self.pk else []

    def open_time(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """Return how long the clinic was open between two aware times.

        By its opening hours and closed days, in its own time zone; the plain time between the two
        where it has set no hours, or where that is more than OPEN_TIME_WITHIN. Hours that overlap
        count once.
        """
        # Two times of one zone would be subtracted by the wall clock.
        start, end = start.astimezone(dt.UTC), end.astimezone(dt.UTC)
        if end - start > settings.OPEN_TIME_WITHIN or not self.hours:
            return max(end - start, dt.timedelta())
        closed = {each.day for each in self.closed_days.all()}
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        total, counted_to = dt.timedelta(), start
        while day <= last:
            for hours in self.hours:
                if hours.weekday == day.weekday() and day not in closed:
                    opens, closes = (
                        dt.datetime.combine(day, time, self.zone).astimezone(dt.UTC)
                        for time in (hours.opens, hours.closes)
                    )
                    total += max(min(closes, end) - max(opens, counted_to), dt.timedelta())
                    counted_to = max(counted_to, closes)
            day += dt.timedelta(days=1)
        return total

    def closed_from(self, today: dt.date) -> list["ClosedDay"]:
        """The next few days on which the clinic is closed, `today` among them."""
        days = self.closed_days.all() if self.pk else []
        return [each for each in days if each.day >= today][: settings.CLOSED_DAYS_SHOWN]

    @property
    def address_lines(self) -> list[str]:
        """The postal address, a line each; empty where the clinic has not given one."""
        region = " ".join(part for part in (self.state, self.postal_code) if part)
        town = ", ".join(part for part in (self.city, region) if part)
        return [line for line in (self.street, town) if line]


class OpeningHours(models.Model):
    """One stretch of a weekday in which the clinic is open, in the clinic's time zone."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(_("day"), choices=WEEKDAYS)
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
