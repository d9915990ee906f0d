"""Personal data is encrypted from the first row on, and opens only with its key."""

import datetime as dt

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from appointments.models import AppointmentRequest
from clinic_site.crypto.fields import EncryptedTextField
from clinic_site.crypto.key_ring import CannotRead
from tests.make import make_request

PERSONAL = {
    "contact_name": "Marker Contact",
    "patient_name": "Marker Patient",
    "date_of_birth": dt.date(1931, 7, 19),
    "phone": "+16055550199",
    "email": "marker@example.com",
    "interpreter_language": "Marker language",
    "access_needs": "Marker needs",
    "message": "Marker message",
    "change_wanted": "Marker change",
}


def row_as_stored(reference: str) -> str:
    """The whole row as the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM appointments_appointmentrequest WHERE reference = %s", [reference]
        )
        return repr(cursor.fetchone())


@pytest.mark.django_db
def test_every_personal_field_is_of_the_encrypted_kind() -> None:
    encrypted = {
        field.name
        for field in AppointmentRequest._meta.get_fields()
        if isinstance(field, EncryptedTextField)
    }
    assert encrypted == set(PERSONAL)


@pytest.mark.django_db
def test_the_database_holds_none_of_what_was_typed() -> None:
    stored = make_request(**PERSONAL)

    row = row_as_stored(stored.reference)

    assert stored.reference in row
    for mark in ("Marker", "marker", "1931", "6055550199"):
        assert mark not in row
    read = AppointmentRequest.objects.get(pk=stored.pk)
    assert {name: getattr(read, name) for name in PERSONAL} == PERSONAL


@pytest.mark.django_db
def test_a_value_left_empty_stays_empty() -> None:
    read = AppointmentRequest.objects.get(pk=make_request().pk)

    assert read.email == ""
    assert read.date_of_birth is None


@pytest.mark.django_db
def test_an_older_key_of_the_ring_still_opens(settings) -> None:
    stored = make_request(message="Before the change of keys")
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]

    assert AppointmentRequest.objects.get(pk=stored.pk).message == "Before the change of keys"


@pytest.mark.django_db
def test_without_its_key_a_value_raises_and_the_row_stays_as_it_is(settings) -> None:
    stored = make_request(message="Only with the key")
    keys, settings.FIELD_KEYS = settings.FIELD_KEYS, [Fernet.generate_key().decode()]
    read = AppointmentRequest.objects.get(pk=stored.pk)

    with pytest.raises(CannotRead):
        _ = read.message
    read.status = "contacting"
    read.save()

    settings.FIELD_KEYS = keys
    again = AppointmentRequest.objects.get(pk=stored.pk)
    assert (again.status, again.message) == ("contacting", "Only with the key")


@pytest.mark.django_db
def test_an_encrypted_field_cannot_be_filtered_on() -> None:
    with pytest.raises(TypeError, match="encrypted"):
        AppointmentRequest.objects.filter(patient_name="Ana")


@pytest.mark.django_db
def test_a_request_prints_as_its_reference_only() -> None:
    stored = make_request()

    assert str(stored) == stored.reference
    assert "López" not in repr(stored)
