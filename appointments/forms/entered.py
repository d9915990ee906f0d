"""The questions of the public form, as staff ask them by phone."""

from typing import Any

from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from appointments.forms.request import RequestForm

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

    def parts(self) -> list[tuple[Any, list[BoundField]]]:
        """Return the parts of the page, each with its heading and its fields."""
        parts = [(heading, [self[name] for name in labels]) for heading, labels in PARTS.items()]
        placed = {field.name for _heading, fields in parts for field in fields}
        parts[-1][1].extend(self[name] for name in self.questions() if name not in placed)
        return parts
