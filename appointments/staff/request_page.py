"""One request in the admin: who it is, what happened, and a form for all that staff do."""

import datetime as dt
import logging
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.db import DatabaseError, IntegrityError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

from appointments.forms.work import WorkForm
from appointments.models import AppointmentRequest
from appointments.presenters import answer_of, history, in_short, read, told_in_words
from appointments.services import workflow
from appointments.services.queue import FIRST, TABS, next_in, note_presence, requests_in, tabs_for
from appointments.services.search import likely_duplicates
from appointments.services.told import told, told_by, was_just_reached, who_tells
from appointments.services.waiting import is_overdue
from appointments.services.work import undo, undoable, work_on
from appointments.services.workflow import InvalidTransition
from appointments.staff.base import MAY_CHANGE, StaffView, go_to, number_in
from appointments.states import STEPS, Status
from clinic_site.audit.models import Action
from clinic_site.clinic import current_clinic
from clinic_site.edit_conflict import EditConflict

logger = logging.getLogger(__name__)

SAVE, SAVE_AND_NEXT = "save", "save_next"
TOP = "#asked"  # or the browser would stay at the form, where the page before was left


class RequestView(StaffView):
    """Show the request; on POST do what the button says. What was typed stays whatever happens."""

    appointment_request: AppointmentRequest

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.opened_at = timezone.now()
        self.tab = TABS.get(request.GET.get("tab", ""), FIRST)
        self.load(kwargs["pk"])

    def load(self, pk: int) -> None:
        """Read the request as it is now; keep what was read before once it is purged."""
        requests = AppointmentRequest.objects.select_related("taken_by")
        if found := requests.filter(pk=pk).first():
            self.appointment_request, self.reference = found, found.reference
            self.version = found.version

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.reference:
            raise Http404
        return self.page(WorkForm(self.appointment_request))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.refuse_without(MAY_CHANGE)
        if not self.reference:
            return self.erased()
        # As the page was that was sent, until it is renewed.
        self.version = number_in(request.POST.get("version", ""))
        self.opened_at = self.since or self.opened_at
        do = request.POST.get("do", "")
        form = WorkForm(self.appointment_request, request.POST)
        is_empty = not form.filled_in and "typed" not in request.POST
        if do == SAVE_AND_NEXT and request.POST.get("next") and is_empty:
            return self.next(_("nothing was changed."))
        saves = do in {SAVE, SAVE_AND_NEXT}
        if not saves:
            form.ask_nothing()
        elif not form.is_valid():
            if self.version != self.appointment_request.version and form.filled_in - {"text"}:
                return self.overtaken(form)
            problem = _("Nothing was changed. Fix what is marked in red below.")
            return self.page(form, "" if form.warnings else problem)
        try:
            said = self.work(form) if saves else self.act(do)
        except AppointmentRequest.DoesNotExist:
            return self.erased()
        except InvalidTransition as error:
            return self.page(form, str(error))
        except EditConflict:
            return self.overtaken(form)
        except (DatabaseError, InterfaceError) as error:
            logger.error("Not done to a request: %s", type(error).__name__)
            problem = _("It was not stored. What you typed is still here: try it again.")
            return self.page(form, problem, status=503)
        if do == SAVE_AND_NEXT:
            return self.next(said)
        messages.success(request, said)
        if not saves and (form.filled_in or "typed" in request.POST):
            return self.renewed(form)
        return HttpResponseRedirect(request.get_full_path() + TOP, status=303)

    def work(self, form: WorkForm) -> str:
        """Do what was filled in; return what to tell.

        Raises AppointmentRequest.DoesNotExist, DatabaseError, EditConflict, InvalidTransition.
        """
        before, values = self.appointment_request, form.cleaned_data
        changed = work_on(
            pk=before.pk, version=self.version, by=self.by, since=self.since, **values
        )
        step = STEPS[values["step"]]
        if step.target:
            said = _("The request is now “%s”.") % step.target.label
            if step.form == "visit":  # without its time: a cookie holds this
                said = _("The visit is set.")
            news = before.state.news_of(step.target)
            return f"{said} {told_by(changed, changed.status_at) if news else ''}".strip()
        if step.form == "aside":
            until = date_format(values["set_aside_until"], "l, F j")
            return _("Set aside until %s.") % until
        return _("It is back in the list.") if step.name == "back" else _("Noted.")

    def act(self, do: str) -> str:
        """Do what one of the small buttons says; return what to tell. Raises as `work` does."""
        pk, version, by = self.appointment_request.pk, self.version, self.by
        if do == "take":
            workflow.take(pk=pk, by=by)
            return _("It is yours now.")
        if do == "release":
            workflow.release(pk=pk, version=version, by=by)
            return _("Anyone can take it now.")
        if do == "acknowledge":
            workflow.acknowledge(pk=pk, version=version, by=by)
            return _("It is dealt with.")
        if do == "undo":
            now = timezone.now()
            undone = undo(pk=pk, version=version, by=by)
            return f"{_('Undone.')} {told_by(undone, now)}".strip()
        raise InvalidTransition(_("This page does not know that button. Load it anew."))

    @property
    def since(self) -> dt.datetime | None:
        """When the page was opened, if it says so."""
        try:
            at = dt.datetime.fromisoformat(self.request.POST.get("opened_at", ""))
            return timezone.localtime(at)
        except (ValueError, OverflowError):
            return None

    def next(self, said: str) -> HttpResponse:
        """Lead on to the next request of the list, else to the list; say what was done."""
        done, user, now = self.appointment_request, self.request.user, timezone.now()
        text = format_html('<a href="{}">{}</a>: {}', self.request.get_full_path(), done, said)
        messages.success(self.request, text)
        pk, ends = None, _("That was the last one of this list.")
        try:
            pk = next_in(self.tab, user, now, after=done)
            if pk is None and requests_in(self.tab, user, now).exclude(pk=done.pk).exists():
                ends = _("What is left in this list, a colleague has or looks at.")
        except (DatabaseError, InterfaceError) as error:
            logger.error("Not read what is next: %s", type(error).__name__)
            ends = _("The next one could not be read.")
        query = f"?tab={self.tab.name}{TOP}"
        if pk is not None:
            return go_to("change", pk, query=query)
        messages.info(self.request, ends)
        return go_to("changelist", query=query)

    def erased(self) -> HttpResponse:
        """Say that the request is gone, with what was typed about it."""
        typed = self.typed(WorkForm(AppointmentRequest(), self.request.POST))
        title = _("This request was erased")
        return self.show("admin/appointments/erased.html", title, status=404, typed=typed)

    def overtaken(self, form: WorkForm) -> HttpResponse:
        problem = _(
            "This request has changed since you opened it, so nothing was done. What you typed is "
            "still here: read what is new, then save it if it is still right."
        )
        return self.renewed(form, problem)

    def renewed(self, form: WorkForm, problem: str = "") -> HttpResponse:
        """Return the page of the request as it is now, with what was typed, and what is new."""
        self.opened_at = timezone.now()
        self.load(self.appointment_request.pk)
        again = form.renewed(self.appointment_request)
        return self.page(again, problem, since=self.since or self.opened_at)

    def page(
        self,
        form: WorkForm,
        problem: str = "",
        *,
        status: int = 200,
        since: dt.datetime | None = None,
    ) -> HttpResponse:
        """Return the page, with what happened `since` then as news."""
        asked, user = self.appointment_request, self.request.user
        try:
            here = note_presence(asked, user)
        except IntegrityError:
            return self.erased()
        self.record(Action.VIEWED, [asked])
        if duplicates := likely_duplicates(asked):
            self.record(Action.LISTED, duplicates)
        now, happened, steps = timezone.now(), history(asked), self.steps(form)
        is_cancelled = asked.status == Status.CANCELLED
        of_patient = asked.changes.filter(to_status=Status.CANCELLED)
        cancelled = of_patient.last() if is_cancelled else None  # with the visit that this took off
        # What was typed where there is no field any more is told until all is saved.
        shown = {"call", "text", *(each.name for step in steps for each in step["fields"])}
        if any(each["is_chosen"] for each in steps):
            shown.add("next")
        return self.show(
            "admin/appointments/request.html",
            asked.reference,
            status=status,
            appointment_request=asked,
            form=form,
            problem=problem,
            version=self.version,
            opened_at=self.opened_at,
            tabs=tabs_for(user, now, self.tab.name),
            do=self.request.POST.get("do", ""),
            **in_short(asked),
            to_form=form["call"][-1].id_for_label,
            visit_is_set=asked.status == Status.SCHEDULED,
            visit_place=read(asked, "visit_place"),
            is_cancelled=is_cancelled,
            visit_to_free=cancelled and cancelled.visit_at and cancelled.visit_at > now,
            change_request=read(asked, "change_request"),
            is_set_aside=asked.set_aside_until is not None and asked.state.is_waiting,
            set_aside_reason=read(asked, "set_aside_reason"),
            history=happened,
            is_renewed=since is not None,
            new=[each for each in happened if since and each.at >= since],
            typed=self.typed(form, shown),
            here=here,
            undoable=undoable(asked),
            duplicates=[(each, answer_of(each, "patient_name")) for each in duplicates],
            overdue=is_overdue(asked, current_clinic(), now),
            told=told_in_words(told([asked])[asked.pk]),
            steps=steps,
        )

    def typed(self, form: WorkForm, shown: Collection[str] = ()) -> list[tuple[str, str]]:
        """Return what was typed and is in no field that is `shown`: as told before, and now."""
        lines = self.request.POST.getlist("typed")
        told = [(label, value) for label, _colon, value in (each.partition(": ") for each in lines)]
        return list(dict.fromkeys([*told, *form.in_words(shown)]))

    def steps(self, form: WorkForm) -> list[dict[str, Any]]:
        asked, chosen = self.appointment_request, form["next"].value()
        knows = was_just_reached(asked)
        return [
            {
                "step": step,
                "is_chosen": step.name == chosen,
                "fields": [form[name] for name in form.PARTS[step.form]],
                "tells": who_tells(asked, step, knows),
            }
            for step in asked.state.steps_of(is_set_aside=asked.set_aside_until is not None)
        ]
