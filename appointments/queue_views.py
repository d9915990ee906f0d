"""The queue's own pages in the admin: one request, finding, entering one by phone, its record."""

import logging
from typing import Any

from django import forms
from django.contrib import messages
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from appointments import receiving, services
from appointments.audit import REQUEST, RequestAction
from appointments.choices import Status
from appointments.finding import MOST, find, likely_duplicates
from appointments.forms.staff import (
    CloseForm,
    EnteredRequestForm,
    FindForm,
    NoteForm,
    ScheduleForm,
)
from appointments.journal import STAFF_NOTES, NoteKind
from appointments.models import AppointmentRequest
from appointments.reading import (
    CANNOT_BE_READ,
    answer_of,
    copy_of_answers,
    history,
    phone_to_dial,
    read,
    readable,
    ways_to_call,
)
from appointments.references import new_attempt, read_attempt, typed_reference
from appointments.waiting import is_overdue
from clinic_site.actor import Actor
from clinic_site.audit.models import AuditEvent
from clinic_site.audit.record import Action, record
from clinic_site.clinic import current_clinic
from clinic_site.crypto.key_ring import CannotRead

logger = logging.getLogger(__name__)

MOST_EVENTS = 500  # on the page of a request's record

# What staff can do with a request in one click, and the status that it leads to.
STEPS = {
    "contacting": Status.CONTACTING,
    "new": Status.NEW,
}


def request_page(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """One request: what was sent, what happened since, and what staff can do now."""
    row = _row(pk)
    model_admin.refuse_without(request, "view", row.reference if row else "")
    if row is None:
        raise Http404
    by = Actor.staff(request)
    bound: dict[str, forms.Form] = {}
    problem = ""
    if request.method == "POST":
        model_admin.refuse_without(request, "change", row.reference)
        do = request.POST.get("do", "")
        try:
            form = _act(request, row, do)
        except AppointmentRequest.DoesNotExist:  # erased meanwhile
            raise Http404 from None
        except services.NotPossible as error:
            problem = str(error)
            form = _form(do, request)
        except services.ChangedMeanwhile:
            problem = _(
                "A colleague changed this request meanwhile. What you typed is still here: "
                "look at what is new, then do it again if it is still right."
            )
            form = _form(do, request)
            row = _row(pk) or row
        else:
            if form is None:
                return HttpResponseRedirect(request.path, status=303)
        if form is not None:
            bound[do] = form
            problem = problem or _("Nothing was changed. Fix what is marked in red below.")
    record(Action.VIEWED, REQUEST, [row.reference], by=by)
    if duplicates := likely_duplicates(row):
        record(
            Action.LISTED, REQUEST, [each.reference for each in duplicates], by=Actor.staff(request)
        )
    context = {
        **model_admin.admin_site.each_context(request),
        "title": row.reference,
        "opts": model_admin.opts,
        "row": row,
        "problem": problem,
        "sent": _sent(row),
        "visit_place": read(row, "visit_place"),
        "change_wanted": read(row, "change_wanted"),
        "history": history(row),
        "duplicates": [(each, answer_of(each, "patient_name")) for each in duplicates],
        "overdue": is_overdue(row, current_clinic(), timezone.now()),
        "possible": sorted(services.NEXT[row.status]),
        "may_change": request.user.has_perm("appointments.change_appointmentrequest"),
        "phone": phone_to_dial(row),
        "ways_to_call": ways_to_call(row),
        "note": next((each for each in bound.values() if isinstance(each, NoteForm)), NoteForm()),
        "calls": [(kind, label) for kind, label in STAFF_NOTES if kind != NoteKind.NOTE],
        "schedule": bound.get("schedule") or ScheduleForm(initial=_visit(row)),
        "close": bound.get("close") or CloseForm(),
    }
    return render(request, "admin/appointments/request.html", context)


def _row(pk: int) -> AppointmentRequest | None:
    return AppointmentRequest.objects.select_related("taken_by").filter(pk=pk).first()


def _sent(row: AppointmentRequest) -> list[tuple[str, str]]:
    try:
        return copy_of_answers(row)
    except CannotRead:
        return [(_("All of it"), str(CANNOT_BE_READ))]


def _visit(row: AppointmentRequest) -> dict[str, Any]:
    if row.visit_at is None:
        return {}
    at = timezone.localtime(row.visit_at)
    place = readable(row, "visit_place")
    return {"visit_on": at.date(), "visit_time": at.time(), "visit_place": place}


_FORMS: dict[str, type[forms.Form]] = {
    **{str(kind): NoteForm for kind, _label in STAFF_NOTES},
    "schedule": ScheduleForm,
    "close": CloseForm,
}


def _form(do: str, request: HttpRequest) -> forms.Form | None:
    return _FORMS[do](request.POST) if do in _FORMS else None


def _act(request: HttpRequest, row: AppointmentRequest, do: str) -> forms.Form | None:
    """Do what a button asks for; return the form where it is not filled in right.

    Raises ChangedMeanwhile and NotPossible.
    """
    form = _form(do, request)
    if form is not None and not form.is_valid():
        return form
    values = form.cleaned_data if form is not None else {}
    by, version = Actor.staff(request), _number(request.POST.get("version", ""))
    if do == "take":
        services.take(pk=row.pk, by=by)
        said = _("It is yours now.")
    elif do == "release":
        services.release(pk=row.pk, by=by)
        said = _("Anyone can take it now.")
    elif isinstance(form, NoteForm):
        services.add_note(pk=row.pk, by=by, kind=do, text=values["text"])
        said = _("Noted.")
    elif do == "settle":
        services.settle(pk=row.pk, version=version, by=by)
        said = _("Settled.")
    elif do == "schedule":
        services.change_status(
            pk=row.pk,
            to=Status.SCHEDULED,
            version=version,
            by=by,
            visit_at=values["visit_at"],
            visit_place=values["visit_place"],
        )
        said = _("Scheduled.")
    elif do == "close":
        services.change_status(
            pk=row.pk,
            to=Status.CLOSED,
            version=version,
            by=by,
            close_reason=values["close_reason"],
        )
        said = _("Closed.")
    elif do in STEPS:
        services.change_status(pk=row.pk, to=STEPS[do], version=version, by=by)
        said = _("Changed.")
    else:
        raise services.NotPossible(_("This page does not know that button. Load it anew."))
    messages.success(request, said)
    return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def find_requests(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Find by reference, name, phone or email. It is posted: nothing of it gets into a URL."""
    model_admin.refuse_without(request, "view")
    form = FindForm(request.POST or None)
    found: list[AppointmentRequest] | None = None
    if request.method == "POST" and form.is_valid():
        found = list(find(form.cleaned_data["what"])[: MOST + 1])
        record(
            RequestAction.SEARCHED,
            REQUEST,
            [row.reference for row in found[:MOST]],
            by=Actor.staff(request),
        )
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Find a request"),
        "opts": model_admin.opts,
        "form": form,
        "found": found
        and [(row, answer_of(row, "patient_name"), phone_to_dial(row)) for row in found[:MOST]],
        "nothing": found == [],
        "not_here": typed_reference(form.cleaned_data["what"]) if found == [] else None,
        "more": found is not None and len(found) > MOST,
    }
    return render(request, "admin/appointments/find.html", context)


def enter_request(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Enter a request that was taken by phone, with the questions of the public form."""
    model_admin.refuse_without(request, "change")
    if request.method != "POST":
        form = EnteredRequestForm(initial={"attempt": new_attempt()})
        return render(request, "appointments/enter.html", {"form": form})
    form = EnteredRequestForm(request.POST)
    attempt = read_attempt(request.POST.get("attempt", ""))
    if attempt is None:
        return _enter_again(request, _("This form was not ours. Check it, and enter it once more."))
    if not form.is_valid():
        return render(request, "appointments/enter.html", {"form": form})
    try:
        entered = receiving.enter_request(
            attempt=attempt, answers=form.answers(), by=Actor.staff(request)
        )
    except receiving.AttemptUsed:
        return _enter_again(
            request, _("You entered this form before, with other words. Is this another request?")
        )
    except (DatabaseError, InterfaceError) as error:
        logger.error("Request not entered: %s", type(error).__name__)
        notice = _("It was not stored: the database is away. What you typed is below. Try again.")
        context = {"form": form, "notice": notice}
        return render(request, "appointments/enter.html", context, status=503)
    messages.success(
        request, _("Entered as %s. Read this reference to the caller.") % entered.reference
    )
    address = reverse("admin:appointments_appointmentrequest_change", args=[entered.pk])
    return HttpResponseRedirect(address, status=303)


def _enter_again(request: HttpRequest, notice: str) -> HttpResponse:
    """Show what was typed under a fresh attempt, and say why."""
    data = request.POST.copy()
    data["attempt"] = new_attempt()
    context = {"form": EnteredRequestForm(data), "notice": notice}
    return render(request, "appointments/enter.html", context)


@require_safe
def record_of_request(request: HttpRequest, reference: str, model_admin: Any) -> HttpResponse:
    """Who saw or changed one request, also one that is erased, for a manager."""
    if typed_reference(reference) != reference:
        raise Http404
    model_admin.refuse_without(request, "view", reference, of="clinic_site.view_auditevent")
    row = AppointmentRequest.objects.filter(reference=reference).only("received_at").first()
    record(Action.VIEWED, REQUEST, [reference], by=Actor.staff(request), detail="its record")
    # A list names many requests in one row, so no index tells which: the day it came in ends it.
    events = AuditEvent.objects.filter(subject_kind=REQUEST, references__contains=reference)
    if row is not None:
        events = events.filter(at__gte=row.received_at)
    shown = list(events[: MOST_EVENTS + 1])
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Who saw or changed %s") % reference,
        "opts": model_admin.opts,
        "row": row,
        "events": shown[:MOST_EVENTS],
        "more": len(shown) > MOST_EVENTS,
    }
    return render(request, "admin/appointments/record.html", context)
