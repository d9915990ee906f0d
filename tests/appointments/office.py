"""Who is in the stories about requests: patients who write, the front desk, and a worker."""

import datetime as dt
import html
import re
import secrets
import uuid
from typing import Any

from django.test import Client
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services.submit import receive_request
from clinic_site import actor
from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.mail.worker import Worker
from clinic_site.models import AuditEvent, MailChoice, OutboxMessage
from tests.make import answers_to, form_answers, make_account
from tests.running import Answer, Site, Visitor

FIND = "/appointments/status/"
# Visits that are always to come, whatever the day is: in summer, and in winter.
NEXT_YEAR = dt.datetime.now(dt.UTC).year + 1
SUMMER_VISIT = dt.datetime(NEXT_YEAR, 7, 6, 19, 30, tzinfo=dt.UTC)  # 2:30 PM in Chicago
WINTER_VISIT = dt.datetime(NEXT_YEAR, 1, 5, 20, 0, tzinfo=dt.UTC)  # 2:00 PM there
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


def without_attributes(page: str) -> str:
    """A page without the values of its attributes: a token may spell anything."""
    return re.sub(r'"[^"]*"', '""', page).lower()


def work() -> int:
    """A worker does what is due; return how many mails it sent."""
    return Worker().do_all()


def the_mail() -> OutboxMessage:
    return OutboxMessage.objects.get()


def ready(client: Client) -> bool:
    return client.get("/readyz").status_code == 200


def make_desk(name: str = "desk", *kinds: str) -> User:
    """A scheduler, who gets these kinds of mail."""
    user = make_account(name, "scheduler", email=f"{name}@clinic.example")
    for kind in kinds:
        MailChoice.objects.create(user=user, kind=kind)
    return user


class Patient(Visitor):
    """A patient with a request of their own, at an address of their own."""

    def __init__(self, site: Site, **answers: object) -> None:
        super().__init__(site.address)
        self.site = site
        self.ip = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
        answers = {**form_answers(site.attempt()), **answers}
        sent = self.post("/appointments/request/", answers)
        assert sent.status == 303, sent.words
        self.confirmation = self.get(sent.headers["Location"])
        found = re.search(r"VIS-[0-9A-Z]{4}-[0-9A-Z]{4}", self.confirmation.words)
        assert found
        self.reference = found[0]
        self.page = next(
            link for link in self.confirmation.links() if link.startswith(FIND) and link != FIND
        )

    def _ask(self, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        return super()._ask(path, data, {"X-Forwarded-For": self.ip, **headers})

    def row(self, code: str) -> str:
        """Run code on the request's row `r`; save it; return what was printed."""
        start = f"import datetime as dt; r = R.objects.get(reference='{self.reference}');"
        return self.site.shell(start + code)

    def becomes(self, status: str, **values: object) -> None:
        """Staff move the request on."""
        values["status"] = status
        changes = ";".join(f"r.{name} = {value!r}" for name, value in values.items())
        self.row(f"import datetime; {changes}; r.version += 1; r.save()")


QUEUE = "/admin/appointments/appointmentrequest/"


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
    return filled("schedule", visit_on=f"{day}", visit_time=time, visit_place=place)


def filled(step: str = "leave", **form: str) -> dict[str, str]:
    """What a request's form sends when staff choose this step and save."""
    return {"do": "save", "next": step, **form}


def events(**values: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(**values).order_by("pk"))


def without_breaks(page: str) -> str:
    """A page's HTML, its entities read, without the white space that no browser shows."""
    page = re.sub(r"\s+", " ", html.unescape(page))
    return re.sub(r"> | <", lambda found: found[0].strip(), page)


def listed(page: str) -> list[str]:
    """The references of the requests in a page's list, in order."""
    return re.findall(r">(VIS-\w{4}-\w{4})</a>", page)
