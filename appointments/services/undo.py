"""Undoing what was done by mistake."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from appointments.audit import REQUEST
from appointments.models import AppointmentRequest, StatusChange
from appointments.services.workflow import InvalidTransition
from appointments.states import Status
from clinic_site.actor import Actor
from clinic_site.audit.record import Action, record


def undo(*, pk: int, by: Actor) -> AppointmentRequest:
    """Undo closing a request. Raises InvalidTransition where it is too late for that."""
    with transaction.atomic():
        row = AppointmentRequest.objects.select_for_update(of=("self",)).get(pk=pk)
        last = row.changes.order_by("pk").last()
        since = timezone.now() - settings.UNDO_WITHIN
        if last is None or last.at < since or row.status != Status.CLOSED:
            raise InvalidTransition
        StatusChange.objects.create(
            request=row, from_status=row.status, to_status=last.from_status, by=by.name
        )
        row.status, row.close_reason, row.status_at = last.from_status, "", timezone.now()
        row.version += 1
        row.save(update_fields=["status", "close_reason", "status_at", "version"])
        record(Action.CHANGED, REQUEST, [row.reference], by=by, detail="undone")
    return row
