"""What patients' forms share, and the forms of the status page."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from appointments.forms.fields import PhoneField, PlainTextField
from appointments.references import typed_reference


class PatientForm(forms.Form):
    """A form that crispy-forms lays out inside its template's own form tag."""

    use_required_attribute = False

    @property
    def helper(self) -> FormHelper:
        """How crispy-forms lays the form out."""
        helper = FormHelper()
        helper.layout = Layout(*self.laid_out())
        helper.form_tag = False
        helper.disable_csrf = True
        return helper

    def laid_out(self) -> list[Any]:
        """Return the names of the fields, in the order of the page, and what else stands there."""
        return [*self.fields]


class ReferenceField(forms.CharField):
    """A reference, typed in any way; its value is as it was given out."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        reference = typed_reference(text) if len(text) < 100 else None
        if text and reference is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return reference or ""


class PhoneForm(PatientForm):
    """The phone number that was given with a request."""

    phone = PhoneField(
        label=_("Phone number"),
        help_text=_("The number that you gave us."),
        error_messages={"required": _("Enter the phone number you gave us.")},
    )


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
    field_order = ["reference", "phone"]


class ChangeForm(PatientForm):
    """What a patient would like to be different."""

    text = PlainTextField(
        label=_("What would you like to change?"),
        max_length=settings.CHANGE_CHARACTERS,
        help_text=_("Such as another day or time. Is your phone number new? Then call us."),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write what you would like to change.")},
    )
