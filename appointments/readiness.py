"""What `status` tells of requests."""

import datetime as dt

from django.db.models import Count, Min
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services.waiting import count_overdue
from clinic_site.clinic import read_clinic
from clinic_site.readiness import Finding, adds_check


@adds_check("requests")
def requests_waiting() -> Finding:
    """How many wait, and since when; nothing of the site is broken when they do."""
    waiting, now = AppointmentRequest.objects.waiting(), timezone.now()
    told = waiting.aggregate(count=Count("pk"), oldest=Min("received_at"))
    text = f"{told['count']} waiting, {count_overdue(read_clinic(), now)} for too long"
    if told["oldest"]:
        text += f", the oldest for {(now - told['oldest']) // dt.timedelta(hours=1)} hours"
    return Finding(True, text)
