"""The front page, the menu and the lists show everyone what they may do, and nothing beside."""

import datetime as dt
import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from appointments.models import AppointmentRequest
from clinic_site.crypto.key_check import KeyState
from clinic_site.models import Clinic
from clinic_site.todo import open_shortcuts
from conditions.models import Condition
from tests.generated import SOAK
from tests.make import (
    edited,
    make_account,
    make_condition,
    make_one_of_each,
    make_request,
    make_treatment,
    published,
    sign_in_as,
    signed_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]

CONTENT = Path("conditions/content")
WITHOUT_PAGES = [CONTENT / f"{name}.yaml" for name in ("neal-khurana", "notice-privacy")]
LAST_WEEK = timezone.now() - dt.timedelta(days=7)


@pytest.fixture(autouse=True)
def _waiting() -> None:
    Clinic.objects.create(pk=1)
    make_request()
    make_request()
    make_request(change_requested_at=timezone.now())
    make_request(status="scheduled", visit_at=LAST_WEEK)


def links(page: str, path: str = "/admin/") -> set[str]:
    """Where a page leads to in the admin."""
    there = {urljoin(path, each) for each in re.findall(r'href="([^"#?]*)', page)}
    return {each for each in there if each.startswith("/admin/")}


def whole_admin(client: Client) -> dict[str, str]:
    """Every page that links lead to from the front page, by its address; each of them opens."""
    pages: dict[str, str] = {}
    ahead = ["/admin/"]
    while ahead:
        path = ahead.pop()
        answer = client.get(path)
        assert answer.status_code in {200, 302}, path
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        pages[path] = answer.text if is_page else ""
        ahead += links(pages[path], path) - {*pages, *ahead}
    return pages


@pytest.mark.parametrize(
    "roles",
    [["manager"], [], *([["clinician"], ["scheduler"], ["scheduler", "manager"]] if SOAK else [])],
)
def test_every_link_in_the_admin_opens_for_who_sees_it(roles: list[str]) -> None:
    call_command("load_content", *WITHOUT_PAGES, verbosity=0)
    make_one_of_each()

    pages = whole_admin(sign_in_as(*roles, name="them"))

    assert len(pages) > 10 or not roles


def test_an_address_with_a_character_that_no_database_takes_leads_nowhere() -> None:
    everything = sign_in_as("editor", "scheduler", "manager")

    for page in (
        *(
            "user/?groups__name=%00",
            "user/?email=%00",
            "auditevent/?actor=%00",
            "auditevent/?action=%00",
        ),
        *("outboxmessage/?kind=%00", "outboxmessage/?state__exact=%00", "picture/%00/bytes/"),
    ):
        assert everything.get(f"/admin/clinic_site/{page}").status_code == 404, page


def test_an_editors_whole_admin_shows_nothing_of_requests() -> None:
    call_command("load_content", *WITHOUT_PAGES, verbosity=0)
    rows = make_one_of_each()
    references = [*AppointmentRequest.objects.values_list("reference", flat=True)]

    pages = whole_admin(sign_in_as("editor", name="eve"))

    assert f"/admin/conditions/condition/{rows['condition']}/change/" in pages
    for path, page in pages.items():
        assert not any(reference in page for reference in references), path
        assert "appointmentrequest" not in page, path
        counts = r"\d+ (new )?(requests?|patients?|visits?|mails?)\b"
        assert not re.search(counts, page), path


def test_a_manager_is_led_to_how_requests_wait_and_to_no_request() -> None:
    page = sign_in_as("manager").get("/admin/").text

    requests = {each for each in links(page) if "appointmentrequest" in each}
    assert requests == {"/admin/appointments/appointmentrequest/report/"}
    assert not re.search(r"\d+ requests wait", page)


def test_the_record_of_a_request_leads_to_it_only_those_who_open_it() -> None:
    row = make_request()
    record = f"/admin/appointments/appointmentrequest/record/{row.reference}/"

    assert "Back to the request" not in sign_in_as("manager", name="mia").get(record).text
    both = sign_in_as("manager", "scheduler", name="kim")
    assert "Back to the request" in both.get(record).text


def test_a_superuser_sees_no_count() -> None:
    page = signed_in(make_account("root", "manager", is_superuser=True)).get("/admin/").text

    assert "appointmentrequest" not in page


@pytest.mark.parametrize(("role", "leads_to"), [("editor", "revisions"), ("clinician", "sign")])
def test_a_page_to_sign_leads_each_to_what_they_can_do(role: str, leads_to: str) -> None:
    page = make_condition()
    published(page, clinical_change=True)

    assert f"/admin/conditions/condition/{page.pk}/{leads_to}/" in links(
        sign_in_as(role).get("/admin/").text
    )


def shortcuts(client: Client) -> list[str]:
    """The words of each link in the front page's list of pages."""
    page = client.get("/admin/").text
    found = re.search(r'(?s)<section[^>]* id="shortcuts".*?</section>', page)
    return re.findall(r"<a [^>]*>([^<]*)</a>", found[0]) if found else []


def test_the_pages_changed_last_are_a_click_away_for_who_may_see_them() -> None:
    for number in range(9):
        make_condition(slug=f"page-{number}", title=f"Page {number}")
    unnamed = make_treatment(slug="unnamed", title="")
    edited(Condition.objects.get(ref="page-3"), title="The one & only")

    latest = ["The one &amp; only", unnamed.ref, *(f"Page {n}" for n in (8, 7, 6, 5, 4, 2))]
    for role in ("editor", "clinician"):
        assert shortcuts(sign_in_as(role, name=role)) == latest
    for role in ("scheduler", "manager"):
        own = ["Today’s visits"] if role == "scheduler" else []
        assert shortcuts(sign_in_as(role, name=role)) == [*own, "How requests wait"]


def test_the_list_of_pages_takes_one_query(django_assert_num_queries) -> None:
    make_condition()
    make_treatment()
    with django_assert_num_queries(1):
        assert len(open_shortcuts(bool)) == 2 + 2
    with django_assert_num_queries(0):
        assert open_shortcuts(lambda _permission: False) == []


def test_a_wrong_key_is_told_to_those_who_can_have_it_mended(monkeypatch) -> None:
    monkeypatch.setattr("appointments.todo.key_state", lambda: KeyState.WRONG_FIELD_KEYS)
    shut = "Requests can neither be sent nor read."
    root = signed_in(make_account("root", is_superuser=True))

    for client in (sign_in_as("manager"), root):
        page = client.get("/admin/").text
        assert shut in page
        assert "/admin/appointments/appointmentrequest/" not in links(page)
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
    assert (
        "/admin/clinic_site/mailchoice/" in links(sign_in_as(role).get("/admin/").text)
    ) == chooses
