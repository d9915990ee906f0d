"""Hours and days as people type them."""

import datetime as dt
import re
import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.text import visible

# 8, 8:30, 8.30, 8h30, 0830, 08:30:00, each with am, pm, a.m., p, o'clock, or nothing.
_HOUR = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.h]?(?P<minute>\d\d)(?::00)?|h)?(?P<half>[ap]m?)?", re.ASCII
)
_WORDS = {"noon": dt.time(12), "midday": dt.time(12), "midnight": dt.time(0)}


def read_hour(text: str) -> dt.time:
    """Return the time of day that somebody typed; raise ValidationError where it is not clear.

    >>> [f"{read_hour(text):%H:%M}" for text in ("8:00 am", "5 p.m.", "08:30", "17.00", "noon")]
    ['08:00', '17:00', '08:30', '17:00', '12:00']
    """
    folded = re.sub(r"\s", "", unicodedata.normalize("NFKC", visible(text)).lower())
    plain = re.sub(r"o['’]?clock", "", re.sub(r"(?<=[apm])\.", "", folded))
    if word := re.fullmatch(r"(?:12(?::00)?)?(noon|midday|midnight)", plain):
        return _WORDS[word[1]]
    found = _HOUR.fullmatch(plain)
    hour, minute = (int(found["hour"]), int(found["minute"] or 0)) if found else (24, 0)
    half = found["half"] if found else ""
    if hour > 23 or minute > 59 or (half and hour == 0) or (half in ("a", "am") and hour > 12):
        raise ValidationError(_("This is no time of day. Write it as 8:00 am, 5:30 pm or 17:30."))
    if half:
        hour = hour % 12 + 12 * half.startswith("p")
    elif hour < 7 and not plain.startswith("0"):
        raise ValidationError(
            _("In the morning, or in the afternoon? Write %(time)s am or %(time)s pm."),
            params={"time": f"{hour}:{minute:02}"},
        )
    return dt.time(hour, minute)


class HourField(forms.TimeField):
    """A time of day, in any of the ways in which people write one."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> dt.time | None:
        if isinstance(value, dt.time):
            return value
        text = str(value or "").strip()
        return read_hour(text) if text else None

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%I:%M %p}".lstrip("0") if isinstance(value, dt.time) else value


class ClosedDayForm(forms.ModelForm):
    """A day on which the clinic is closed; one far away has most often a wrong year."""

    class Meta:
        widgets = {"day": forms.DateInput}  # the admin's own tells of a server's clock
        error_messages = {
            "day": {
                "invalid": gettext_lazy(
                    "This is no day. Write month, day and year: 12/25/2026 or December 25, 2026."
                )
            }
        }

    def clean_day(self) -> dt.date:
        """Refuse a day that is typed anew and lies years away."""
        day = self.cleaned_data["day"]
        is_far = abs(day - timezone.localdate()) > settings.CLOSED_DAY_WITHIN
        if is_far and "day" in self.changed_data:
            raise ValidationError(
                _("This is %(day)s, years away. Mend the year, or enter it once it is nearer."),
                params={"day": date_format(day, "l, F j, Y")},
            )
        return day
