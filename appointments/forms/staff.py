"""How staff find a request, and enter one by phone."""

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.forms.fields import PlainTextField
from appointments.forms.request import RequestForm


class FindForm(forms.Form):
    """What staff know of a request: its reference, a name, a phone number, or an email address."""

    what = PlainTextField(
        label=_("Reference, name, phone or email"),
        max_length=254,
        error_messages={"required": _("Enter what you know of the request.")},
    )


class EnteredRequestForm(RequestForm):
    """A request that staff take by phone: the questions of the public form."""

    website = None  # type: ignore[assignment]  # Django takes a field of a base away by None

    def opens(self, folded: list[str]) -> bool:
        """Always: staff ask the caller."""
        return True
