"""A page for staff: every part that pages are built of, in each of its states."""

from types import SimpleNamespace
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _

from appointments.forms.dates import DateOfBirthField
from appointments.forms.fields import Radios
from appointments.forms.layout import Part

TEXT = """A paragraph with **bold words**, a [link](/contact/) and a source.[^one]

- an item of a list
- another one, with two sources[^one][^two]

1. a step
2. a step with a picture
   ![Cement flows through a needle into a broken bone.](drawing:vertebroplasty-2)

### A heading inside a text

Table: What a balloon is used for
| Treatment | Balloon |
|---|---|
| Vertebroplasty | No |
| Kyphoplasty | Yes, then taken out |

Table: A wide table, which scrolls on phones
| Treatment | Needle | Balloon | Bone cement | Where it is done |
|---|---|---|---|---|
| Vertebroplasty | Yes | No | Yes | Vertebra |

::: people Of 100 people, two weeks later
- 44 in 100 had little pain with one choice[^one]
- 21 in 100 had little pain with the other[^one]
:::

::: fold Words that open when asked for

A paragraph in a fold.

::: people People in a fold
- 100 in 100[^two]
- 0 in 100[^two]
:::
:::

::: emergency Call 911 if you have:

- a sign of an emergency
:::

::: today Call us today if:

- a sign that cannot wait
:::

::: routine Ask us at your next visit if:

- a sign that can wait
:::
"""


class SampleForm(forms.Form):
    """A question of each kind that the forms of this site ask."""

    use_required_attribute = False

    line = forms.CharField(
        label=_("One line"),
        help_text=_("A hint stands before the answer."),
        error_messages={"required": _("Enter one line.")},
    )
    phone = forms.CharField(
        label=_("Phone number"),
        widget=forms.TextInput(attrs={"type": "tel"}),
        error_messages={"required": _("Enter a phone number.")},
    )
    text = forms.CharField(
        label=_("Longer text"),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Enter some text.")},
    )
    date = DateOfBirthField(label=_("A date"), help_text=_("For example, 4 27 1950."))
    one_of_many = forms.ChoiceField(
        label=_("One of many"),
        choices=[("", _("Not sure")), ("a", _("The first")), ("b", _("The second"))],
        error_messages={"required": _("Choose one of the list.")},
    )
    one_of_few = forms.ChoiceField(
        label=_("One of a few"),
        choices=[("a", _("The first")), ("b", _("The second"))],
        widget=Radios,
        error_messages={"required": _("Choose one of the answers.")},
    )
    several = forms.MultipleChoiceField(
        label=_("Several"),
        choices=[("a", _("The first")), ("b", _("The second"))],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    agreed = forms.BooleanField(
        label=_("Yes or no"), error_messages={"required": _("Tick this box.")}
    )

    @property
    def helper(self) -> FormHelper:
        """How crispy-forms lays the form out."""
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        questions = ("line", "phone", "text", "date", "one_of_many", "one_of_few", "several")
        helper.layout = Layout(Part(_("A part of a form"), *questions, "agreed"))
        return helper


def components(request: HttpRequest) -> HttpResponse:
    """Show the parts. The samples are text of this page: nothing is read from the database."""
    page: dict[str, Any] = {
        "get_absolute_url": "/conditions/",
        "live": {"title": _("A page"), "summary": _("What the page says in a sentence.")},
    }
    pictured = {**page, "live_picture": {"source": "drawing:spine"}}
    context: dict[str, Any] = {
        "text": TEXT,
        "pages": [pictured, page, {**page, "live": {**page["live"], "title": _("Long name ") * 6}}],
        "document": {"uses_needle": True, "uses_balloon": True, "uses_cement": True},
        "physician": SimpleNamespace(
            name=_("Dr. First Last"),
            role=_("Title"),
            certifications=_("certifications"),
            in_short=_("Title, board certified"),
            initials="FL",
            get_absolute_url="/physicians/",
        ),
        "fresh": SampleForm(prefix="fresh"),
        "wrong": SampleForm({"wrong-date_day": "31"}, prefix="wrong"),
    }
    return render(request, "appointments/components.html", context)


urlpatterns = [path("", admin.site.admin_view(components), name="components")]
