"""The form is the only list of questions: whoever adds one adds it there, and nowhere else."""

import json

import pytest
from django import forms
from django.test import Client

from appointments.answers import Answer, content_hash
from appointments.forms.request import EnteredRequestForm, RequestForm
from appointments.models import AppointmentRequest
from appointments.tokens import status_token
from tests.appointments.office import QUEUE, address
from tests.forms import tree_of
from tests.make import answers_to, form_answers, make_request
from tests.running import make_attempt

pytestmark = pytest.mark.on_sqlite

FORM = "/appointments/request/"


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions of the plainest kinds, declared in the form alone."""
    questions: dict[str, forms.Field] = {
        "favorite_chair": forms.CharField(label="Which chair suits you?", required=False),
        "pets": forms.MultipleChoiceField(
            label="Which pets do you have?",
            choices=[("cat", "A cat"), ("dog", "A dog")],
            widget=forms.CheckboxSelectMultiple,
            required=False,
        ),
        "hurt_on": forms.DateField(label="When did it begin?", required=False),
        "insured": forms.BooleanField(label="I am insured", required=False),
    }
    for form in (RequestForm, EnteredRequestForm):  # which has it from that, once it is declared
        monkeypatch.setattr(form, "base_fields", {**form.base_fields, **questions})


@pytest.mark.django_db
def test_a_question_that_is_added_to_the_form_alone_is_stored_and_read(
    made_up: None, client: Client, sam: Client
) -> None:
    page = client.get(FORM).text
    assert "Which chair suits you?" in page[page.rindex("<details") : page.rindex("</details>")]
    added = {"favorite_chair": "A <soft> one", "pets": ["cat", "dog"], "hurt_on": "2026-01-31"}

    sent = client.post(FORM, form_answers(make_attempt(), **added, insured="on"))

    assert sent.status_code == 303
    row = AppointmentRequest.objects.get()
    assert row.answers["favorite_chair"] == Answer(
        "Which chair suits you?", "A <soft> one", "A <soft> one"
    )
    assert row.answers["pets"] == Answer("Which pets do you have?", ["cat", "dog"], "A cat, A dog")
    read = [(each.question, each.words) for each in row.answers.values()]
    staffs_page = sam.get(address(row)).text
    by_phone = sam.get(f"{QUEUE}enter/").text
    for question, words in (
        ("Which chair suits you?", "A &lt;soft&gt; one"),
        ("Which pets do you have?", "A cat, A dog"),
        ("When did it begin?", "Jan. 31, 2026"),
        ("I am insured", "Yes"),
    ):
        assert (question, words.replace("&lt;", "<").replace("&gt;", ">")) in read
        assert question in by_phone
        assert f"<dt>{question}</dt>\n<dd>\n{words}\n</dd>" in staffs_page


@pytest.mark.django_db
def test_each_question_of_the_form_is_in_the_copy_in_its_order(client: Client) -> None:
    row = make_request(
        condition="sore-back",
        kind="question",
        email="ana@example.com",
        asking_for="on",
        contact_name="Jo",
        message="Why?",
        date_of_birth_month="4/27/1950",
        contact_by="email",
        patient_status="new",
        visit_days=["tue"],
        visit_time="any",
        interpreter_language="Lakota",
        access_needs="A ramp",
    )
    copy = f"/appointments/status/{status_token(row.attempt)}/copy/"

    page = client.post(copy, {"phone": "605-555-0142"}).text

    asked = [str(RequestForm.base_fields[name].label) for name in RequestForm.questions()]
    found = [" ".join("".join(each.itertext()).split()) for each in tree_of(page).iter("dt")]
    assert found == asked


@pytest.mark.django_db
def test_equal_answers_have_an_equal_hash_and_others_another() -> None:
    same = content_hash(answers_to(message="It hurts"))

    assert same == content_hash(answers_to(message=" It hurts ", phone="+1 605 555 0142"))
    others = [
        {"message": "It hurts!"},
        {"message": "It hurts", "voicemail_ok": "on"},
        {"message": "It hurts", "phone": "605-555-0142 cell"},
        {"message": "It hurts", "visit_time": "any"},
    ]
    hashes = {content_hash(answers_to(**each)) for each in others}
    assert len({same, *hashes}) == 5


@pytest.mark.django_db
def test_a_hash_of_answers_cannot_be_made_without_the_key(settings) -> None:
    answers = answers_to()
    before = content_hash(answers)

    settings.DIGEST_KEY = "another key, another key, another key"

    assert content_hash(answers) != before
    plain = json.dumps({name: each.value for name, each in answers.items() if each.value})
    assert plain not in before


@pytest.mark.django_db
def test_a_condition_that_was_taken_back_meanwhile_is_kept(client: Client, sam: Client) -> None:
    client.post(FORM, form_answers(make_attempt(), condition="sore-back"))

    row = AppointmentRequest.objects.get()
    assert row.answers["condition"].value == "sore-back"
    assert "An appointment, Sore back." in sam.get(address(row)).text
