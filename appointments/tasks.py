"""How many requests wait, for the list on the admin's front page."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import ngettext

from appointments.models import AppointmentRequest
from clinic_site.tasks import Task, adds_tasks


@adds_tasks
def waiting_tasks() -> Iterable[Task]:
    """One task, first of all, while requests wait."""
    count = AppointmentRequest.objects.waiting().count()
    if count:
        text = ngettext("%d request waits.", "%d requests wait.", count) % count
        yield Task(text, reverse("admin:appointments_appointmentrequest_changelist"), first=True)
