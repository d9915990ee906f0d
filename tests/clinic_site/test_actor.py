"""Who does something, as it is written down."""

import pytest
from django.test import RequestFactory

from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.crypto.key_ring import blind_index


def test_a_patient_is_a_hash_under_a_key_and_staff_a_name_and_an_address(settings) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    patient = Actor.patient(request)
    request.user = User(username="sam")
    staff = Actor.staff(request)
    settings.DIGEST_KEY = "another key, another key, another key"

    assert (staff.name, staff.source, staff.account) == ("sam", "192.0.2.7", request.user)
    assert (patient.name, patient.account, len(patient.source)) == ("(patient)", None, 64)
    assert Actor.patient(request).source != patient.source
    assert Actor.patient(RequestFactory().get("/", REMOTE_ADDR="")).source == ""


@pytest.mark.parametrize("kind", ["phone", "sender"])
def test_a_blind_index_depends_on_the_key(settings, kind: str) -> None:
    before = blind_index(kind, "+16055550142")
    settings.DIGEST_KEY = "another key, another key, another key"

    assert blind_index(kind, "+16055550142") != before
