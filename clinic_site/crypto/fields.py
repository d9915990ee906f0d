"""Columns that the database only ever sees encrypted, under settings.FIELD_KEYS."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from clinic_site.crypto.key_ring import decrypt, encrypt


class Ciphertext(str):
    """A value as it stands in the database, not opened yet."""


class _Opened(DeferredAttribute):
    """Opens a value when it is asked for: one that no key opens keeps no row from being loaded."""

    field: "EncryptedTextField"

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Ciphertext):
            return self.field.from_text(decrypt(value) if value else "")
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):
    """Text that the database only ever sees encrypted; an empty one stays empty.

    Equal texts are stored unequal, so it cannot be filtered on. Reading the attribute raises
    CannotRead where no key opens it; saving the row leaves a value that was not changed as it is.
    """

    descriptor_class = _Opened

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise TypeError(f"{self.name} is encrypted and cannot be searched by {lookup_name}.")

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return Ciphertext(value or "")

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        # One that was never opened stays as it is.
        return model_instance.__dict__[self.attname]

    def get_prep_value(self, value: Any) -> str:
        if isinstance(value, Ciphertext):
            return str(value)
        text = self.to_text(value)
        return encrypt(text) if text else ""

    def from_text(self, text: str) -> Any:
        return text

    def to_text(self, value: Any) -> str:
        return value or ""


def encrypted_columns() -> Iterator[tuple[type[models.Model], list[str]]]:
    """Yield every model that has encrypted fields, with their columns."""
    for model in apps.get_models():
        fields = model._meta.local_fields
        if columns := [each.attname for each in fields if isinstance(each, EncryptedTextField)]:
            yield model, columns
