"""A patient's own pages: where the request stands, and what the patient can do about it.

The signed link opens them, or the reference with the phone number; neither of those two is ever in
an address. What was typed into the request is shown only after the phone number was entered.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.audit import record_seen
from appointments.forms.patients import ChangeForm, FindForm, PhoneForm
from appointments.models import AppointmentRequest
from appointments.patient.base import NEW_TAB, PatientView, TokenView, see_other, sent_form
from appointments.patient.calendar_file import visit_calendar
from appointments.presenters import read, zone_as_read
from appointments.services import workflow
from appointments.services.search import find_request
from appointments.services.waiting import is_late, is_overdue
from appointments.services.workflow import InvalidTransition
from appointments.tokens import read_mail_token, status_token
from clinic_site.actor import Actor
from clinic_site.clinic import current_clinic
from clinic_site.crypto.key_ring import CannotRead


class FindView(PatientView):
    """Ask for reference and phone number; on POST go to the page of the request they name."""

    form_class: type[PhoneForm] = FindForm
    template_name = "appointments/status_find.html"
    detail = "by reference and phone"  # by what, or for what, it is opened, in the record
    # The field that tells of a wrong number, and what it says.
    wrong: tuple[str | None, Any] = (
        None,
        gettext_lazy(
            "We cannot find a request with this reference and this phone number. Check both "
            "and try again. After several tries, wait an hour, or call us at %(phone)s."
        ),
    )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().get(request, *args, **kwargs)
        # Kept as the request form is: docs/decisions/0015-the-form-may-be-kept.md.
        response["Cache-Control"] = "private, no-cache"
        return response

    def accept(self, form: PhoneForm) -> HttpResponse:
        appointment_request = find_request(
            reference=self.reference(form),
            phone=form.cleaned_data["phone"].number,
            by=Actor.patient(self.request),
            detail=self.detail,
        )
        if appointment_request is None:
            field, message = self.wrong
            form.add_error(field, message % {"phone": current_clinic().phone_as_read})
            return self.show(form)
        return self.go_on(form, appointment_request)

    def reference(self, form: PhoneForm) -> str:
        """Return the reference of the request that the number is to open."""
        return form.cleaned_data["reference"]

    def go_on(self, form: PhoneForm, appointment_request: AppointmentRequest) -> HttpResponse:
        """Return what the right number opens."""
        return see_other("request_status", status_token(appointment_request.attempt))


class PhoneFirstView(TokenView, FindView):
    """A page of one request that asks for the phone number first: a link alone does not open it."""

    form_class = PhoneForm
    shown = ("reference",)
    wrong = (
        "phone",
        gettext_lazy(
            "We cannot open this with that number. Check it and try again. "
            "After several tries, wait an hour, or call us at %(phone)s."
        ),
    )

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        self.opened()
        return self.show(self.form_class(), new_tab=NEW_TAB)

    def reference(self, form: PhoneForm) -> str:
        return self.opened().reference


class FromMailView(PhoneFirstView):
    """Where a mail leads: others may read the mailbox, so its link opens only this form."""

    read_token = staticmethod(read_mail_token)
    template_name = "appointments/from_mail.html"
    detail = "by a mail and phone"


class CopyView(PhoneFirstView):
    """A copy of what was sent, to read and to print; no address opens it."""

    template_name = "appointments/copy_ask.html"
    detail = "copy of the answers"

    def go_on(self, form: PhoneForm, appointment_request: AppointmentRequest) -> HttpResponse:
        try:
            given = appointment_request.answers.values()
        except CannotRead:
            return self.show(form, notice=_("We cannot show it here now. Please call us."))
        answers = [(each.question, each.words) for each in given]
        context = {"appointment_request": appointment_request, "answers": answers}
        return render(self.request, "appointments/copy.html", {**self.kwargs, **context})


class StatusView(TokenView):
    """Where the request stands."""

    http_method_names = ["get", "head"]
    shown = (
        *("reference", "attempt", "status", "close_reason", "version", "received_at"),
        *("first_answer_at", "visit_at", "visit_minutes", "visit_place", "change_requested_at"),
    )

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        appointment_request = self.opened()
        record_seen(appointment_request.reference, by=Actor.patient(request))
        now = timezone.now()
        visit_at, clinic = appointment_request.visit_at, current_clinic()
        words = appointment_request.words_for_patient(
            now, late=is_late(appointment_request, clinic, now)
        )
        ended, is_over = appointment_request.state.has_ended, appointment_request.is_over(now)
        form = None if ended or is_over else ChangeForm()
        context = {
            "appointment_request": appointment_request,
            "words": words,
            "promise": words.promise and not is_overdue(appointment_request, clinic, now),
            "ended": ended,
            "visit_at": visit_at if appointment_request.has_visit_ahead(now) else None,
            "is_over": is_over,
            "is_off": appointment_request.has_visit_off(now),
            "place": read(appointment_request, "visit_place", ""),
            "zone": zone_as_read(visit_at) if visit_at else "",
            "token": token,
            "form": form,
            "new_tab": NEW_TAB if form else "",
        }
        return render(request, "appointments/status.html", context)


class VisitFileView(StatusView):
    """The visit as a calendar file; 404 unless one is to come."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        appointment_request, now = self.opened(), timezone.now()
        if not appointment_request.has_visit_ahead(now):
            return render(request, "appointments/status_gone.html", {"token": token}, status=404)
        by = Actor.patient(request)
        record_seen(appointment_request.reference, by=by, detail="calendar file")
        content = visit_calendar(
            appointment_request,
            place=read(appointment_request, "visit_place", ""),
            title=_("Appointment"),
            note=_("Questions? Call %(phone)s.") % {"phone": current_clinic().phone_as_read},
            now=now,
        )
        response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="visit.ics"'
        response["X-Robots-Tag"] = "noindex"
        return response


class CancelView(TokenView):
    """Ask whether to cancel the request; on POST cancel it. A repeat changes nothing."""

    form_class = forms.Form
    template_name = "appointments/status_cancel.html"
    shown = ("reference", "status", "visit_at", "visit_minutes")

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        appointment_request = self.opened()
        if appointment_request.state.has_ended or appointment_request.is_over(timezone.now()):
            return see_other("request_status", token)
        return super().get(request, token)

    def accept(self, form: forms.Form) -> HttpResponse:
        appointment_request = self.opened()
        if not appointment_request.is_over(timezone.now()):  # else their page says that it is
            workflow.cancel(pk=appointment_request.pk, by=Actor.patient(self.request))
        return see_other("request_status", self.kwargs["token"])

    def show(self, form: forms.Form, *, away: bool = False, **context: Any) -> HttpResponse:
        if not away:
            appointment_request = self.opened()
            record_seen(appointment_request.reference, by=Actor.patient(self.request))
            context["reference"] = appointment_request.reference
            context["visit_is_set"] = appointment_request.has_visit_ahead(timezone.now())
        return super().show(form, away=away, **context)


class ChangeView(TokenView):
    """Take what the patient would like to change."""

    form_class = ChangeForm
    template_name = "appointments/status_change.html"
    shown = ("reference", "status")

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        self.attempt()
        return see_other("request_status", token)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.typed = sent_form(request, ChangeForm).get("text", "")
        return super().post(request, *args, **kwargs)

    def accept(self, form: ChangeForm) -> HttpResponse:
        by, text = Actor.patient(self.request), form.cleaned_data["text"]
        try:
            workflow.request_change(pk=self.opened().pk, text=text, by=by)
        except InvalidTransition as error:
            return self.show(form, notice=str(error), ended=self.opened().state.has_ended)
        return see_other("request_status", self.kwargs["token"])
