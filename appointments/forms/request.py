"""The public request form: what it asks, what it accepts, what it says when something is wrong."""

import calendar
import datetime as dt
from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import PhoneNumber

from appointments.forms.fields import (
    ConditionField,
    EmailField,
    PhoneField,
    PlainTextField,
    RadioField,
)
from appointments.forms.layout import DateGroup, Part
from appointments.models import AskingFor, ContactBy, Kind, PatientStatus, VisitDay, VisitTime
from conditions.models import Condition

OLDEST_AGE = 125  # in years; nobody on record has lived longer than 122

DATE_PARTS = {
    "date_of_birth_month": _("Month"),
    "date_of_birth_day": _("Day"),
    "date_of_birth_year": _("Year"),
}


def _text(label: Any, max_length: int, hint: Any = "", **attrs: str) -> PlainTextField:
    return PlainTextField(
        label=label,
        max_length=max_length,
        required=False,
        help_text=hint,
        widget=forms.TextInput(attrs=attrs),
    )


def _of_patient(purpose: str) -> dict[str, str]:
    """Attributes of a date's part. A browser fills patient and person who asks in apart."""
    return {"inputmode": "numeric", "autocomplete": f"section-patient {purpose}"}


def _digits(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def month_number(text: str) -> int | None:
    """Return the month that a number, a name or its beginning stands for; None for no month.

    >>> [month_number(text) for text in ("4.", "April", "apr.", "Juno", "a")]
    [4, 4, 4, None, None]
    """
    word = text.casefold().rstrip(".")
    for number in range(1, 13):
        if len(word) >= 3 and calendar.month_name[number].casefold().startswith(word):
            return number
    return _digits(word)


class RequestForm(forms.Form):
    """Asks for an appointment or puts a question; required are kind, patient_name and phone."""

    use_required_attribute = False
    # As on the page, so that the list of what is wrong follows it.
    field_order = (
        *("kind", "condition", "message", "asking_for", "patient_name", "contact_name"),
        *(*DATE_PARTS, "patient_status", "phone", "voicemail_ok", "email", "email_ok"),
        *("contact_by", "visit_days", "visit_time", "interpreter_language", "access_needs"),
    )

    attempt = forms.CharField(widget=forms.HiddenInput, required=False)
    kind = RadioField(
        Kind,
        _("What would you like?"),
        error=_("Choose what you would like: an appointment, or an answer to a question."),
    )
    condition = ConditionField(label=_("What is it about?"), required=False)
    asking_for = RadioField(AskingFor, _("Who is it for?"), unanswered=AskingFor.SELF)
    patient_name = PlainTextField(
        label=_("Patient's full name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "section-patient name"}),
        error_messages={"required": _("Enter the patient's full name.")},
    )
    contact_name = _text(
        _("If you are asking for someone else: your name"),
        200,
        hint=_("So that we know whom to ask for when we call."),
        autocomplete="name",
    )
    date_of_birth_month = _text(DATE_PARTS["date_of_birth_month"], 20, **_of_patient("bday-month"))
    date_of_birth_day = _text(DATE_PARTS["date_of_birth_day"], 20, **_of_patient("bday-day"))
    date_of_birth_year = _text(DATE_PARTS["date_of_birth_year"], 20, **_of_patient("bday-year"))
    patient_status = RadioField(
        PatientStatus,
        _("Has the patient been to our clinic before?"),
        unanswered=PatientStatus.UNSURE,
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
        label=_("You may send me a short email to confirm this. It says nothing about my health."),
        required=False,
    )
    contact_by = RadioField(ContactBy, _("How should we answer?"), unanswered=ContactBy.PHONE)
    visit_days = forms.MultipleChoiceField(
        label=_("Which days suit you?"),
        help_text=_("Choose all that do."),
        choices=VisitDay.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={"invalid_choice": _("Choose days from the list.")},
    )
    visit_time = RadioField(VisitTime, _("Which time suits you?"), unanswered=VisitTime.ANY)
    interpreter_language = _text(_("If you would like an interpreter, which language?"), 100)
    access_needs = _text(
        _("Anything you need for your visit?"),
        500,
        hint=_("Such as a wheelchair, or more time."),
    )
    message = PlainTextField(
        label=_("What would you like us to know?"),
        help_text=_("Up to 2,000 characters."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    website = PlainTextField(
        label=_("Leave this empty"),
        max_length=1_000_000,  # whoever fills it in is told of no mistake
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    # The fields that a member of the public fills in and the request stores as they are.
    STORED = (
        *("kind", "asking_for", "contact_name", "patient_name", "patient_status"),
        *("voicemail_ok", "email", "email_ok", "contact_by", "visit_time"),
        *("interpreter_language", "access_needs", "message"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(ConditionField, self.fields["condition"]).offer(self["condition"].value())

    @property
    def helper(self) -> FormHelper:
        """How crispy-forms lays the form out."""
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.layout = Layout(
            "attempt",
            Part(_("Your request"), "kind", "condition", "message"),
            Part(
                _("The patient"),
                "asking_for",
                "patient_name",
                "contact_name",
                DateGroup(_("Date of birth"), _("For example, 4 27 1950."), *DATE_PARTS),
                "patient_status",
            ),
            Part(_("How to reach you"), "phone", "voicemail_ok", "email", "email_ok", "contact_by"),
            Part(
                _("Your visit"),
                "visit_days",
                "visit_time",
                "interpreter_language",
                "access_needs",
            ),
            "website",
        )
        return helper

    def clean(self) -> dict[str, Any]:
        """Check what only fields together can tell."""
        cleaned = super().clean() or {}
        cleaned["date_of_birth"] = self._clean_date_of_birth(cleaned)
        if not cleaned.get("email") and "email" not in self.errors:
            if cleaned.get("contact_by") == ContactBy.EMAIL:
                self.add_error("email", _("Enter an email address, or choose an answer by phone."))
            elif cleaned.get("email_ok"):
                message = _("Enter the email address for the confirmation, or untick that box.")
                self.add_error("email", message)
        return cleaned

    def clean_patient_name(self) -> str:
        """A name has a letter or a digit; marks that nobody sees are none."""
        name = self.cleaned_data["patient_name"]
        if not any(character.isalnum() for character in name):
            raise ValidationError(self.fields["patient_name"].error_messages["required"])
        return name

    def _clean_date_of_birth(self, cleaned: dict[str, Any]) -> dt.date | None:
        """Return the date of the three inputs; None where all are empty or one is wrong."""
        texts = {name: cleaned.get(name, "") for name in DATE_PARTS}
        if not any(texts.values()) or any(name in self.errors for name in DATE_PARTS):
            return None
        for name, text in texts.items():
            part = {"part": str(DATE_PARTS[name]).lower()}
            if not text:
                message = _("Enter the %(part)s of birth too, or leave the whole date empty.")
                self.add_error(name, message % part)
                return None
        month = month_number(texts["date_of_birth_month"])
        day, year = (_digits(texts[f"date_of_birth_{part}"]) for part in ("day", "year"))
        if month is None:
            message = _("Enter the month of birth as a number or a name, such as 4 or April.")
            self.add_error("date_of_birth_month", message)
            return None
        for name, number in (("date_of_birth_day", day), ("date_of_birth_year", year)):
            if number is None:
                part = {"part": str(DATE_PARTS[name]).lower()}
                message = _("Enter the %(part)s of birth in digits, such as 4 27 1950.")
                self.add_error(name, message % part)
                return None
        try:
            date = dt.date(cast(int, year), month, cast(int, day))
        except (ValueError, OverflowError):
            self.add_error(
                "date_of_birth_month", _("Check the date of birth: there is no such date.")
            )
            for name in DATE_PARTS:
                self.fields[name].widget.attrs["aria-invalid"] = "true"
            return None
        today = timezone.localdate()
        if not today.year - OLDEST_AGE <= date.year or date > today:
            self.add_error(
                "date_of_birth_year",
                _("Check the year of birth. Write all four digits, such as 1950."),
            )
            return None
        return date

    def request_fields(self) -> dict[str, Any]:
        """Return the cleaned values by the model's field names; looks the condition up."""
        cleaned = self.cleaned_data
        slug = cleaned["condition"]
        condition = Condition.objects.filter(live__slug=slug).only("pk").first() if slug else None
        return {
            **{name: cleaned[name] for name in self.STORED},
            "visit_days": [day for day in VisitDay.values if day in cleaned["visit_days"]],
            "date_of_birth": cleaned["date_of_birth"],
            "phone": stored_phone(cleaned["phone"]),
            "condition_id": condition.pk if condition else None,
        }


def stored_phone(number: PhoneNumber) -> str:
    """Return a number in E.164, with its extension where it has one: +16055550142;ext=7."""
    return number.as_e164 + (f";ext={number.extension}" if number.extension else "")
