"""Test data: each make_* helper gives a valid thing; name what the story is about."""

import datetime as dt
import io
import uuid
from typing import Any

from django.utils import timezone
from PIL import Image

from appointments.answers import Answer
from appointments.forms.request import RequestForm
from appointments.models import AppointmentRequest, Note
from appointments.services.submit import insert_with_indexes
from appointments.states import CloseReason, Status
from clinic_site.access.roles import Role
from clinic_site.models import Notice, Physician, Picture
from clinic_site.pictures import read_picture
from conditions.models import Condition, Section, Source, Treatment
from conditions.publishing import publish, sign
from tests.accounts import by, make_account, make_signer


def make_condition(**values: Any) -> Condition:
    """A draft of a condition with an emergency section and one source."""
    slug = values.get("slug", "sore-back")
    condition = Condition.objects.create(
        **{
            "slug": slug,
            "title": "Sore back",
            "name": "a sore back",
            "summary": "A back that hurts.",
            **values,
        }
    )
    Section.objects.create(
        page=condition,
        kind="emergency",
        heading="Call 911 if:",
        body="- your legs are numb",
    )
    Section.objects.create(
        page=condition,
        kind="overview",
        heading="What it is",
        body="It hurts 1 in 5 people.[^survey]",
    )
    Source.objects.create(page=condition, key="survey", title="A survey", year=2020)
    return condition


def make_treatment(**values: Any) -> Treatment:
    """A draft of a treatment."""
    return Treatment.objects.create(
        **{
            "slug": "rest",
            "title": "Rest",
            "name": "rest",
            "summary": "Lying down.",
            "body_site": "vertebra",
            **values,
        }
    )


def make_picture(alt: str = "A teal wall") -> Picture:
    """A stored picture, which no page shows."""
    png = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(png, "PNG")
    png.seek(0)
    picture = read_picture(png, alt=alt)
    picture.save()
    return picture


def make_request(**values: Any) -> AppointmentRequest:
    """A stored request, with what finds it; answers and columns are given by their names."""
    answers = {name: values.pop(name) for name in INPUTS if name in values}
    if values.get("status") == Status.CLOSED:
        values.setdefault("close_reason", CloseReason.ANSWERED)
    if values.get("status") == Status.SCHEDULED:
        values.setdefault("visit_at", timezone.now() + dt.timedelta(days=7))
    request = AppointmentRequest(
        **{
            "attempt": uuid.uuid4(),
            "content_hash": "0" * 64,
            "answers": answers_to(**answers),
            **values,
        }
    )
    insert_with_indexes(request)
    return request


# The names under which a browser sends the answers; a date has several.
INPUTS = [
    name + part
    for name in RequestForm.questions()
    for part in getattr(RequestForm.base_fields[name].widget, "widgets_names", [""])
]


def answers_to(**answers: Any) -> dict[str, Answer]:
    """What the form makes of these answers beside the required ones."""
    form = RequestForm(form_answers("", **answers))
    assert form.is_valid(), form.errors
    return form.answers()


def form_answers(attempt: str, **values: Any) -> dict[str, Any]:
    """What a browser sends for a form with the required answers, and words of this attempt's own.

    So each story's request is another one, though they stand in one database.
    """
    return {
        "attempt": attempt,
        "kind": "appointment",
        "patient_name": "Ana María López",
        "phone": "(605) 555-0142",
        "email": "",
        "message": f"My back hurts. {attempt[:8]}",
        "website": "",
        **values,
    }


def make_one_of_each() -> dict[str, int]:
    """A row of each kind that the admin shows, for the tests of all its pages, by their ids.

    The condition was published twice, signed in between, and changed since; the treatment is a
    draft.
    """
    staff = make_account("staff", *Role)
    condition = make_condition()
    first = publish(page=condition, by=by(staff), meaning=True, note="First")
    due = timezone.localdate() + dt.timedelta(days=365)
    sign(revision=first, by=make_signer(staff, "Dr. Test"), next_due=due)
    overview = Section.objects.filter(page=condition, kind="overview")
    overview.update(body="It hurts 2 in 5 people.[^survey]")
    publish(page=condition, by=by(staff), meaning=True)
    overview.update(body="It hurts 3 in 5 people.[^survey]")
    requests = [make_request(status=status, message="It hurts.") for status in Status]
    Note.objects.create(request=requests[0], kind="voicemail", text="Left my name.", by=staff)
    picture = make_picture(alt="A small teal picture")
    rows = {
        "condition": condition,
        "treatment": make_treatment(),
        "request": requests[0],
        "picture": picture,
        "user": staff,
        "notice": Notice.objects.all()[0],
        "physician": Physician.objects.all()[0],
    }
    return {name: row.pk for name, row in rows.items()}
