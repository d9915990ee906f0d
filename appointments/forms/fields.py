"""What the forms ask for: text, a name, a phone number, an email address, one or several of a
list, a condition, a date of birth. Each field class knows what people type, and what it means.
"""

import calendar
import datetime as dt
import re
import unicodedata
from dataclasses import asdict
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appointments.answers import Answer
from clinic_site.phones import Phone, find_phone
from clinic_site.text import folded_words, plain_text, visible
from conditions.models import published_conditions


class PlainTextField(forms.CharField):
    """Text of any script, without control characters; says in words where it is too long.

    An `unmarked` one is not called optional: it can be needed together with another answer.
    """

    def __init__(self, *, max_length: int, unmarked: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_characters = max_length
        self.unmarked = unmarked

    def validate(self, value: str) -> None:
        # It names the field, as the summary stands far from it.
        super().validate(value)
        if len(value) > self.max_characters:
            message = _("Shorten “{label}” to {most:,} characters. It has {count:,}.")
            raise ValidationError(
                message.format(label=self.label, most=self.max_characters, count=len(value))
            )

    def to_python(self, value: Any) -> str:
        return plain_text(super().to_python(value) or "")


class NameField(PlainTextField):
    """A person's name: it has a letter or a digit that people can see."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)

    def validate(self, value: str) -> None:
        super().validate(value)
        if folded_words(visible(value)):
            return
        if self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        if value:
            message = _("Check “%(label)s”: it has no letters.")
            raise ValidationError(message, params={"label": self.label})


class PhoneField(PlainTextField):
    """A phone number that staff can dial, with what was typed beside it (clinic_site.phones)."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"})
    default_error_messages: ClassVar = {
        "invalid": _(
            "Enter a full phone number with the area code, such as 605\u2011555\u20110142. "
            "One from another country begins with + and the code of the country."
        )
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        phone = find_phone(text)
        if text and phone is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return phone


class EmailField(forms.EmailField):
    """An email address, without what nobody can see in it."""

    def to_python(self, value: Any) -> str:
        return super().to_python(plain_text(visible(value or ""))) or ""


class ConditionField(forms.ChoiceField):
    """A condition by its slug; what cannot be one counts as none chosen."""

    def to_python(self, value: Any) -> str:
        return value if re.fullmatch(r"[a-z0-9-]{1,80}", value or "") else ""

    def offer(self, chosen: str | None, *, sent: bool) -> None:
        """Offer the published conditions.

        And what was `chosen`, where it was `sent` by someone who had been offered it, or where
        none could be read yet.
        """
        published = published_conditions()
        chosen = self.to_python(chosen)
        if chosen and chosen not in dict(published) and (sent or not published):
            published = [*published, (chosen, chosen.replace("-", " ").capitalize())]
        self.choices = [("", _("Something else, or not sure")), *published]

    def validate(self, value: str) -> None:
        """Take any slug, as a page may be taken back while the form is filled in."""


class Radios(forms.RadioSelect):
    """Radio buttons. That an answer is wrong is told by their fieldset: a radio cannot be."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        # ARIA knows aria-invalid for the group alone.
        option = super().create_option(*args, **kwargs)
        option["attrs"].pop("aria-invalid", None)
        return option


class RadioField(forms.ChoiceField):
    """One of a few answers, none of them chosen beforehand."""

    widget = Radios

    default_error_messages: ClassVar = dict.fromkeys(
        ("required", "invalid_choice"), _("Choose one of the answers.")
    )

    def __init__(self, choices: type[TextChoices], label: Any, **kwargs: Any) -> None:
        super().__init__(choices=choices.choices, label=label, **{"required": False, **kwargs})


class SeveralField(forms.MultipleChoiceField):
    """Several of a list, in the list's order, each once."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> list[str]:
        chosen = super().clean(value)
        return [choice for choice, _label in self.widget.choices if choice in chosen]


DATE_PARTS = {"month": _("Month"), "day": _("Day"), "year": _("Year")}
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

    The month is what is in letters. Of two numbers it comes first, as Americans write it, unless
    only the day can.

    >>> whole_date("04/27/1950"), whole_date("1950-04-27"), whole_date("27.4.1950")
    (('04', '27', '1950'), ('04', '27', '1950'), ('4', '27', '1950'))
    >>> whole_date("April 27th, 1950"), whole_date("27 Apr 1950"), whole_date("04271950")
    (('april', '27th', '1950'), ('apr', '27', '1950'), ('04', '27', '1950'))
    >>> whole_date("4 May 1950"), whole_date("5/4/1950"), whole_date("13/4/1950")
    (('may', '4', '1950'), ('5', '4', '1950'), ('4', '13', '1950'))
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
    is_day_first = not second.isdecimal() or month_number(first) is None
    if is_day_first and month_number(second) is not None:
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
        names = {part: f"section-patient bday-{part}" for part in DATE_PARTS}
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
        for label, box in zip(DATE_PARTS.values(), boxes, strict=True):
            yield {**box, "label": label}


class DateOfBirthField(forms.MultiValueField):
    """A day in the past on which a person alive can have been born, or None."""

    def __init__(self, **kwargs: Any) -> None:
        boxes = [PlainTextField(max_length=40, label=label) for label in DATE_PARTS.values()]
        super().__init__(boxes, widget=DatePartsInput(), required=False, **kwargs)

    def compress(self, data_list: list[str]) -> dt.date | None:
        texts = [text for text in data_list if text]
        if not texts:
            return None
        if len(texts) == 1 and (whole := whole_date(texts[0])):
            data_list = list(whole)
        typed = dict(zip(DATE_PARTS, data_list, strict=True))
        for part, text in typed.items():
            if not text:
                message = _("Enter the %(part)s of birth too, or leave the whole date empty.")
                raise ValidationError(message, params={"part": str(DATE_PARTS[part]).lower()})
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


def answer_to(field: forms.Field, value: Any) -> Answer | None:
    """Return the answer that a field's cleaned `value` is; None for an empty one.

    A box is an answer also where it is not ticked.
    """
    if value in field.empty_values:
        return None
    words, stored = str(value), value
    if isinstance(value, bool):
        words = gettext("Yes") if value else gettext("No")
    elif isinstance(value, dt.date):
        words, stored = date_format(value), value.isoformat()
    elif isinstance(value, Phone):
        stored = asdict(value)
    elif isinstance(field, forms.ChoiceField):
        labels = dict(field.widget.choices)
        chosen = value if isinstance(value, list) else [value]
        words = ", ".join(str(labels[each]) for each in chosen)
    return Answer(str(field.label), stored, words)
