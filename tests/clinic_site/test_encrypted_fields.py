"""Encrypted columns: what they store, and what they give back."""

import pytest

from clinic_site.crypto.fields import Ciphertext, EncryptedJSONField
from clinic_site.crypto.key_ring import decrypt


@pytest.mark.parametrize("value", [{"name": "Łucja", "days": ["mon"], "agreed": False, "no": None}])
def test_a_json_object_is_one_encrypted_text(value: dict) -> None:
    field = EncryptedJSONField()

    stored = field.get_prep_value(value)

    assert "Łucja" not in stored
    assert "days" not in stored
    assert field.from_text(decrypt(stored)) == value
    assert field.get_prep_value(Ciphertext(stored)) == stored  # as it was read


def test_an_empty_json_object_is_stored_empty() -> None:
    field = EncryptedJSONField()

    assert field.get_default() == {}
    assert field.get_prep_value({}) == ""
    assert field.from_text("") == {}
