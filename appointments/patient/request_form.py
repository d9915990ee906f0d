"""The public request form and its confirmation: no cookie, and nothing typed is lost."""

import logging
from typing import Any, cast

from django import forms
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.audit import record_seen
from appointments.forms.request import RequestForm
from appointments.patient.base import PatientView, TokenView, see_other
from appointments.services.submit import SentBefore, receive_request
from appointments.services.waiting import is_overdue
from appointments.tokens import (
    is_again,
    new_attempt,
    read_attempt,
    read_received_token,
    received_token,
    status_token,
)
from clinic_site.actor import Actor
from clinic_site.audit.models import told_if_it_fails
from clinic_site.clinic import active_physicians, current_clinic

logger = logging.getLogger(__name__)

# Why we ask before we take it: what the page says first, and what its button does.
SENT_BEFORE = {
    "ended": (_("That request has ended"), _("Send it as a new request")),
    "other words": (
        _("You have sent this form before, with other words"),
        _("Send it as a new request"),
    ),
    "equal": (_("We have this already"), _("Send it again")),
}


class RequestFormView(PatientView):
    """Show the form; on POST store the request and redirect to its confirmation."""

    form_class = RequestForm
    template_name = "appointments/request.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        initial = {"attempt": new_attempt(), "condition": request.GET.get("condition", "")}
        response = self.show(RequestForm(initial=initial))
        # It holds nothing of anyone's, and Firefox keeps what is typed only where it may keep the
        # page: docs/decisions/0015-the-form-may-be-kept.md.
        response["Cache-Control"] = "private, no-cache"
        return response

    def is_ours(self, form: forms.Form) -> bool:
        return super().is_ours(form) and read_attempt(form.data.get("attempt", "")) is not None

    def accept(self, form: RequestForm) -> HttpResponse:
        """Store the request; ask before, where it was sent before.

        Who merely sends equal words has not shown that they are theirs, so only the page that sent
        the other request opens it: docs/decisions/0018-sent-before.md.
        """
        signed = form.cleaned_data["attempt"]
        attempt = read_attempt(signed)
        assert attempt is not None
        try:
            receive_request(
                attempt=attempt,
                answers=form.answers(),
                honeypot=bool(form.cleaned_data["website"]),
                by=Actor.patient(self.request),
                again=is_again(signed),
            )
        except SentBefore as before:
            mine = before.appointment_request.attempt == attempt
            has_ended = before.appointment_request.state.has_ended
            why = "ended" if has_ended else "other words" if mine else "equal"
            heading, send = SENT_BEFORE[why]
            return self.show(
                self.afresh(form, again=not mine),
                sent_before=why,
                heading=heading,
                send=send,
                token=status_token(attempt) if mine else "",
            )
        return see_other("request_received", received_token(attempt))

    def afresh(self, form: forms.Form, *, again: bool = False) -> RequestForm:
        """Return the form with what was typed under a fresh attempt.

        `again`: sending it says yes to sending once more what we have already.
        """
        data = cast(QueryDict, form.data).copy()
        data["attempt"] = new_attempt(again=again)
        return RequestForm(data)

    def show(self, form: forms.Form, **context: Any) -> HttpResponse:
        return super().show(form, physicians=active_physicians(), **context)


class ConfirmationView(TokenView):
    """The confirmation: the reference, and what happens next; later the status page tells that."""

    http_method_names = ["get", "head"]
    read_token = staticmethod(read_received_token)
    shown = ("reference", "attempt", "status", "received_at")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except (DatabaseError, InterfaceError) as error:
            # This address was given out for a request that was stored, so that much is known.
            if self.read_token(self.kwargs["token"]) is None:
                raise
            logger.error("%s failed: %s", type(self).__name__, type(error).__name__)
            response = render(request, "appointments/received_away.html", status=503)
            response["Cache-Control"] = "no-store"
            response["Retry-After"] = str(settings.RETRY_AFTER_DATABASE_AWAY)
            return response

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        appointment_request = self.opened()
        status = status_token(appointment_request.attempt)
        is_late = is_overdue(appointment_request, current_clinic(), timezone.now())
        if is_late or not appointment_request.state.is_waiting:
            return see_other("request_status", status)
        with told_if_it_fails():
            by = Actor.patient(request)
            record_seen(appointment_request.reference, by=by, detail="confirmation")
        context = {
            "reference": appointment_request.reference,
            "token": status,
            "physicians": active_physicians(),
        }
        return render(request, "appointments/received.html", context)
