"""What people typed is encrypted from the first row on, and opens only with its key."""

import json
import re

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection, models

from appointments.answers import SCHEMA, Answer, content_hash, from_document, to_document
from appointments.models import AppointmentRequest, NameWord, Note, StatusChange
from appointments.services.search import phone_index
from clinic_site.claims import hashed_address
from clinic_site.crypto.fields import EncryptedTextField
from clinic_site.crypto.key_ring import CannotRead
from tests.make import INPUTS, answers_to, make_request

TYPED = {
    "kind": "question",
    "condition": "marker-condition",
    "patient_name": "Marker Patient",
    "phone": "605-555-0199 marker",
    "voicemail_ok": "on",
    "email": "marker@example.com",
    "email_ok": "on",
    "asking_for": "on",
    "contact_name": "Marker Contact",
    "message": "Marker message",
    "date_of_birth_month": "7",
    "date_of_birth_day": "19",
    "date_of_birth_year": "1931",
    "contact_by": "email",
    "patient_status": "returning",
    "visit_days": ["thu"],
    "visit_time": "afternoon",
    "interpreter_language": "Marker language",
    "access_needs": "Marker needs",
}
# In clear, beside times, numbers and what Django keys rows by: nothing that anyone typed.
CLEAR = {
    *("reference", "attempt", "content_hash", "origin", "status", "suspicion", "close_reason"),
    *("phone_index", "phone_end_index", "email_index"),
    *("from_status", "to_status", "by", "kind", "index"),
}
NUMBERS = (models.DateField, models.IntegerField, models.ForeignKey)


def stored_rows() -> str:
    """All rows of the app's tables as the database holds them."""
    rows = []
    with connection.cursor() as cursor:
        for model in apps.get_app_config("appointments").get_models():
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            rows += cursor.fetchall()
    return repr(rows)


def test_each_column_is_encrypted_or_known_to_hold_nothing_that_anyone_typed() -> None:
    for model in (AppointmentRequest, Note, StatusChange, apps.get_model("appointments.nameword")):
        for field in model._meta.local_fields:
            if not isinstance(field, (EncryptedTextField, *NUMBERS)):
                assert field.name in CLEAR, f"{model.__name__}.{field.name}"


@pytest.mark.django_db
def test_the_database_holds_none_of_what_was_typed() -> None:
    assert set(TYPED) == set(INPUTS)
    typed = ("visit_place", "change_request", "set_aside_reason")
    row = make_request(**TYPED, **{name: f"Marker {name}" for name in typed})
    Note.objects.create(request=row, text="Marker note")

    # Without what is encrypted, whose letters are as chance has them: "thu" can be among them.
    stored = re.sub(r"gAAAA[\w-]+=*", "", stored_rows())

    assert row.reference in stored
    for mark in ("arker", "1931-07", "5550199", "question", "thu", "afternoon", "returning"):
        assert mark not in stored
    read = AppointmentRequest.objects.get(pk=row.pk)
    assert read.answers == answers_to(**TYPED)
    assert [getattr(read, name) for name in typed] == [f"Marker {name}" for name in typed]


@pytest.mark.django_db
def test_the_order_of_the_rows_does_not_tell_which_word_of_a_name_comes_first() -> None:
    make_request(patient_name="Abel Benno Carl Dora Emil", contact_name="Frida Gustav Hanna")

    stored = list(NameWord.objects.order_by("pk").values_list("index", flat=True))

    assert len(stored) == 8
    assert stored == sorted(stored)  # a digest, which tells nothing of the word


@pytest.mark.django_db
def test_a_hash_tells_nothing_to_who_has_no_key(settings, rf) -> None:
    request = rf.get("/", REMOTE_ADDR="192.0.2.7")

    def hashes() -> set[str]:
        return {content_hash(answers_to(**TYPED)), hashed_address(request), phone_index("+1605")}

    before = hashes()
    settings.DIGEST_KEY = "another key for the hashes of this test"

    assert len(before | hashes()) == 6


@pytest.mark.django_db
def test_an_older_key_of_the_ring_still_opens(settings) -> None:
    row = make_request(message="Before the change of keys")
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]

    read = AppointmentRequest.objects.get(pk=row.pk)

    assert read.answer("message") == "Before the change of keys"


@pytest.mark.django_db
def test_without_its_key_a_value_raises_and_the_row_stays_as_it_is(settings) -> None:
    stored = make_request(message="Only with the key")
    keys, settings.FIELD_KEYS = settings.FIELD_KEYS, [Fernet.generate_key().decode()]
    read = AppointmentRequest.objects.get(pk=stored.pk)

    with pytest.raises(CannotRead):
        _ = read.answers
    read.status = "contacting"
    read.save()

    settings.FIELD_KEYS = keys
    again = AppointmentRequest.objects.get(pk=stored.pk)
    assert (again.status, again.answer("message")) == ("contacting", "Only with the key")


@pytest.mark.django_db
def test_an_encrypted_column_cannot_be_filtered_on() -> None:
    with pytest.raises(TypeError, match="encrypted"):
        AppointmentRequest.objects.filter(visit_place="Room 2")


@pytest.mark.django_db
def test_a_request_prints_as_its_reference_only() -> None:
    stored = make_request()

    assert str(stored) == stored.reference
    assert "López" not in repr(stored)


# As each schema stored it. None of these ever changes: such rows are in databases.
STORED = {
    1: """{"schema": 1, "answers": {
        "patient_name": {"question": "Name?", "value": "Zoë Łuk", "words": "Zoë Łuk"},
        "phone": {"question": "Phone?", "value": {"number": "+16055550142", "beside": "cell"},
                  "words": "605-555-0142 (cell)"},
        "email_ok": {"question": "Mail?", "value": false, "words": "No"},
        "visit_days": {"question": "Days?", "value": ["mon", "thu"], "words": "Monday, Thursday"}
    }}"""
}


@pytest.mark.parametrize("schema", range(1, SCHEMA + 1))
def test_answers_of_each_schema_are_read(schema: int) -> None:
    answers = from_document(json.loads(STORED[schema]))

    assert answers == {
        "patient_name": Answer("Name?", "Zoë Łuk", "Zoë Łuk"),
        "phone": Answer(
            "Phone?", {"number": "+16055550142", "beside": "cell"}, "605-555-0142 (cell)"
        ),
        "email_ok": Answer("Mail?", False, "No"),
        "visit_days": Answer("Days?", ["mon", "thu"], "Monday, Thursday"),
    }
    assert to_document(answers)["schema"] == SCHEMA


def test_an_older_document_is_lifted_and_a_newer_one_is_refused(monkeypatch) -> None:
    def lift(document: dict) -> dict:
        return {"schema": 1, "answers": {"message": Answer("?", document["said"], "!").__dict__}}

    monkeypatch.setattr("appointments.answers._LIFTS", {0: lift})

    assert from_document({"schema": 0, "said": "Hello"}) == {"message": Answer("?", "Hello", "!")}
    with pytest.raises(CannotRead, match="newer release"):
        from_document({"schema": SCHEMA + 1, "answers": {}})
