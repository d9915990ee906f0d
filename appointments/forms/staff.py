"""Finding a request."""

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.forms.fields import PlainTextField


class FindForm(forms.Form):
    """What staff know of a request: its reference, a name, a phone number, or an email address."""

    what = PlainTextField(
        label=_("Reference, name, phone or email"),
        max_length=254,
        error_messages={"required": _("Enter what you know of the request.")},
    )
