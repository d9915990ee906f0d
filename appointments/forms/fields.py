"""What the forms ask for: text, a name, a phone number, an email address, one or several of a
list, a condition. Each field class knows what people type, and what it means.
"""

import datetime as dt
import re
from dataclasses import asdict
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
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
            raise ValidationError(
                _("Shorten “%(label)s” to %(max)d characters. It has %(count)d."),
                params={"label": self.label, "max": self.max_characters, "count": len(value)},
            )

    def to_python(self, value: Any) -> str:
        return plain_text(super().to_python(value) or "")


class NameField(PlainTextField):
    """A person's name: it has a letter or a digit that people can see."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)

    def validate(self, value: str) -> None:
        super().validate(value)
        if (value or self.required) and not folded_words(visible(value)):
            raise ValidationError(self.error_messages["required"], code="required")


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
