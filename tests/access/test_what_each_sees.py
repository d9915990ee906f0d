"""The front page, the menu and the lists show everyone what they may do, and nothing beside."""

import datetime as dt
import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from appointments.models import AppointmentRequest
from clinic_site.crypto.key_check import KeyState
from clinic_site.models import Clinic
from conditions.publishing import publish
from tests.accounts import make_account, sign_in_as, signed_in
from tests.make import make_condition, make_one_of_each, make_request

pytestmark = pytest.mark.django_db

LAST_WEEK = timezone.now() - dt.timedelta(days=7)


@pytest.fixture(autouse=True)
def _waiting() -> None:
    Clinic.objects.create(pk=1)
    make_request()
    make_request()
    make_request(change_requested_at=timezone.now())
    make_request(status="scheduled", visit_at=LAST_WEEK)


def links(client: Client, path: str = "/admin/") -> set[str]:
    """Where a page leads to in the admin, without its own anchors."""
    found = re.findall(r'href="(/admin/[^"#?]*)', client.get(path).text)
    return {each for each in found if each not in {"/admin/jsi18n/", "/admin/password_change/"}}


@pytest.mark.parametrize(
    "roles",
    [
        *(["editor"], ["clinician"], ["scheduler"], ["manager"], []),
        ["editor", "clinician", "scheduler", "manager"],
    ],
    ids=lambda roles: "-".join(roles) or "nobody",
)
def test_every_link_of_the_front_page_opens_for_who_sees_it(roles: list[str]) -> None:
    publish(page=make_condition(), by=None, meaning=True)
    client = sign_in_as(*roles)

    for link in links(client):
        assert client.get(link).status_code == 200, link


def test_an_editors_whole_admin_shows_nothing_of_requests() -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    rows = make_one_of_each()
    editor = sign_in_as("editor", name="eve")
    seen, open_ = set(), ["/admin/"]
    references = {*AppointmentRequest.objects.values_list("reference", flat=True)}
    while open_:
        path = open_.pop()
        answer = editor.get(path)
        seen.add(path)
        if "text/html" not in answer.headers.get("Content-Type", ""):
            continue
        assert answer.status_code in {200, 302}, path
        text = re.sub(r'<input type="hidden" name="csrfmiddlewaretoken"[^>]*>', "", answer.text)
        assert not any(reference in text for reference in references), path
        assert "appointmentrequest" not in text, path
        assert not re.search(r"\d+ (new )?(requests?|patients?|visits?|mails?)\b", text), path
        open_ += [each for each in links(editor, path) if each not in {*seen, *open_}]

    assert f"/admin/conditions/condition/{rows['condition']}/change/" in seen
    assert len(seen) > 15


def test_a_manager_sees_how_many_requests_there_are_and_no_way_to_them() -> None:
    page = sign_in_as("manager").get("/admin/").text

    assert '<h2 id="figures-heading">Requests</h2>' in page
    assert re.search(r"<li>new: 3</li>", page)
    assert "appointmentrequest" not in page
    assert "requests wait" not in page


def test_the_record_of_a_request_leads_to_it_only_those_who_open_it() -> None:
    row = make_request()
    record = f"/admin/appointments/appointmentrequest/record/{row.reference}/"

    assert "Back to the request" not in sign_in_as("manager", name="mia").get(record).text
    both = sign_in_as("manager", "scheduler", name="kim")
    assert "Back to the request" in both.get(record).text


def test_a_superuser_sees_no_count() -> None:
    page = signed_in(make_account("root", "manager", is_superuser=True)).get("/admin/").text

    assert "figures-heading" not in page
    assert "appointmentrequest" not in page


@pytest.mark.parametrize(("role", "leads_to"), [("editor", "revisions"), ("clinician", "sign")])
def test_a_page_to_sign_leads_each_to_what_they_can_do(role: str, leads_to: str) -> None:
    page = make_condition()
    publish(page=page, by=None, meaning=True)

    assert f"/admin/conditions/condition/{page.pk}/{leads_to}/" in links(sign_in_as(role))


def test_a_wrong_key_is_told_to_those_who_can_have_it_mended(monkeypatch) -> None:
    monkeypatch.setattr("appointments.todo.key_state", lambda: KeyState.WRONG_FIELD_KEYS)
    shut = "Requests can neither be sent nor read."
    root = signed_in(make_account("root", is_superuser=True))

    for client in (sign_in_as("manager"), root):
        page = client.get("/admin/").text
        assert shut in page
        assert "appointmentrequest" not in page
    assert shut in sign_in_as("scheduler").get("/admin/").text
    assert shut not in sign_in_as("editor").get("/admin/").text


def test_who_has_no_role_reads_whom_to_ask() -> None:
    make_account("mia", "manager", first_name="Mia", last_name="Muster")

    page = sign_in_as(name="new").get("/admin/").text

    assert "Your account has no role yet" in page
    assert "Mia Muster" in page
    assert "Recent actions" not in page
    assert "no role yet" not in sign_in_as("editor").get("/admin/").text


@pytest.mark.parametrize(
    ("role", "chooses"),
    [("editor", False), ("clinician", False), ("scheduler", True), ("manager", True)],
)
def test_the_menu_offers_mail_to_those_who_can_get_some(role: str, chooses: bool) -> None:
    assert ("/admin/clinic_site/mailchoice/" in links(sign_in_as(role))) == chooses
