"""The contact page says what is true of the clinic, and what to know before a visit."""

import pytest
from django.test import Client

from appointments.tokens import received_token
from clinic_site.clinic import Remembered
from clinic_site.models import Clinic
from clinic_site.todo import open_todo
from tests.make import make_request

pytestmark = pytest.mark.on_sqlite

LINK = 'href="/contact/#before-your-visit"'
TASK = "Say what patients should know before a visit."


@pytest.fixture
def clinic() -> Clinic:
    return Clinic.objects.create(pk=1)


def change(clinic: Clinic, **values: object) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(**values)
    for remembered in Remembered.everything:
        remembered.forget()


@pytest.mark.django_db
def test_before_your_visit_is_hidden_until_the_clinic_writes_it(
    client: Client, clinic: Clinic
) -> None:
    confirmation = f"/appointments/received/{received_token(make_request().attempt)}/"
    assert 'id="before-your-visit"' not in client.get("/contact/").text
    for path in ("/", "/contact/", confirmation, "/no-such-page/"):
        assert LINK not in client.get(path).text
    assert TASK in {task.text for task in open_todo(bool)}

    change(clinic, before_visit="Bring:\n\n- your list of medicines")

    page = client.get("/contact/").text
    section = page[page.index('<section id="before-your-visit"') :]
    assert "<li>your list of medicines</li>" in section
    for path in ("/", "/contact/", "/no-such-page/"):
        assert client.get(path).text.count(LINK) == 1
    assert client.get(confirmation).text.count(LINK) == 2
    assert TASK not in {task.text for task in open_todo(bool)}


@pytest.mark.django_db
def test_contact_shows_what_the_clinic_has_given_and_no_more(
    client: Client, clinic: Clinic
) -> None:
    page = client.get("/contact/").text
    for absent in ("Address", "Email", "Opening hours", "within"):
        assert absent not in page

    change(clinic, street="1 Main St", city="Sioux Falls", state="SD", answer_within_hours=8)

    page = client.get("/contact/").text
    assert "<address>1 Main St<br>Sioux Falls, SD</address>" in page
    assert "We do so within 8 hours." in page
