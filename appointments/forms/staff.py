"""What staff fill in about a request."""

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.forms.fields import PlainTextField
from appointments.states import CloseReason


class FindForm(forms.Form):
    """What staff know of a request: its reference, a name, a phone number, or an email address."""

    what = PlainTextField(
        label=_("Reference, name, phone or email"),
        max_length=254,
        error_messages={"required": _("Enter what you know of the request.")},
    )


class ScheduleForm(forms.Form):
    """When and where a visit is, in the clinic's time zone, and how long it takes."""

    visit_on = forms.DateField(
        label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    visit_time = forms.TimeField(
        label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    visit_minutes = forms.IntegerField(
        label=_("Length in minutes"),
        initial=settings.VISIT_MINUTES,
        min_value=settings.SHORTEST_VISIT,
        max_value=settings.LONGEST_VISIT,
        required=False,
    )
    visit_place = PlainTextField(
        label=_("Place"),
        max_length=200,
        required=False,
        help_text=_("Patients read it as it stands. Nothing about their health."),
    )

    def clean(self) -> dict[str, Any]:
        """Return the visit as `workflow.change_status` takes it; refuse what cannot be meant."""
        cleaned = super().clean() or {}
        day, time = cleaned.get("visit_on"), cleaned.get("visit_time")
        if day and not -settings.VISIT_BACK <= day - timezone.localdate() <= settings.VISIT_AHEAD:
            self.add_error("visit_on", _("Check the day: it is past, or years away."))
        elif day and time:
            naive = dt.datetime.combine(day, time)
            visit_at = timezone.make_aware(naive)
            if timezone.localtime(visit_at.astimezone(dt.UTC)).replace(tzinfo=None) != naive:
                self.add_error("visit_time", _("The clocks change then: there is no such time."))
            return {
                "visit_at": visit_at,
                "visit_minutes": cleaned.get("visit_minutes"),
                "visit_place": cleaned.get("visit_place", ""),
            }
        return cleaned


class CloseForm(forms.Form):
    """Why a request is closed."""

    close_reason = forms.ChoiceField(
        label=_("Because"), choices=[("", _("Choose")), *CloseReason.choices]
    )


class NoteForm(forms.Form):
    """What is noted, of a call or without one; the button that is used says which."""

    text = PlainTextField(
        label=_("Note"),
        max_length=settings.NOTE_CHARACTERS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
    )
