"""The forms of the status page: finding a request, proving a link is one's own, a change."""

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from appointments.forms.fields import PhoneField, PlainTextField
from appointments.forms.layout import laid_out
from appointments.references import typed_reference


class ReferenceField(forms.CharField):
    """A reference, typed in any way."""

    def to_python(self, value: Any) -> str:
        """Return the reference as it was given out, or '' for none typed."""
        text = super().to_python(value)
        if not text:
            return ""
        reference = typed_reference(text) if len(text) < 100 else None
        if reference is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return reference


class PhoneForm(forms.Form):
    """The phone number that was given with a request."""

    use_required_attribute = False

    phone = PhoneField(
        label=_("Phone number"),
        help_text=_("The number that you gave us."),
        error_messages={"required": _("Enter the phone number you gave us.")},
    )

    @property
    def helper(self) -> FormHelper:
        """How crispy-forms lays the form out."""
        return laid_out("phone")


class FindForm(PhoneForm):
    """What a patient knows of a request: its reference and the phone number given."""

    reference = ReferenceField(
        label=_("Your reference"),
        help_text=_("We gave it to you when you asked us. It looks like VIS-7K3M-9RQF."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": _("Enter your reference."),
            "invalid": _(
                "Enter your reference as we gave it to you: VIS, then four letters or digits, "
                "then four more."
            ),
        },
    )

    @property
    def helper(self) -> FormHelper:
        """How crispy-forms lays the form out."""
        return laid_out("reference", "phone")


class ChangeForm(forms.Form):
    """What a patient would like to be different."""

    use_required_attribute = False

    text = PlainTextField(
        label=_("What would you like to change?"),
        max_length=settings.CHANGE_CHARACTERS,
        help_text=_("Such as another day or time. Is your phone number new? Then call us."),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write what you would like to change.")},
    )

    @property
    def helper(self) -> FormHelper:
        """How crispy-forms lays the form out."""
        return laid_out("text")
