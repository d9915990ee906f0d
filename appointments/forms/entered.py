"""The questions of the public form, as staff ask them by phone."""

from typing import Any

from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from appointments.forms.request import RequestForm

# What stands beside each answer, and is stored with it.
ASKED: dict[str, Any] = {
    "phone": _("Caller’s phone"),
    "voicemail_ok": _("May we leave a voicemail?"),
    "patient_name": _("Patient’s full name"),
    "date_of_birth": _("Date of birth"),
    "asking_for": _("The caller asks for someone else"),
    "contact_name": _("Caller’s own name"),
    "kind": _("What would they like?"),
    "condition": _("What is it about?"),
    "message": _("What do they say or ask?"),
    "patient_status": _("Has the patient been here before?"),
    "visit_days": _("Which days suit them?"),
    "visit_time": _("Which time suits them?"),
    "interpreter_language": _("Interpreter: which language?"),
    "access_needs": _("What do they need here, such as a wheelchair?"),
    "contact_by": _("How should we answer?"),
    "email": _("Email"),
    "email_ok": _(
        "May we email them when we have the request, when a visit is set or changed, the day "
        "before it, when the request is closed, and once if we are late? The mails give a "
        "reference and a link, and say nothing about health."
    ),
}
NEEDED = {
    "phone": _("Enter a phone number where we can reach them."),
    "patient_name": _("Enter the patient’s full name."),
    "contact_name": _("Enter the caller’s own name too."),
    "kind": _("Choose what they would like: an appointment, or an answer to a question."),
    "message": _("Write down the question."),
}
# Where they stand on the page, in the order of a call.
PARTS: dict[Any, str] = {
    _("The caller"): "phone voicemail_ok patient_name date_of_birth asking_for contact_name",
    _("What they want"): "kind condition message contact_by email email_ok",
    _("For the visit"): "patient_status visit_days visit_time interpreter_language access_needs",
}


class EnteredRequestForm(RequestForm):
    """A request that staff take by phone. No browser fills it in, as it knows only staff."""

    website = None  # type: ignore[assignment]  # Django takes a field of a base away by None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label, field.help_text = ASKED.get(name, field.label), ""
            field.unmarked = True  # type: ignore[attr-defined]  # the page says what is needed
            if name in NEEDED:
                field.error_messages["required"] = NEEDED[name]
            for widget in (field.widget, *getattr(field.widget, "widgets", ())):
                widget.attrs["autocomplete"] = "off"
        if not self.is_bound:
            self.fields["phone"].widget.attrs["autofocus"] = True

    def parts(self) -> list[tuple[Any, list[BoundField]]]:
        """Return the parts of the page, each with its heading and its fields.

        A question that PARTS does not name stands in the last one.
        """
        parts = [(heading, names.split()) for heading, names in PARTS.items()]
        named = {name for _heading, names in parts for name in names}
        parts[-1][1].extend(name for name in self.questions() if name not in named)
        return [(heading, [self[name] for name in names]) for heading, names in parts]
