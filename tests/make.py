"""Test data: each make_* helper gives a valid thing; name what the story is about.

Staff are accounts with roles, signed in without a password.
"""

import base64
import dataclasses
import datetime as dt
import io
import json
import time
import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import TOTP
from PIL import Image

from appointments.answers import Answer
from appointments.forms.request import RequestForm
from appointments.models import AppointmentRequest, Note
from appointments.services.submit import insert_with_indexes
from appointments.states import CloseReason, Status
from clinic_site.access.models import TotpDevice, User
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
from conditions.publishing.drafts import (
    autosave,
    create_page,
    discard,
    draft_document,
    form_of,
    replace_draft,
)
from conditions.publishing.publish import publish
from conditions.publishing.signing import sign

SECRET = "NQ3GK3TEMVZCA43UOJUW4ZZAMZXXEIDF"  # of each app in the stories
PASSWORD = "correct horse battery"


def make_account(name: str, *roles: str, **values: Any) -> User:
    """An account with these roles, or the one of that name; no password opens it."""
    user = User.objects.filter(username=name).first()
    user = user or User.objects.create_user(name, **{"is_staff": True, **values})
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def by(user: User) -> Actor:
    """This account, as it does something."""
    return Actor(user.username, user)


def make_signer(user: User, name: str = "Dr. Jane Doe") -> Actor:
    """This account, which signs by this name: a manager confirmed it."""
    user.first_name = user.confirmed_name = name
    user.name_confirmed_by = make_account("who confirmed", "manager", is_active=False)
    user.save()
    return by(user)


def app_of(user: User) -> TotpDevice:
    """An app that shows codes for this account."""
    device, _made = TotpDevice.objects.get_or_create(user=user, defaults={"secret": SECRET})
    return device


def code_now(secret: str = SECRET) -> str:
    """The code that an app shows now."""
    return f"{TOTP(base64.b32decode(secret)).token():06}"


def with_password(name: str, *roles: str, **values: Any) -> User:
    """An account with these roles, and PASSWORD."""
    user = make_account(name, *roles, **values)
    user.set_password(PASSWORD)
    user.save()
    return user


def signed_in(user: User) -> Client:
    """A browser in which this account is signed in, with its app."""
    client = Client(SERVER_NAME="localhost", REMOTE_ADDR="192.0.2.7")
    client.force_login(user)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = app_of(user).persistent_id
    for name in ("signed_in_at", "seen_at", "proved_at"):
        session[name] = int(time.time())
    session.save()
    return client


def is_in(client: Client, **where: Any) -> bool:
    """Whether the admin opens in this browser."""
    return client.get("/admin/", **where).status_code == 200


def sign_in_as(*roles: str, name: str = "") -> Client:
    """A browser in which somebody with these roles, and no others, is signed in."""
    return signed_in(make_account(name or "-".join(roles) or "nobody", *roles))


def cookie_of(name: str, *roles: str) -> str:
    """The cookie of such a browser, as JSON, for one that asks the running site."""
    client = sign_in_as(*roles, name=name)
    cookie = settings.SESSION_COOKIE_NAME
    return json.dumps({"name": cookie, "value": client.cookies[cookie].value})


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
        "sections": [Section(kind="overview", heading="What it is", body="You lie down.")],
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


def picture_file() -> io.BytesIO:
    """A picture, as somebody uploads it."""
    png = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(png, "PNG")
    png.seek(0)
    return png


def make_picture(alt: str = "A teal wall") -> Picture:
    """A stored picture, which no page shows."""
    picture = read_picture(picture_file(), alt=alt)
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
