"""Pages of one request that ask for the phone number first: a link alone does not open them.

A wrong number counts with the wrong pairs of the search.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from appointments.forms.patients import PhoneForm
from appointments.models import AppointmentRequest
from appointments.patient.base import TokenView, see_other
from appointments.presenters import copy_of_answers
from appointments.services.search import find_request
from appointments.tokens import read_mail_token, status_token
from clinic_site.actor import Actor
from clinic_site.clinic import current_clinic
from clinic_site.crypto.key_ring import CannotRead


class PhoneFirstView(TokenView):
    """Ask for the phone number; with the right one, go on."""

    form_class = PhoneForm
    shown = ("reference",)
    detail: str  # what it is opened for, in the record

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        self.opened()
        return self.show(PhoneForm())

    def accept(self, form: PhoneForm) -> HttpResponse:
        appointment_request = find_request(
            reference=self.opened().reference,
            phone=form.cleaned_data["phone"].number,
            by=Actor.patient(self.request),
            detail=self.detail,
        )
        if appointment_request is None:
            message = _(
                "We cannot open this with that number. Check it and try again. "
                "After several tries, wait an hour, or call us at %(phone)s."
            )
            form.add_error("phone", message % {"phone": current_clinic().phone_as_read})
            return self.show(form)
        return self.go_on(form, appointment_request)

    def go_on(self, form: PhoneForm, appointment_request: AppointmentRequest) -> HttpResponse:
        """Return what the right number opens."""
        raise NotImplementedError


class FromMailView(PhoneFirstView):
    """Where a mail leads: others may read the mailbox, so its link opens only this form."""

    read_token = staticmethod(read_mail_token)
    template_name = "appointments/from_mail.html"
    detail = "by a mail and phone"

    def go_on(self, form: PhoneForm, appointment_request: AppointmentRequest) -> HttpResponse:
        address = reverse("request_status", args=[status_token(appointment_request.attempt)])
        return see_other(address)


class CopyView(PhoneFirstView):
    """A copy of what was sent, to read and to print; no address opens it."""

    template_name = "appointments/copy_ask.html"
    detail = "copy of the answers"

    def go_on(self, form: PhoneForm, appointment_request: AppointmentRequest) -> HttpResponse:
        try:
            answers = copy_of_answers(appointment_request)
        except CannotRead:
            return self.show(form, notice=_("We cannot show it here now. Please call us."))
        context: dict[str, Any] = {
            **self.kwargs,
            "appointment_request": appointment_request,
            "answers": answers,
        }
        return render(self.request, "appointments/copy.html", context)
