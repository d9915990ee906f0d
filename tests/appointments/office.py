"""What happens at the clinic in the stories about mail: a patient writes, a worker works."""

import datetime as dt
import uuid
from typing import Any

from django.test import Client, RequestFactory

from appointments.models import AppointmentRequest, OutboxMessage
from appointments.receiving import receive_request
from appointments.worker import Worker
from tests.make import answers_to

NOON = dt.datetime.fromisoformat("2026-03-09T12:00-05:00")
PHONE = RequestFactory().post("/appointments/request/")


def send_request(**answers: Any) -> AppointmentRequest:
    """A patient sends the form."""
    return receive_request(
        attempt=uuid.uuid4(),
        attempt_age=dt.timedelta(minutes=3),
        answers=answers_to(
            **{
                "email": "ana@home.example",
                "email_ok": True,
                "message": "My spine hurts",
                **answers,
            }
        ),
        honeypot=False,
        by=PHONE,
    )


def work() -> int:
    """A worker does what is due; return how many mails it sent."""
    return Worker().do_all()


def the_mail() -> OutboxMessage:
    return OutboxMessage.objects.get()


def ready(client: Client) -> bool:
    return client.get("/readyz").status_code == 200
