"""What the forms of patients ask for beside plain choices: text, a phone number, an email address,
a condition.
"""

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField
from phonenumber_field.phonenumber import PhoneNumber

from clinic_site.people import plain_text
from conditions.published import published_conditions

CHOOSE_ONE = _("Choose one of the answers.")


class PlainTextField(forms.CharField):
    """Text of any script, without control characters; says in words where it is too long."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = max_length

    def validate(self, value: str) -> None:
        """Name the field where it is too long, as the summary stands far from it."""
        super().validate(value)
        if len(value) > self.most:
            raise ValidationError(
                _("Shorten “%(label)s” to %(most)d characters. It has %(count)d."),
                params={"label": self.label, "most": self.most, "count": len(value)},
            )

    def to_python(self, value: Any) -> str:
        """Return the text as typed, cleaned."""
        return plain_text(super().to_python(value) or "")


class PhoneField(PhoneNumberField):
    """A phone number, typed in any way; a number without a country is American."""

    default_error_messages: ClassVar = {
        "invalid": _(
            "Enter a full phone number with the area code, such as 605\u2011555\u20110142."
        )
    }

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"type": "tel", "autocomplete": "tel", "inputmode": "tel"}
        super().__init__(widget=forms.TextInput(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> PhoneNumber | str:
        """Return the number, or '' for none."""
        return super().to_python(plain_text(value or ""))


class EmailField(forms.EmailField):
    """An email address, without control characters."""

    def to_python(self, value: Any) -> str:
        """Return the address as typed, cleaned."""
        return super().to_python(plain_text(value or "")) or ""


class ConditionField(forms.ChoiceField):
    """A published condition by its slug. What is not published any more counts as none chosen."""

    def to_python(self, value: Any) -> str:
        """Return the slug; '' for what can be none."""
        return value if re.fullmatch(r"[a-z0-9-]{1,80}", value or "") else ""

    def offer(self, chosen: str | None) -> None:
        """Offer the published conditions, and what was `chosen` where none could be read yet."""
        published = published_conditions()
        chosen = self.to_python(chosen)
        if not published and chosen:
            published = [(chosen, chosen.replace("-", " ").capitalize())]
        self.choices = [("", _("Something else, or not sure")), *published]

    def validate(self, value: str) -> None:
        """Take any slug: the database decides, once the request is stored."""


class Radios(forms.RadioSelect):
    """Radio buttons. That an answer is wrong is told by their fieldset: a radio cannot be."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return one button, without aria-invalid, which ARIA knows for the group alone."""
        option = super().create_option(*args, **kwargs)
        option["attrs"].pop("aria-invalid", None)
        return option


class RadioField(forms.ChoiceField):
    """One of a few answers, none of them chosen beforehand.

    With `unanswered` it may be left out, and means that.
    """

    widget = Radios

    def __init__(
        self,
        choices: type[TextChoices],
        label: Any,
        *,
        unanswered: str | None = None,
        error: Any = CHOOSE_ONE,
    ) -> None:
        super().__init__(
            choices=choices.choices,
            label=label,
            required=unanswered is None,
            error_messages={"required": error, "invalid_choice": error},
        )
        self.unanswered = unanswered

    def clean(self, value: Any) -> Any:
        """Return the answer, or what none means."""
        return super().clean(value) or self.unanswered
