"""The queue's other pages in the admin: entering a request by phone, and the record of one."""

import logging
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from appointments.audit import REQUEST
from appointments.forms.staff import EnteredRequestForm
from appointments.models import AppointmentRequest
from appointments.references import typed_reference
from appointments.services.submit import SentBefore, enter_request
from appointments.staff.base import StaffView
from appointments.tokens import new_attempt, read_attempt
from clinic_site.actor import Actor
from clinic_site.audit.models import AuditEvent
from clinic_site.audit.record import Action, record

logger = logging.getLogger(__name__)


class EnterView(StaffView):
    """Enter a request that was taken by phone, with the questions of the public form."""

    permission = "change"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(EnteredRequestForm(initial={"attempt": new_attempt()}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = EnteredRequestForm(request.POST)
        attempt = read_attempt(request.POST.get("attempt", ""))
        if attempt is None:
            notice = _("This form was not ours. Check it, and enter it once more.")
            return self.page_again(notice)
        if not form.is_valid():
            return self.page(form)
        try:
            entered = enter_request(
                attempt=attempt, answers=form.answers(), by=Actor.staff(request)
            )
        except SentBefore:
            return self.page_again(
                _("You entered this form before, with other words. Is this another request?")
            )
        except (DatabaseError, InterfaceError) as error:
            logger.error("Request not entered: %s", type(error).__name__)
            notice = _("It was not stored. What you typed is still here: try it again.")
            return self.page(form, notice, status=503)
        messages.success(
            request, _("Entered as %s. Read this reference to the caller.") % entered.reference
        )
        address = reverse("admin:appointments_appointmentrequest_change", args=[entered.pk])
        return HttpResponseRedirect(address, status=303)

    def page_again(self, notice: str) -> HttpResponse:
        """Return the form with what was typed under a fresh attempt, and say why."""
        data = self.request.POST.copy()
        data["attempt"] = new_attempt()
        return self.page(EnteredRequestForm(data), notice)

    def page(
        self, form: EnteredRequestForm, notice: str = "", *, status: int = 200
    ) -> HttpResponse:
        """Return the form; it looks as patients see it, so it has nothing of the admin's."""
        context = {"form": form, "notice": notice}
        return render(self.request, "appointments/enter.html", context, status=status)


class RecordView(StaffView):
    """Who saw or changed one request, also one that is purged, for a manager."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.reference = kwargs["reference"]

    def refuse_without(self, permission: str) -> None:
        if typed_reference(self.reference) != self.reference:
            raise Http404
        self.model_admin.refuse_without(
            self.request, permission, self.reference, of="clinic_site.view_auditevent"
        )

    def get(self, request: HttpRequest, reference: str) -> HttpResponse:
        requests = AppointmentRequest.objects.filter(reference=reference)
        appointment_request = requests.only("received_at").first()
        record(Action.VIEWED, REQUEST, [reference], by=Actor.staff(request), detail="its record")
        # A list names many requests in one row, so no index tells which: the day it came in ends
        # the search.
        events = AuditEvent.objects.filter(subject_kind=REQUEST, references__contains=reference)
        if appointment_request is not None:
            events = events.filter(at__gte=appointment_request.received_at)
        found = list(events[: settings.RECORD_ROWS + 1])
        shown = found[: settings.RECORD_ROWS]
        return self.show(
            "admin/appointments/record.html",
            _("Who saw or changed %s") % reference,
            appointment_request=appointment_request,
            events=shown,
            more=len(found) > len(shown),
        )
