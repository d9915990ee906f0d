"""Test data: each make_* helper gives a valid thing; name what the story is about."""

import uuid
from typing import Any

from appointments.models import AppointmentRequest
from conditions.models import Condition, Section, Source, Treatment


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
        position=10,
    )
    Section.objects.create(
        page=condition,
        kind="overview",
        heading="What it is",
        body="It hurts 1 in 5 people.[^survey]",
        position=20,
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


def make_request(**values: Any) -> AppointmentRequest:
    """A stored request."""
    return AppointmentRequest.objects.create(
        **{
            "attempt": uuid.uuid4(),
            "digest": "0" * 64,
            "kind": "appointment",
            "patient_name": "Ana María López",
            "phone": "+16055550142",
            **values,
        }
    )


def form_answers(attempt: str, **values: Any) -> dict[str, Any]:
    """What a browser sends for a form with just the required answers."""
    return {
        "attempt": attempt,
        "kind": "appointment",
        "asking_for": "self",
        "patient_name": "Ana María López",
        "phone": "(605) 555-0142",
        "contact_by": "phone",
        "patient_status": "unsure",
        "visit_time": "any",
        "website": "",
        **values,
    }
