"""What happens at the clinic in the stories about mail: a patient writes, a worker works."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from appointments.models import AppointmentRequest
from appointments.services.submit import receive_request
from clinic_site import actor
from clinic_site.actor import Actor
from clinic_site.mail.worker import Worker
from clinic_site.models import MailChoice, OutboxMessage
from tests.make import answers_to

NOON = dt.datetime.fromisoformat("2026-03-09T12:00-05:00")
PATIENT = Actor(actor.PATIENT, source="a" * 64)


def send_request(**answers: Any) -> AppointmentRequest:
    """A patient sends the form, in words of this request's own."""
    attempt = uuid.uuid4()
    return receive_request(
        attempt=attempt,
        answers=answers_to(
            **{
                "email": "ana@home.example",
                "email_ok": True,
                "message": f"My spine hurts {attempt.hex[:6]}",
                **answers,
            }
        ),
        honeypot=False,
        by=PATIENT,
    )


def work() -> int:
    """A worker does what is due; return how many mails it sent."""
    return Worker().do_all()


def the_mail() -> OutboxMessage:
    return OutboxMessage.objects.get()


def ready(client: Client) -> bool:
    return client.get("/readyz").status_code == 200


def make_desk(name: str = "desk", *kinds: str) -> User:
    """A member of staff who may see requests, and gets these kinds of mail."""
    user = User.objects.create_user(name, f"{name}@clinic.example", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_appointmentrequest"))
    for kind in kinds:
        MailChoice.objects.create(user=user, kind=kind)
    return user
