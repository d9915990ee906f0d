"""One request in the admin: what was sent, what happened since, and what staff can do now."""

import logging
from typing import Any

from django import forms
from django.contrib import messages
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.audit import REQUEST
from appointments.forms.staff import CloseForm, NoteForm, ScheduleForm
from appointments.models import AppointmentRequest
from appointments.models.history import STAFF_NOTES, NoteKind
from appointments.presenters import (
    CANNOT_BE_READ,
    answer_of,
    copy_of_answers,
    history,
    phone_to_dial,
    read,
    told_in_words,
    ways_to_call,
)
from appointments.services import workflow
from appointments.services.search import likely_duplicates
from appointments.services.told import told, was_just_reached
from appointments.services.waiting import is_overdue
from appointments.services.workflow import InvalidTransition
from appointments.staff.base import StaffView
from appointments.states import STATES, Button, News, Status
from clinic_site.actor import Actor
from clinic_site.audit.record import Action, record
from clinic_site.clinic import current_clinic
from clinic_site.crypto.key_ring import CannotRead
from clinic_site.edit_conflict import EditConflict

logger = logging.getLogger(__name__)

NOTES = [str(kind) for kind, _label in STAFF_NOTES]
BUTTONS = {button.name: button for state in STATES.values() for button in state.buttons}
BY_MAIL = gettext_lazy("The patient will be told by mail.")
MUST_CALL = gettext_lazy("Nobody is told: you must call.")
FORMS: dict[str, type[forms.Form]] = {"visit": ScheduleForm, "close": CloseForm}


class RequestView(StaffView):
    """Show the request; on POST do what the button says. What was typed stays if it fails."""

    appointment_request: AppointmentRequest

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.load(kwargs["pk"])

    def load(self, pk: int) -> None:
        """Read the request as it is now; keep what was read before once it is purged."""
        requests = AppointmentRequest.objects.select_related("taken_by")
        found = requests.filter(pk=pk).first()
        if found is not None:
            self.appointment_request, self.reference = found, found.reference

    def refuse_without(self, permission: str) -> None:
        super().refuse_without(permission)
        if not self.reference:
            raise Http404

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.refuse_without("change")
        name = request.POST.get("do", "")
        form = self.form_of(name)
        if form is not None and not form.is_valid():
            problem = _("Nothing was changed. Fix what is marked in red below.")
            return self.page(name, form, problem)
        status = 200
        try:
            said = self.act(name, form.cleaned_data if form is not None else {})
        except AppointmentRequest.DoesNotExist:  # purged meanwhile
            raise Http404 from None
        except InvalidTransition as error:
            problem = str(error)
        except EditConflict:
            problem = _(
                "A colleague changed this request meanwhile. What you typed is still here: "
                "look at what is new, then do it again if it is still right."
            )
            self.load(pk)
        except (DatabaseError, InterfaceError) as error:
            logger.error("Not done to a request: %s", type(error).__name__)
            problem = _("It was not stored. What you typed is still here: try it again.")
            status = 503
        else:
            messages.success(request, said)
            return HttpResponseRedirect(request.path, status=303)
        return self.page(name, form, problem, status)

    def form_of(self, name: str) -> forms.Form | None:
        """Return the form that goes with a button, as it was sent; None where it has none."""
        if name in NOTES:
            return NoteForm(self.request.POST)
        button = BUTTONS.get(name)
        return FORMS[button.form](self.request.POST) if button and button.form else None

    def act(self, name: str, values: dict[str, Any]) -> str:
        """Do what a button says with what its form holds; return what to tell.

        Raises AppointmentRequest.DoesNotExist, DatabaseError, EditConflict, InvalidTransition.
        """
        pk, by = self.appointment_request.pk, Actor.staff(self.request)
        version = _number(self.request.POST.get("version", ""))
        if name in BUTTONS:
            target = BUTTONS[name].target
            news = self.appointment_request.state.news_of(target)
            changed = workflow.change_status(pk=pk, to=target, version=version, by=by, **values)
            said = _("The request is now “%s”.") % target.label
            return f"{said} {told_by(changed) if news else ''}".strip()
        if name in NOTES:
            workflow.add_note(pk=pk, by=by, kind=name, **values)
            return _("Noted.")
        if name == "take":
            workflow.take(pk=pk, by=by)
            return _("It is yours now.")
        if name == "release":
            workflow.release(pk=pk, by=by)
            return _("Anyone can take it now.")
        if name == "acknowledge":
            workflow.acknowledge(pk=pk, version=version, by=by)
            return _("It is dealt with.")
        raise InvalidTransition(_("This page does not know that button. Load it anew."))

    def page(
        self, name: str = "", form: forms.Form | None = None, problem: str = "", status: int = 200
    ) -> HttpResponse:
        """Return the page; `form` is what was sent with the button of that name."""
        appointment_request, by = self.appointment_request, Actor.staff(self.request)
        record(Action.VIEWED, REQUEST, [appointment_request.reference], by=by)
        duplicates = likely_duplicates(appointment_request)
        if duplicates:
            record(Action.LISTED, REQUEST, [each.reference for each in duplicates], by=by)
        buttons = appointment_request.state.buttons
        knows = was_just_reached(appointment_request)
        return self.show(
            "admin/appointments/request.html",
            appointment_request.reference,
            status=status,
            appointment_request=appointment_request,
            problem=problem,
            sent=_sent(appointment_request),
            visit_is_set=appointment_request.status == Status.SCHEDULED,
            visit_place=read(appointment_request, "visit_place"),
            is_cancelled=appointment_request.status == Status.CANCELLED,
            change_request=read(appointment_request, "change_request"),
            history=history(appointment_request),
            duplicates=[(each, answer_of(each, "patient_name")) for each in duplicates],
            overdue=is_overdue(appointment_request, current_clinic(), timezone.now()),
            may_change=self.request.user.has_perm("appointments.change_appointmentrequest"),
            phone=phone_to_dial(appointment_request),
            ways_to_call=ways_to_call(appointment_request),
            told=told_in_words(told([appointment_request])[appointment_request.pk]),
            note=form if isinstance(form, NoteForm) else NoteForm(),
            calls=[(kind, label) for kind, label in STAFF_NOTES if kind != NoteKind.NOTE],
            buttons=[
                (button, who_tells(appointment_request, button, knows))
                for button in buttons
                if not button.form
            ],
            button_forms=[
                (
                    button,
                    form if form and button.name == name else self.empty_form(button),
                    who_tells(appointment_request, button, knows),
                )
                for button in buttons
                if button.form
            ],
        )

    def empty_form(self, button: Button) -> forms.Form:
        """Return the form of a button as it is first shown; that of a visit holds the last one."""
        appointment_request = self.appointment_request
        initial: dict[str, Any] = {}
        if appointment_request.visit_at is not None:
            at = timezone.localtime(appointment_request.visit_at)
            initial = {"visit_on": at.date(), "visit_time": at.time()}
            initial["visit_minutes"] = appointment_request.visit_minutes
            initial["visit_place"] = read(appointment_request, "visit_place", "")
        return FORMS[button.form](initial=initial)


def who_tells(appointment_request: AppointmentRequest, button: Button, knows: bool) -> str:
    """Return how the patient will hear of what a button does; "" where there is nothing to tell.

    `knows`: whether they were reached just now. What is said of closing holds for every reason.
    """
    closes = button.target == Status.CLOSED
    if button.news is None:
        return ""
    if appointment_request.suspicion and closes:
        return _("Nobody is told, as it looks like spam.")
    if appointment_request.agrees_to_mail:
        if closes:
            return _("The patient will be told by mail, unless it is spam.")
        return str(BY_MAIL)
    if closes:
        return _("No mail tells the patient.")
    return "" if knows or button.news == News.RECEIVED else str(MUST_CALL)


def told_by(changed: AppointmentRequest) -> str:
    """Return how the patient hears of what staff have just done; "" where they know of it.

    "" too where that cannot be read: what was done is stored all the same.
    """
    try:
        last = told([changed])[changed.pk]
    except (DatabaseError, InterfaceError) as error:
        logger.error("Not read how a patient is told: %s", type(error).__name__)
        return ""
    if last.must_be_called:
        return str(MUST_CALL)
    is_of_this = last.mail is not None and last.mail.created_at >= changed.status_at
    return str(BY_MAIL) if is_of_this else ""


def _sent(appointment_request: AppointmentRequest) -> list[tuple[str, str]]:
    try:
        return copy_of_answers(appointment_request)
    except CannotRead:
        return [(_("All of it"), str(CANNOT_BE_READ))]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
