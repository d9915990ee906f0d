"""What staff fill in as they work on a request: the call, a note, and the next step."""

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.forms.fields import PlainTextField, Radios
from appointments.models import AppointmentRequest
from appointments.models.history import NoteKind
from appointments.presenters import read
from appointments.services.visits import day_in_words, visit_warnings
from appointments.states import LEAVE, STEPS, CloseReason
from clinic_site.clinic import current_clinic

CALLS = [
    (NoteKind.REACHED, gettext_lazy("Spoke with them")),
    (NoteKind.NO_ANSWER, gettext_lazy("No answer")),
    (NoteKind.VOICEMAIL, gettext_lazy("Left a voicemail")),
    (NoteKind.EMAILED, gettext_lazy("Wrote an email")),
    ("", gettext_lazy("No call")),
]


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget)


class WorkForm(forms.Form):
    """All that staff do with a request at once.

    `next` names a step, and PARTS the fields that a step of that form needs; of the others nothing
    is asked. A visit that something speaks against is refused once, with `warnings`.
    """

    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {
        "": (),
        "aside": ("set_aside_until",),
        "visit": ("visit_on", "visit_time", "visit_minutes", "visit_place"),
        "close": ("close_reason",),
    }

    OF_PARTS: ClassVar = [name for names in PARTS.values() for name in names]

    call = forms.ChoiceField(
        label=gettext_lazy("The call"), choices=CALLS, required=False, widget=Radios
    )
    text = PlainTextField(
        label=gettext_lazy("Note"),
        max_length=settings.NOTE_CHARACTERS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    next = forms.ChoiceField(
        label=gettext_lazy("Next"),
        choices=[(step.name, step.label) for step in STEPS.values()],
        widget=Radios,
        error_messages={"required": gettext_lazy("Choose what is next.")},
    )
    set_aside_until = _day(gettext_lazy("Until"))
    visit_on = _day(gettext_lazy("Day"))
    visit_time = forms.TimeField(
        label=gettext_lazy("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    visit_minutes = forms.IntegerField(
        label=gettext_lazy("Length in minutes"),
        min_value=settings.SHORTEST_VISIT,
        max_value=settings.LONGEST_VISIT,
        required=False,
    )
    visit_place = PlainTextField(
        label=gettext_lazy("Place"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Patients read it as it stands. Nothing about their health."),
    )
    close_reason = forms.ChoiceField(
        label=gettext_lazy("Because"),
        choices=[("", gettext_lazy("Choose")), *CloseReason.choices],
        required=False,
    )

    def __init__(self, asked: AppointmentRequest, data: Any = None) -> None:
        """Begin with the visit that is set, and with tomorrow."""
        visit_at = asked.visit_at and timezone.localtime(asked.visit_at)
        super().__init__(
            data,
            initial={
                "call": "",
                "next": LEAVE.name,
                "set_aside_until": timezone.localdate() + dt.timedelta(days=1),
                "visit_on": visit_at and visit_at.date(),
                "visit_time": visit_at and visit_at.time(),
                "visit_minutes": asked.visit_minutes or settings.VISIT_MINUTES,
                "visit_place": read(asked, "visit_place", ""),  # if unread, it stays as it is
            },
        )
        self.asked = asked
        self.warnings: list[str] = []
        self.warned = ""  # of which visit
        for name in self.OF_PARTS:  # as it was shown, whatever it would be now
            self.fields[name].show_hidden_initial = True

    @property
    def filled_in(self) -> set[str]:
        """The names of the fields that somebody filled in."""
        return {name for name in self.changed_data if self.data.get(name)}

    def in_words(self) -> list[tuple[str, str]]:
        """Return what was filled in: the labels of the fields, and what stands there."""
        found = []
        for name in self.fields:
            if name in self.filled_in:
                field, value = self.fields[name], self.data[name]
                choices = dict(getattr(field, "choices", ()))
                found.append((str(field.label), str(choices.get(value, value))))
        return found

    def renewed(self, asked: AppointmentRequest) -> "WorkForm":
        """Return the form as it was filled in, for the request as it is now."""
        fresh, data = WorkForm(asked), dict(self.data.items())
        for name in {*self.OF_PARTS}.difference(self.changed_data):
            data[name] = data[self.add_initial_prefix(name)] = fresh[name].value()
        return WorkForm(asked, data)

    def ask_nothing(self) -> None:
        """Find nothing wrong, as nothing is to be saved."""
        self.errors.clear()
        self.warnings, self.warned = [], ""

    def clean(self) -> dict[str, Any]:
        """Return the call, the text, the step and what it needs, as `work_on` takes them."""
        cleaned = super().clean() or {}
        step = STEPS.get(cleaned.get("next", ""))
        if step is None:
            return cleaned
        values = {name: cleaned.get(name, "") for name in ("call", "text")} | {"step": step.name}
        for form, names in self.PARTS.items():
            if form == step.form:
                continue
            if step == LEAVE and {*names} & self.filled_in:
                self.add_error("next", _("You filled in more below: choose what it is for."))
            for name in names:
                self.errors.pop(name, None)
        if step.form == "aside":
            values |= self._day_to_wait_for(cleaned)
            if not (values["call"] or values["text"].strip()):
                self.add_error("text", _("Write why it is set aside, or choose how the call went."))
        elif step.form == "visit":
            values |= self._visit(cleaned)
        elif step.form == "close":
            values["close_reason"] = cleaned.get("close_reason", "")
            if not values["close_reason"]:
                self.add_error("close_reason", _("Choose why it is closed."))
        return values

    def _day_to_wait_for(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        day, today = cleaned.get("set_aside_until"), timezone.localdate()
        if day is None and "set_aside_until" not in self.errors:
            self.add_error("set_aside_until", _("Enter the day on which it is to come back."))
        elif day and day <= today:
            self.add_error("set_aside_until", _("Enter a day from tomorrow on."))
        elif day and day - today > settings.VISIT_WITHIN:
            self.add_error("set_aside_until", _("Check the day: it is years away."))
        return {"set_aside_until": day}

    def _visit(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        day, time = cleaned.get("visit_on"), cleaned.get("visit_time")
        for name, value, missing in (
            ("visit_on", day, _("Enter the day of the visit.")),
            ("visit_time", time, _("Enter the time of the visit.")),
        ):
            if value is None and name not in self.errors:
                self.add_error(name, missing)
        if day and abs(day - timezone.localdate()) > settings.VISIT_WITHIN:
            self.add_error("visit_on", _("Check the day: it is years away."))
        elif day and time is not None:
            naive = dt.datetime.combine(day, time)
            visit_at = timezone.make_aware(naive)
            if timezone.localtime(visit_at.astimezone(dt.UTC)).replace(tzinfo=None) != naive:
                self.add_error("visit_time", _("The clocks change then: there is no such time."))
            elif not self.errors:
                return self._weighed(visit_at, cleaned)
        return {}

    def _weighed(self, visit_at: dt.datetime, cleaned: dict[str, Any]) -> dict[str, Any]:
        """Return the visit; refuse it where it was not shown yet what speaks against it."""
        minutes = cleaned.get("visit_minutes") or settings.VISIT_MINUTES
        clinic, pk = current_clinic(), self.asked.pk
        self.warnings = visit_warnings(visit_at, minutes, clinic, timezone.now(), pk)
        if self.warnings:
            self.warnings.append(day_in_words(visit_at, minutes, clinic, pk))
            self.warned = f"{visit_at.isoformat()} {minutes}"
            if self.data.get("warned") != self.warned:
                self.add_error(None, _("The visit is not set yet. Look at this first:"))
        place = cleaned.get("visit_place") if "visit_place" in self.changed_data else None
        return {"visit_at": visit_at, "visit_minutes": minutes, "visit_place": place}
