"""A date of birth in three boxes, as people type it, or pasted as a whole into one of them."""

import calendar
import datetime as dt
import re
import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.forms.fields import PlainTextField
from clinic_site.text import visible

PARTS = {"month": _("Month"), "day": _("Day"), "year": _("Year")}
_MONTHS = [name.casefold() for name in calendar.month_name]


def month_number(text: str) -> int | None:
    """Return the month that a number, a name or its beginning stands for; None for no month.

    >>> [month_number(text) for text in ("4.", "April", "apr.", "Sept", "Juno", "a", "13")]
    [4, 4, 4, 9, None, None, None]
    """
    word = _word(text)
    if word.isdecimal():
        return int(word) if len(word) < 3 and 1 <= int(word) <= 12 else None
    found = [number for number in range(1, 13) if _MONTHS[number].startswith(word)]
    return found[0] if len(word) >= 3 and found else None


def day_number(text: str) -> int | None:
    """Return the day of a month that a text names; None for none.

    >>> [day_number(text) for text in ("27", "27th", "the 1st", "4.", "٢", "27 th", "x", "100")]
    [27, 27, 1, 4, 2, 27, None, None]
    """
    found = re.fullmatch(r"(?:the )?(\d{1,2}) ?(?:st|nd|rd|th)?", _word(text))
    return int(found[1]) if found else None


def whole_date(text: str) -> tuple[str, str, str] | None:
    """Return month, day and year, as texts, of a date written in one piece; None for none.

    The month comes first, as Americans write it, unless only the day can.

    >>> whole_date("04/27/1950"), whole_date("1950-04-27"), whole_date("27.4.1950")
    (('04', '27', '1950'), ('04', '27', '1950'), ('4', '27', '1950'))
    >>> whole_date("April 27th, 1950"), whole_date("27 Apr 1950"), whole_date("04271950")
    (('april', '27th', '1950'), ('apr', '27', '1950'), ('04', '27', '1950'))
    >>> whole_date("4/27"), whole_date("April")
    (None, None)
    """
    word = _word(text)
    if re.fullmatch(r"\d{8}", word):
        year_first = word[:2] in {"18", "19", "20"}
        return (word[4:6], word[6:], word[:4]) if year_first else (word[:2], word[2:4], word[4:])
    parts = re.sub(r"[\s/.,\u2010-\u2015_-]+", " ", word.removeprefix("the ").replace(" of ", " "))
    pieces = re.sub(r"(?<=\d) (?=(?:st|nd|rd|th)\b)", "", parts).split()
    if len(pieces) != 3:
        return None
    first, second, third = pieces
    if len(first) == 4 and first.isdecimal():
        return second, third, first
    if month_number(first) is None and month_number(second) is not None:
        return second, first, third
    return first, second, third


def _word(text: str) -> str:
    """Return a typed text in its plainest form: one width, small letters, nothing at its ends."""
    plain = unicodedata.normalize("NFKC", visible(text)).casefold()
    return " ".join(plain.split()).strip(" .,")


class DatePartsInput(forms.MultiWidget):
    """Three boxes: month, day, year. They keep what was typed, whatever it was."""

    use_fieldset = True

    def __init__(self) -> None:
        # A browser fills in the patient and the person who asks apart.
        names = {part: f"section-patient bday-{part}" for part in PARTS}
        super().__init__(
            {
                part: forms.TextInput({"inputmode": "numeric", "autocomplete": name})
                for part, name in names.items()
            }
        )

    def decompress(self, value: dt.date | None) -> list[Any]:
        return [value.month, value.day, value.year] if value else [None, None, None]

    def subwidgets(self, name: str, value: Any, attrs: Any = None) -> Any:
        boxes = self.get_context(name, value, attrs)["widget"]["subwidgets"]
        for label, box in zip(PARTS.values(), boxes, strict=True):
            yield {**box, "label": label}


class DateOfBirthField(forms.MultiValueField):
    """A day in the past on which a person alive can have been born, or None."""

    def __init__(self, **kwargs: Any) -> None:
        boxes = [PlainTextField(max_length=40, label=label) for label in PARTS.values()]
        super().__init__(boxes, widget=DatePartsInput(), required=False, **kwargs)

    def compress(self, data_list: list[str]) -> dt.date | None:
        texts = [text for text in data_list if text]
        if not texts:
            return None
        if len(texts) == 1 and (whole := whole_date(texts[0])):
            data_list = list(whole)
        typed = dict(zip(PARTS, data_list, strict=True))
        for part, text in typed.items():
            if not text:
                message = _("Enter the %(part)s of birth too, or leave the whole date empty.")
                raise ValidationError(message, params={"part": str(PARTS[part]).lower()})
        date = _date(typed["month"], typed["day"], _word(typed["year"]))
        today = timezone.localdate()
        if date > today:
            raise ValidationError(_("Check the date of birth: it is in the future."))
        if date.year < today.year - settings.OLDEST_AGE:
            raise ValidationError(_("Check the year of birth: it is too long ago."))
        return date


def _date(month_text: str, day_text: str, year: str) -> dt.date:
    """Return the date. Raises ValidationError, which says what to type."""
    month, day = month_number(month_text), day_number(day_text)
    if month is None:
        raise ValidationError(
            _("Enter the month of birth as a number or a name, such as 4 or April.")
        )
    if day is None:
        raise ValidationError(_("Enter the day of birth in digits, such as 27."))
    if not re.fullmatch(r"\d{4}", year):
        raise ValidationError(_("Enter the year of birth with all four digits, such as 1950."))
    try:
        return dt.date(int(year), month, day)
    except ValueError:
        raise ValidationError(_("Check the date of birth: there is no such date.")) from None
