"""The encrypted column of answers: what it stores, and what it gives back."""

from appointments.answers import Answer, AnswersField
from clinic_site.crypto.fields import Ciphertext
from clinic_site.crypto.key_ring import decrypt


def test_answers_are_one_encrypted_text() -> None:
    answers = {
        "name": Answer("Name?", "Łucja", "Łucja"),
        "days": Answer("Days?", ["mon"], "Monday"),
        "agreed": Answer("Agreed?", False, "no"),
        "no": Answer("Else?", None, ""),
    }
    field = AnswersField()

    stored = field.get_prep_value(answers)

    assert "Łucja" not in stored
    assert "days" not in stored
    assert field.from_text(decrypt(stored)) == answers
    assert field.get_prep_value(Ciphertext(stored)) == stored  # as it was read


def test_no_answers_are_stored_empty() -> None:
    field = AnswersField()

    assert field.get_default() == {}
    assert field.get_prep_value({}) == ""
    assert field.from_text("") == {}
