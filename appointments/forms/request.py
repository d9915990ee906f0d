"""The request form, of patients and as staff fill it in by phone: what it asks, what it accepts,
what it says when something is wrong.

`RequestForm` is the only list of questions. What is stored, staff's page and the patient's copy
take them from here: to ask one more, declare one more field.
"""

from typing import Any, ClassVar, cast

from crispy_forms.layout import Div
from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from appointments.answers import Answer
from appointments.choices import ContactBy, Kind, PatientStatus, VisitDay, VisitTime
from appointments.forms.fields import (
    ConditionField,
    DateOfBirthField,
    EmailField,
    NameField,
    PhoneField,
    PlainTextField,
    RadioField,
    SeveralField,
    answer_to,
)
from appointments.forms.patients import PatientForm


class Fold(Div):
    """Questions that most people leave out, behind a heading that opens them."""

    template = "%s/layout/fold.html"

    def __init__(self, heading: Any, *fields: Any, is_open: bool) -> None:
        super().__init__(*fields)
        self.heading = heading
        self.is_open = is_open


class RequestForm(PatientForm):
    """Asks for an appointment or puts a question, in the order of the page."""

    attempt = forms.CharField(widget=forms.HiddenInput, required=False)
    kind = RadioField(
        Kind,
        _("What would you like?"),
        required=True,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"),
            _("Choose what you would like: an appointment, or an answer to a question."),
        ),
    )
    condition = ConditionField(label=_("What is it about?"), required=False)
    patient_name = NameField(
        label=_("Patient's full name"),
        widget=forms.TextInput(attrs={"autocomplete": "section-patient name"}),
        error_messages={"required": _("Enter the patient's full name.")},
    )
    phone = PhoneField(
        label=_("Phone number"),
        help_text=_("With the area code, such as 605\u2011555\u20110142."),
        error_messages={"required": _("Enter a phone number where we can reach you.")},
    )
    voicemail_ok = forms.BooleanField(
        label=_("You may leave a voicemail at this number"), required=False
    )
    email = EmailField(
        label=_("Email address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={
            "invalid": _("Enter an email address such as name@example.com, or leave it empty."),
            "max_length": _("Enter a shorter email address, or leave it empty."),
        },
    )
    email_ok = forms.BooleanField(
        label=_(
            "Email me when you have my request, when a visit is set or changed, the day before it, "
            "when my request is closed, and once if you are late. The mails give a reference and "
            "a link, and say nothing about health."
        ),
        required=False,
    )
    asking_for = forms.BooleanField(label=_("I ask for someone else"), required=False)
    contact_name = NameField(
        label=_("Your own name"),
        help_text=_("So that we know whom to ask for when we call."),
        required=False,
        unmarked=True,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter your own name too, as you ask for someone else.")},
    )
    message = PlainTextField(
        label=_("What would you like us to know?"),
        help_text=format_lazy(
            _("If you have a question, write it here. Up to {most:,} characters."),
            most=settings.MESSAGE_CHARACTERS,
        ),
        max_length=settings.MESSAGE_CHARACTERS,
        required=False,
        unmarked=True,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write your question.")},
    )
    date_of_birth = DateOfBirthField(
        label=_("Date of birth"), help_text=_("For example, 4 27 1950.")
    )
    contact_by = RadioField(ContactBy, _("How should we answer?"))
    patient_status = RadioField(PatientStatus, _("Has the patient been to our clinic before?"))
    visit_days = SeveralField(
        label=_("Which days suit you?"),
        help_text=_("Choose all that do."),
        choices=VisitDay.choices,
        required=False,
        error_messages={"invalid_choice": _("Choose days from the list.")},
    )
    visit_time = RadioField(VisitTime, _("Which time suits you?"))
    interpreter_language = PlainTextField(
        label=_("If you would like an interpreter, which language?"),
        max_length=100,
        required=False,
    )
    access_needs = PlainTextField(
        label=_("Anything you need for your visit?"),
        help_text=_("Such as a wheelchair, or more time."),
        max_length=500,
        required=False,
    )
    website = PlainTextField(
        label=_("Leave this empty"),
        max_length=1_000_000,  # whoever fills it in is told of no mistake
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    LAST_UNFOLDED: ClassVar = "message"  # what follows is folded away
    NO_QUESTIONS: ClassVar = ("attempt", "website")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        condition = cast(ConditionField, self.fields["condition"])
        condition.offer(self["condition"].value(), sent=self.is_bound)

    @classmethod
    def questions(cls) -> list[str]:
        """Return the names of the fields that are questions, in the order of the page."""
        return [name for name in cls.base_fields if name not in cls.NO_QUESTIONS]

    def laid_out(self) -> list[Any]:
        names = self.questions()
        at = names.index(self.LAST_UNFOLDED) + 1
        shown, folded = names[:at], names[at:]
        if not self["condition"].value():  # else it came with the link, and can be changed
            shown.remove("condition")
            folded.insert(0, "condition")
        for name in ("condition", *folded):  # the fold itself is called optional
            self.fields[name].unmarked = True  # type: ignore[attr-defined]
        answered_or_wrong = {*self.changed_data, *self.errors}
        is_open = self.is_bound and not answered_or_wrong.isdisjoint(folded)
        fold = Fold(_("Help us prepare (optional)"), *folded, is_open=is_open)
        return ["attempt", *shown, fold, "website"]

    def clean(self) -> dict[str, Any]:
        """Check what only fields together can tell."""
        cleaned = super().clean() or {}
        self._need("message", cleaned.get("kind") == Kind.QUESTION)
        self._need("contact_name", cleaned.get("asking_for"))
        if not cleaned.get("email") and "email" not in self.errors:
            if cleaned.get("contact_by") == ContactBy.EMAIL:
                self.add_error("email", _("Enter an email address, or choose an answer by phone."))
            elif cleaned.get("email_ok"):
                message = _("Enter the email address for the mails, or untick the box below it.")
                self.add_error("email", message)
        return cleaned

    def _need(self, name: str, needed: Any) -> None:
        if needed and name not in self.errors and not self.cleaned_data[name]:
            self.add_error(name, self.fields[name].error_messages["required"])

    def answers(self) -> dict[str, Answer]:
        """Return what was answered, by the names of the questions, once the form is valid."""
        given = {
            name: answer_to(self.fields[name], self.cleaned_data[name]) for name in self.questions()
        }
        return {name: answer for name, answer in given.items() if answer is not None}


# The parts of the page, in the order of a call: what stands beside each answer, and is stored with
# it. A question that is not here stands in the last part, in the words of the public form.
PARTS: dict[Any, dict[str, Any]] = {
    _("The caller"): {
        "phone": _("Caller’s phone"),
        "voicemail_ok": _("May we leave a voicemail?"),
        "patient_name": _("Patient’s full name"),
        "date_of_birth": _("Date of birth"),
        "asking_for": _("The caller asks for someone else"),
        "contact_name": _("Caller’s own name"),
    },
    _("What they want"): {
        "kind": _("What would they like?"),
        "condition": _("What is it about?"),
        "message": _("What do they say or ask?"),
        "contact_by": _("How should we answer?"),
        "email": _("Email"),
        "email_ok": _(
            "May we email them when we have the request, when a visit is set or changed, the day "
            "before it, when the request is closed, and once if we are late? The mails give a "
            "reference and a link, and say nothing about health."
        ),
    },
    _("For the visit"): {
        "patient_status": _("Has the patient been here before?"),
        "visit_days": _("Which days suit them?"),
        "visit_time": _("Which time suits them?"),
        "interpreter_language": _("Interpreter: which language?"),
        "access_needs": _("What do they need here, such as a wheelchair?"),
    },
}
NEEDED = {
    "phone": _("Enter a phone number where we can reach them."),
    "patient_name": _("Enter the patient’s full name."),
    "contact_name": _("Enter the caller’s own name too."),
    "kind": _("Choose what they would like: an appointment, or an answer to a question."),
    "message": _("Write down the question."),
}


class EnteredRequestForm(RequestForm):
    """A request that staff take by phone. No browser fills it in, as it knows only staff."""

    website = None  # type: ignore[assignment]  # Django takes a field of a base away by None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = {name: label for labels in PARTS.values() for name, label in labels.items()}
        for name, field in self.fields.items():
            field.label, field.help_text = asked.get(name, field.label), ""
            field.unmarked = True  # type: ignore[attr-defined]  # the page says what is needed
            if name in NEEDED:
                field.error_messages["required"] = NEEDED[name]
            for widget in (field.widget, *getattr(field.widget, "widgets", ())):
                widget.attrs["autocomplete"] = "off"
        if not self.is_bound:
            self.fields["phone"].widget.attrs["autofocus"] = True

    def parts(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return the parts of the page, each with its heading and its fields."""
        parts = [(heading, [self[name] for name in labels]) for heading, labels in PARTS.items()]
        placed = {field.name for _heading, fields in parts for field in fields}
        parts[-1][1].extend(self[name] for name in self.questions() if name not in placed)
        return parts
