"""What a person answered to a form's questions, as it is stored and as it is read.

The form is the only list of questions (appointments.forms.request); no name of one stands here.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from clinic_site.crypto.fields import EncryptedTextField
from clinic_site.crypto.key_ring import CannotRead, blind_index

SCHEMA = 1
# From a schema to the next one: what makes the newer document of an older one, and nothing else.
_LIFTS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


@dataclass(frozen=True)
class Answer:
    """One answer: its value, and the question and the answer in the words in which they were read.

    The value is what JSON can hold; the words stay true when the form has changed.
    """

    question: str
    value: Any
    words: str


Answers = Mapping[str, Answer]  # by the names of the questions, in the order of the form


def to_document(answers: Answers) -> dict[str, Any]:
    """Return what is stored of the answers."""
    stored = {name: asdict(answer) for name, answer in answers.items()}
    return {"schema": SCHEMA, "answers": stored}


def from_document(document: dict[str, Any]) -> dict[str, Answer]:
    """Return the answers of a stored document, also of an older schema.

    Raises CannotRead for one that a newer release stored.
    """
    if document["schema"] > SCHEMA:
        raise CannotRead("These answers were stored by a newer release.")
    while document["schema"] < SCHEMA:
        document = _LIFTS[document["schema"]](document)
    return {name: Answer(**stored) for name, stored in document["answers"].items()}


def content_hash(answers: Answers) -> str:
    """Return a keyed hash of the answers that are not empty: equal for equal answers.

    It tells nothing of them to whoever does not have the key.
    """
    given = {name: answer.value for name, answer in answers.items() if answer.value}
    return blind_index("content", json.dumps(given, sort_keys=True))


class AnswersField(EncryptedTextField):
    """The answers of a request (`Answers`), in one encrypted column; none are stored empty.

    Each reading of the attribute opens it anew, so read it once; assign to it to change it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"default": dict, **kwargs})

    def from_text(self, text: str) -> dict[str, Answer]:
        return from_document(json.loads(text)) if text else {}

    def to_text(self, value: Answers) -> str:
        return json.dumps(to_document(value), ensure_ascii=False) if value else ""
