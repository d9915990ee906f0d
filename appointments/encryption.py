"""Personal data at rest: encrypted columns and the key ring that opens them.

The ring is settings.FIELD_KEYS: Fernet keys, the first one encrypts, each one decrypts.
"""

import datetime as dt
import functools
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class CannotRead(Exception):
    """An encrypted value was not made by any key of the ring."""


@functools.lru_cache(maxsize=1)
def _fernets(keys: tuple[str, ...]) -> list[Fernet]:
    return [Fernet(key) for key in keys]


def _ring() -> MultiFernet:
    return MultiFernet(_fernets(tuple(settings.FIELD_KEYS)))


def encrypt(text: str) -> str:
    """Return `text` encrypted under the current key."""
    return _ring().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Return the text that `encrypt` was given; raise CannotRead where no key opens it."""
    try:
        return _ring().decrypt(token.encode()).decode()
    except InvalidToken:
        raise CannotRead("No key of FIELD_KEYS opens this value.") from None


def key_number(token: str) -> int | None:
    """Return which key of the ring opens a value, the current one being 1; None where none does."""
    for number, key in enumerate(_fernets(tuple(settings.FIELD_KEYS)), start=1):
        try:
            key.decrypt(token.encode())
        except InvalidToken:
            continue
        return number
    return None


def fingerprint(key: str) -> str:
    """Return a short name for a key, which tells nothing of it.

    >>> fingerprint("Zm9yLXRlc3RzLW9ubHktZm9yLXRlc3RzLW9ubHktMDE=")
    'fea03496'
    """
    return hashlib.sha256(key.encode()).hexdigest()[:8]


class Ciphertext(str):
    """A value as it stands in the database, not opened yet."""


class _Opened:
    """Opens a field's value when it is asked for, not when its row is loaded.

    So a list that does not show a value never decrypts it, and one row that no key opens
    does not keep the others from being read.
    """

    def __init__(self, field: "EncryptedTextField") -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            instance.refresh_from_db(fields=[name])
        value = instance.__dict__[name]
        if isinstance(value, Ciphertext):
            return self.field.from_text(decrypt(value) if value else "")
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):
    """Text that the database only ever sees encrypted; an empty one stays empty.

    It cannot be filtered on. Reading the attribute raises CannotRead where no key opens it;
    saving the row leaves a value that was not changed as it is.
    """

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        """Put the field on the model, with the descriptor that opens it."""
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Opened(self))

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow only the lookup for emptiness; equal texts have unequal ciphertexts."""
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise TypeError(f"{self.name} is encrypted and cannot be searched by {lookup_name}.")

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        """Keep what the database gave closed."""
        return Ciphertext(value or "")

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the value to save; one that was never opened stays as it is."""
        return model_instance.__dict__[self.attname]

    def get_prep_value(self, value: Any) -> str:
        """Return what the database stores."""
        if isinstance(value, Ciphertext):
            return str(value)
        text = self.to_text(value)
        return encrypt(text) if text else ""

    def from_text(self, text: str) -> Any:
        """Return the value that `text` stands for."""
        return text

    def to_text(self, value: Any) -> str:
        """Return the text that stands for a value."""
        return value or ""


class EncryptedDateField(EncryptedTextField):
    """A date (or None) that the database only ever sees encrypted."""

    def from_text(self, text: str) -> dt.date | None:
        """Return the date of ISO text; None for none."""
        return dt.date.fromisoformat(text) if text else None

    def to_text(self, value: dt.date | None) -> str:
        """Return the date in ISO form; empty for None."""
        return value.isoformat() if value else ""

    def to_python(self, value: Any) -> Any:
        """Take dates and ISO text."""
        return dt.date.fromisoformat(value) if isinstance(value, str) and value else value or None
