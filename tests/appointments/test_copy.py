"""A patient sees what they told us: by the link and the phone number, and by nothing less."""

import re

import pytest
from cryptography.fernet import Fernet
from django import forms
from django.test import Client

from appointments.forms.request import RequestForm
from appointments.models import AppointmentRequest
from appointments.tokens import mail_token, received_token, status_token
from clinic_site.crypto.fields import Ciphertext
from clinic_site.models import AuditEvent
from tests.appointments.office import FIND, Patient
from tests.make import form_answers, make_request
from tests.running import Site, make_attempt

pytestmark = pytest.mark.on_sqlite

PHONE = "(605) 555-0142"
CANNOT_OPEN = "We cannot open this with that number."


def test_the_right_number_shows_all_that_was_sent_and_no_browser_keeps_it(site: Site) -> None:
    # Given a patient who sent much, a tag and two lines among it,
    patient = Patient(
        site,
        message="It <b>hurts</b>\nat night",
        email="marked@example.com",
        email_ok="on",
        asking_for="on",
        contact_name="Jo O'Brien",
        visit_days=["tue", "thu"],
        date_of_birth_month="4/27/1950",
        access_needs="A ramp",
    )
    # who follows the confirmation's link, or that of their own page,
    copy = patient.page + "copy/"
    assert copy in patient.confirmation.links()
    assert copy in patient.get(patient.page).links()
    asked = patient.get(copy)
    asked.assert_valid_html()
    assert "hurts" not in asked.text
    assert patient.reference not in asked.text

    # when they give a wrong number, it stays shut;
    wrong = patient.post(copy, {"phone": "605-555-0199"})
    wrong.assert_valid_html()
    assert "<title>Error: " in wrong.text
    assert wrong.words.count(CANNOT_OPEN) == 2  # in the summary, and at the field
    assert wrong.value_of("phone") == "605-555-0199"
    assert "hurts" not in wrong.text

    # with theirs, it shows each answer and none of what was not asked of them;
    shown = patient.post(copy, {"phone": "605 555 0142"})
    assert shown.status == 200
    shown.assert_valid_html()
    assert "<dd>\nIt &lt;b&gt;hurts&lt;/b&gt;<br>at night\n</dd>" in shown.text
    read = ("An appointment", "Ana María López", "605-555-0142", "marked@example.com")
    for words in (*read, "Jo O'Brien", "Tuesday, Thursday", "April 27, 1950", "A ramp"):
        assert words in shown.words
    assert str(RequestForm.base_fields["interpreter_language"].label) not in shown.words
    assert "<button" not in shown.text
    # and loaded again, it is the same page.
    assert patient.post(copy, {"phone": "605 555 0142"}).text == shown.text
    for answer in (asked, wrong, shown):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        assert '<meta name="referrer" content="no-referrer">' in answer.text
        assert '<meta name="robots" content="noindex">' in answer.text
    shell = "from clinic_site.models import AuditEvent as E;"
    seen = (
        f"{shell} print(*E.objects.filter(detail='copy of the answers').values_list('references'))"
    )
    assert site.shell(seen).count(patient.reference) == 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [("", "Enter the phone number you gave us."), ("call me", "Enter a full phone number")],
)
def test_a_number_that_is_none_is_told_at_its_field(client: Client, db, typed, told) -> None:
    page = client.post(f"{FIND}{status_token(make_request().attempt)}/copy/", {"phone": typed}).text

    assert "<title>Error: " in page
    assert page.count(told) == 2


@pytest.mark.django_db
def test_a_question_that_is_added_to_the_form_alone_is_in_the_copy(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up = {"favorite_chair": forms.CharField(label="Which chair suits you?", required=False)}
    monkeypatch.setattr(RequestForm, "base_fields", {**RequestForm.base_fields, **made_up})
    client.post(
        "/appointments/request/", form_answers(make_attempt(), favorite_chair="A <soft> one")
    )
    row = AppointmentRequest.objects.get()

    page = client.post(f"{FIND}{status_token(row.attempt)}/copy/", {"phone": PHONE}).text

    assert "<dt>Which chair suits you?</dt>\n<dd>\nA &lt;soft&gt; one\n</dd>" in page


@pytest.mark.django_db
def test_wrong_numbers_count_with_the_wrong_pairs_of_the_search(client: Client) -> None:
    row = make_request(message="Marked")
    pages = [
        f"{FIND}{status_token(row.attempt)}/copy/",
        f"/appointments/mail/{mail_token(row.attempt)}/",
    ]
    for page in pages:
        for number in range(4):
            assert CANNOT_OPEN in client.post(page, {"phone": f"605-555-02{number:02}"}).text
    for number in range(2):
        client.post(FIND, {"reference": row.reference, "phone": f"605-555-03{number:02}"})

    # Ten were wrong: now the right one opens nothing either, whoever sends it.
    for page in pages:
        answer = client.post(page, {"phone": PHONE}, REMOTE_ADDR="198.51.100.7")
        assert answer.status_code == 200
        assert CANNOT_OPEN in answer.text
        assert "Marked" not in answer.text
    rows = AuditEvent.objects.filter(action="refused")
    assert rows.count() == 12
    assert {each.detail for each in rows} == {"wrong pair", "after too many tries"}


@pytest.mark.django_db
def test_no_other_token_and_no_get_opens_the_copy(client: Client) -> None:
    row = make_request(message="Marked")
    forged = ("forged", mail_token(row.attempt), received_token(row.attempt))
    for token in forged:
        for answer in (
            client.get(f"{FIND}{token}/copy/"),
            client.post(f"{FIND}{token}/copy/", {"phone": PHONE}),
        ):
            assert answer.status_code == 404
            assert "Marked" not in answer.text
    for token in ("forged", status_token(row.attempt), received_token(row.attempt)):
        answer = client.post(f"/appointments/mail/{token}/", {"phone": PHONE})
        assert answer.status_code == 404
    page = client.get(f"{FIND}{status_token(row.attempt)}/copy/?phone=6055550142").text
    assert "Marked" not in page
    assert "0142" not in page


@pytest.mark.django_db
def test_another_sites_form_opens_nothing(client: Client) -> None:
    row = make_request(message="Marked")

    answer = client.post(
        f"{FIND}{status_token(row.attempt)}/copy/",
        {"phone": PHONE},
        headers={"Origin": "https://evil.example"},
    )

    assert "send it once more" in answer.text
    assert "Marked" not in answer.text


@pytest.mark.django_db
def test_answers_that_no_key_opens_are_told(client: Client) -> None:
    row = make_request()
    unread = Ciphertext(Fernet(Fernet.generate_key()).encrypt(b"Lost words").decode())
    AppointmentRequest.objects.update(answers=unread)

    answer = client.post(f"{FIND}{status_token(row.attempt)}/copy/", {"phone": PHONE})

    assert answer.status_code == 200
    assert "We cannot show it here now. Please call us." in answer.text


@pytest.mark.django_db
def test_the_copy_ends_when_the_request_is_erased(client: Client) -> None:
    row = make_request()
    pages = [
        f"{FIND}{status_token(row.attempt)}/copy/",
        f"/appointments/mail/{mail_token(row.attempt)}/",
    ]
    row.delete()
    for page in pages:
        assert client.get(page).status_code == 404
        assert client.post(page, {"phone": PHONE}).status_code == 404
        assert re.search("605-217-5617", client.get(page).text)
