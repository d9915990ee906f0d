"""Who saw or changed one request, in the admin."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from appointments.audit import REQUEST
from appointments.models import AppointmentRequest
from appointments.references import typed_reference
from appointments.staff.base import StaffView
from clinic_site.actor import Actor
from clinic_site.audit.models import AuditEvent
from clinic_site.audit.record import Action, record


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
