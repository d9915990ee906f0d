"""What `status` tells of requests."""

from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services.waiting import count_overdue
from clinic_site.clinic import read_clinic
from clinic_site.readiness import Finding, adds_check


@adds_check("requests")
def requests_waiting() -> Finding:
    """How many wait; nothing of the site is broken when they do."""
    waiting = AppointmentRequest.objects.waiting().count()
    overdue = count_overdue(read_clinic(), timezone.now())
    return Finding(True, f"{waiting} waiting, {overdue} for too long")
