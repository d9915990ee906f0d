"""Who works at the front desk in the stories about the queue, and where they look."""

import datetime as dt
import re

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from appointments.models import AppointmentRequest
from clinic_site.models import AuditEvent

QUEUE = "/admin/appointments/appointmentrequest/"


def make_staff(name: str, *permissions: str) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(user)
    return client


def address(request: AppointmentRequest) -> str:
    return f"{QUEUE}{request.pk}/change/"


def record_of(request: AppointmentRequest) -> str:
    return f"{QUEUE}record/{request.reference}/"


def version_on(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def visit_in(days: int, time: str = "10:30", place: str = "") -> dict[str, str]:
    day = timezone.localdate() + dt.timedelta(days=days)
    return {"do": "schedule", "visit_on": f"{day}", "visit_time": time, "visit_place": place}


def events(**values: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(**values).order_by("pk"))
