"""What staff fill in: to find a request; and to work on it: the call, a note, the next step."""

import datetime as dt
import hashlib
from collections.abc import Collection
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.forms.fields import PlainTextField, Radios
from appointments.models import AppointmentRequest
from appointments.models.history import NoteKind
from appointments.presenters import read
from appointments.services.visits import day_in_full, day_in_words, next_open_day, visit_warnings
from appointments.states import LEAVE, OF_VISITS, STEPS, CloseReason
from clinic_site.clinic import current_clinic

CALLS = [
    (NoteKind.REACHED, gettext_lazy("Spoke with them")),
    (NoteKind.NO_ANSWER, gettext_lazy("No answer")),
    (NoteKind.VOICEMAIL, gettext_lazy("Left a voicemail")),
    (NoteKind.EMAILED, gettext_lazy("Wrote an email")),
    ("", gettext_lazy("No call")),
]


class FindForm(forms.Form):
    """What staff know of a request: its reference, a name, a phone number, or an email address."""

    what = PlainTextField(
        label=gettext_lazy("Reference, name, phone or email"),
        max_length=254,
        error_messages={"required": gettext_lazy("Enter what you know of the request.")},
    )


def _is_near(day: dt.date) -> None:
    if abs(day - timezone.localdate()) > settings.VISIT_WITHIN:
        raise ValidationError(_("Check the day: it is years away."))


def _day(label: Any, missing: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        error_messages={"required": missing},
        validators=[_is_near],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class WorkForm(forms.Form):
    """All that staff do with a request at once.

    `next` names a step, and PARTS the fields that belong to a step of that form; of the others
    nothing is asked, but a place that was written there is not dropped. A visit that something
    speaks against is refused once, with `warnings`.
    """

    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {
        "": (),
        "aside": ("set_aside_until",),
        "visit": ("visit_on", "visit_time", "visit_minutes", "visit_place"),
        "close": ("close_reason",),
    }

    OF_PARTS: ClassVar = [name for names in PARTS.values() for name in names]
    use_required_attribute = False  # the step that is chosen decides

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
    set_aside_until = _day(
        gettext_lazy("Until"), gettext_lazy("Enter the day on which it is to come back.")
    )
    visit_on = _day(gettext_lazy("Day"), gettext_lazy("Enter the day of the visit."))
    visit_time = forms.TimeField(
        label=gettext_lazy("Time"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": gettext_lazy("Enter the time of the visit.")},
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
        error_messages={"required": gettext_lazy("Choose why it is closed.")},
    )

    def __init__(self, asked: AppointmentRequest, data: Any = None) -> None:
        next_day = next_open_day(current_clinic(), timezone.localdate())
        visit_at = asked.visit_at and timezone.localtime(asked.visit_at)
        super().__init__(
            data,
            initial={
                "call": "",
                "next": LEAVE.name,
                "set_aside_until": next_day,
                "visit_on": visit_at and visit_at.date(),
                "visit_time": visit_at and visit_at.time(),
                "visit_minutes": asked.visit_minutes or settings.VISIT_MINUTES,
                "visit_place": read(asked, "visit_place", ""),  # if unread, it stays as it is
            },
        )
        if next_day:
            said = _("%s is the next open day.") % day_in_full(next_day)
            self.fields["set_aside_until"].help_text = said
        fits = [each for each in CloseReason.choices if asked.visit_at or each[0] not in OF_VISITS]
        self.fields["close_reason"].choices = [("", _("Choose")), *fits]  # type: ignore[attr-defined]
        self.asked = asked
        self.warnings: list[str] = []
        self.warned = ""  # of which visit, and of what
        step = STEPS.get(self.data.get("next", ""), LEAVE)
        for name in self.OF_PARTS:
            self.fields[name].show_hidden_initial = True  # as shown, whatever it would be now
            self.fields[name].required &= name in self.PARTS[step.form]

    @property
    def filled_in(self) -> set[str]:
        return {name for name in self.changed_data if self.data.get(name)}

    def in_words(self, shown: Collection[str] = ()) -> list[tuple[str, str]]:
        """Return what was filled in, but in the fields that are `shown`: each label, and what
        stands there.
        """
        found = []
        for name, field in self.fields.items():
            if name in self.filled_in.difference(shown):
                choices, value = dict(getattr(field, "choices", ())), self.data[name]
                found.append((str(field.label), str(choices.get(value, value))))
        return found

    def renewed(self, asked: AppointmentRequest) -> "WorkForm":
        """Return the form as it was filled in, for the request as it is now; it asks nothing."""
        fresh, data = WorkForm(asked), dict(self.data.items())
        for name in {*self.OF_PARTS}.difference(self.changed_data):
            data[name] = data[self.add_initial_prefix(name)] = fresh[name].value()
        again = WorkForm(asked, data)
        again.ask_nothing()
        return again

    def ask_nothing(self) -> None:
        """Find nothing wrong, as nothing is to be saved."""
        self.errors.clear()
        self.warnings, self.warned = [], ""

    def clean(self) -> dict[str, Any]:
        """Return the call, the text, the step and what it needs, as `work_on` takes them."""
        cleaned = super().clean() or {}
        step = STEPS.get(cleaned.pop("next", ""))
        if step is None:
            return cleaned
        for name in {*self.OF_PARTS}.difference(self.PARTS[step.form]):
            cleaned.pop(name, None)
            self.errors.pop(name, None)
            # Days and numbers of a step that was not taken say nothing; words do.
            if name in self.filled_in and (step == LEAVE or name == "visit_place"):
                self.add_error(name, _("Choose the step that this is for, or empty it."))
        if step.form == "aside":
            day = cleaned.get("set_aside_until")
            if day and day <= timezone.localdate():
                self.add_error("set_aside_until", _("Enter a day from tomorrow on."))
            if not (cleaned.get("call") or cleaned.get("text", "").strip()):
                self.add_error("text", _("Write why it is set aside, or choose how the call went."))
        elif step.form == "close" and cleaned.get("close_reason") == CloseReason.OTHER:
            if not cleaned.get("text", "").strip():
                self.add_error("text", _("Write the reason for which it is closed."))
        elif step.form == "visit":
            cleaned |= self._visit(cleaned.pop("visit_on", None), cleaned.pop("visit_time", None))
        return cleaned | {"step": step.name}

    def _visit(self, day: dt.date | None, time: dt.time | None) -> dict[str, Any]:
        """Return the visit; refuse it where it was not shown yet what speaks against it."""
        if day is None or time is None:
            return {}
        naive = dt.datetime.combine(day, time)
        visit_at = timezone.make_aware(naive)
        if timezone.localtime(visit_at.astimezone(dt.UTC)).replace(tzinfo=None) != naive:
            self.add_error("visit_time", _("The clocks change then: there is no such time."))
        if self.errors:
            return {}
        minutes = self.cleaned_data["visit_minutes"] or settings.VISIT_MINUTES
        clinic, pk = current_clinic(), self.asked.pk
        self.warnings = visit_warnings(visit_at, minutes, clinic, timezone.now(), pk)
        if self.warnings:
            told = [hashlib.sha256(each.encode()).hexdigest()[:16] for each in self.warnings]
            self.warned = " ".join([visit_at.isoformat(), str(minutes), *told])
            self.warnings.append(day_in_words(visit_at, minutes, clinic, pk))
            # What spoke against it and does so no more is no reason to ask again.
            if not {*self.warned.split()} <= {*self.data.get("warned", "").split()}:
                self.add_error(None, _("The visit is not set yet. Look at this first:"))
        place = self.cleaned_data["visit_place"] if "visit_place" in self.changed_data else None
        return {"visit_at": visit_at, "visit_minutes": minutes, "visit_place": place}
