"""Test data: each make_* helper gives a valid thing; name what the story is about."""

import dataclasses
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
from clinic_site.actor import Actor
from clinic_site.models import Notice, Physician, Picture
from clinic_site.pictures import read_picture
from conditions.content.document import (
    ConditionDocument,
    PageDocument,
    Section,
    Source,
    TreatmentDocument,
)
from conditions.content.parts import Sent
from conditions.models import Condition, Page, Revision, Treatment
from conditions.publishing.drafts import autosave, create_page, discard, replace_draft
from conditions.publishing.form_state import draft_document, form_of
from conditions.publishing.publish import publish
from conditions.publishing.signing import sign
from tests.accounts import by, make_account, make_signer

SECTIONS = {
    "emergency": ("Call 911 if:", "- your legs are numb"),
    "overview": ("What it is", "It hurts 1 in 5 people.[^survey]"),
}


def make_condition(**values: Any) -> Condition:
    """A draft of a condition with an emergency section and one source."""
    plain = {
        "slug": "sore-back",
        "title": "Sore back",
        "name": "a sore back",
        "summary": "A back that hurts.",
        "sections": [Section(kind=k, heading=h, body=b) for k, (h, b) in SECTIONS.items()],
        "sources": [Source(key="survey", title="A survey", year="2020")],
    }
    return Condition.objects.get(pk=_made(ConditionDocument, plain | values).pk)


def make_treatment(**values: Any) -> Treatment:
    """A draft of a treatment."""
    plain = {
        "slug": "rest",
        "title": "Rest",
        "name": "rest",
        "summary": "Lying down.",
        "sections": [],
    }
    return Treatment.objects.get(pk=_made(TreatmentDocument, plain | values).pk)


def _made(kind: type[PageDocument], values: dict[str, Any]) -> Page:
    values = {
        name: tuple(each) if isinstance(each, list) else each for name, each in values.items()
    }
    return create_page(document=kind(**values), by=None)


def edited(page: Page, section: dict[str, Any] | None = None, **values: Any) -> Page:
    """The page once someone has saved these values of its document by hand.

    `section` gives texts by their kind: a body, heading and body, or None where it goes.
    """
    page = Page.objects.get(pk=page.pk)
    document = draft_document(page)
    sections = {each.kind: each for each in document.sections}
    for kind, change in (section or {}).items():
        heading = sections[kind].heading if kind in sections else f"About {kind}"
        heading, body = change if isinstance(change, tuple) else (heading, change)
        sections[kind] = Section(kind=kind, heading=heading, body=body or "")
        if change is None:
            del sections[kind]
    values = {"sections": tuple(sections.values()), **values}
    replace_draft(page=page, document=dataclasses.replace(document, **values), by=None)
    return Page.objects.select_related("review").get(pk=page.pk)


def published(page: Page, *, by: Actor | None = None, clinical_change: bool = False) -> Revision:
    """The live revision of a page whose draft is published now."""
    page = Page.objects.get(pk=page.pk)
    assert page.draft is not None
    return publish(page=page, revision=page.draft, by=by, clinical_change=clinical_change)


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

    The condition was published twice, signed in between, and saved since; one text was set
    aside, and one is typed and not saved. The treatment is a draft.
    """
    staff = make_account("staff", *Role)
    condition = make_condition()
    first = published(condition, by=by(staff), clinical_change=True)
    due = timezone.localdate() + dt.timedelta(days=365)
    sign(revision=first, by=make_signer(staff, "Dr. Test"), next_due=due)
    published(edited(condition, {"overview": "It hurts 2 in 5 people.[^survey]"}), by=by(staff))
    edited(condition, {"overview": "It hurts 3 in 5 people.[^survey]"})
    page = Page.objects.get(pk=condition.pk)
    for words in ("Set aside.", "Typed."):
        state = form_of(page, staff)
        values = state.values | {"summary": words}
        autosave(page=page, by=by(staff), sent=Sent(values, state.opened, state.shown))
        if words == "Set aside.":
            discard(page=page, by=by(staff))
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
