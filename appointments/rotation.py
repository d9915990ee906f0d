"""Which key every encrypted value of the database is under, and bringing all under the current one.

Values are handled as they are stored; none is opened but to be written again. Whatever model has
an EncryptedTextField takes part.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models, transaction

from appointments.keys import KeyCheck
from clinic_site.crypto.fields import Ciphertext, EncryptedTextField
from clinic_site.crypto.key_ring import decrypt, encrypt, key_number

BATCH = 50  # rows; on SQLite nobody else writes while a batch is written, some 20 ms
PASSES = 5
NAMED = 20  # values that no key opens and that are named one by one

Model = type[models.Model]
Row = tuple[Any, ...]  # its primary key, then its encrypted values


@dataclass
class Tally:
    """What was seen of the database's values, and what was done to them."""

    rows: int = 0
    by_key: Counter[int] = field(default_factory=Counter)  # values, by the key that opens them
    rewritten: Counter[int] = field(
        default_factory=Counter
    )  # values, by the key they had been under
    unopened: Counter[str] = field(default_factory=Counter)  # by model and field
    named: list[str] = field(default_factory=list)  # where the first of those stand

    @property
    def all_current(self) -> bool:
        """Whether no value is under an earlier key."""
        return not any(number > 1 for number in self.by_key)

    def see(self, model: Model, columns: list[str], row: Row) -> bool:
        """Count a row's values; return whether one is under an earlier key."""
        self.rows += 1
        earlier = False
        for column, token in zip(columns, row[1:], strict=True):
            number = key_number(token) if token else 1
            if number is None:
                self.unopened[f"{model.__name__}.{column}"] += 1
                if len(self.named) < NAMED:
                    self.named.append(f"{_name(model, row[0])} ({column})")
            elif token:
                self.by_key[number] += 1
                earlier = earlier or number > 1
        return earlier


Watcher = Callable[[Tally], None]


def encrypted_columns() -> list[tuple[Model, list[str]]]:
    """Return every model that has encrypted fields, with their columns; the keys' check last."""
    found = []
    for model in apps.get_models():
        fields = [each for each in model._meta.local_fields if isinstance(each, EncryptedTextField)]
        if fields:
            found.append((model, [each.attname for each in fields]))
    return sorted(found, key=lambda each: each[0] is KeyCheck)


def count_rows() -> int:
    """Return how many rows have encrypted fields."""
    return sum(model._base_manager.count() for model, _columns in encrypted_columns())


def count_by_key(watch: Watcher = lambda tally: None) -> Tally:
    """Look at every value; `watch` is called after each batch. Changes nothing."""
    tally = Tally()
    for model, columns in encrypted_columns():
        for rows in _batches(model, columns):
            for row in rows:
                tally.see(model, columns, row)
            watch(tally)
    return tally


def reencrypt(watch: Watcher = lambda tally: None) -> Tally:
    """Bring every value under the current key; return what the last look found, and what was done.

    A process that read a row before it was rewritten can put its old values back, so it looks
    again until a look finds nothing to do, `PASSES` times at most; then the tally is not
    `all_current`. Killed at any time, it has written each row as it was or under the current key.
    """
    rewritten: Counter[int] = Counter()
    for _pass in range(PASSES):
        tally = Tally(rewritten=rewritten)
        for model, columns in encrypted_columns():
            if model is KeyCheck and not tally.all_current:
                continue  # so that a start without the earlier key fails while values need it
            for rows in _batches(model, columns):
                earlier = [row[0] for row in rows if tally.see(model, columns, row)]
                if earlier:
                    started = time.monotonic()
                    rewritten += _rewrite(model, columns, earlier)
                    # As long again for others: SQLite has no queue of those who wait to write.
                    time.sleep(time.monotonic() - started)
                watch(tally)
        if tally.all_current:
            break
    return tally


def _batches(model: Model, columns: list[str]) -> Iterator[list[Row]]:
    """Go through a table by its primary key, so that rows added meanwhile shift nothing."""
    everything = model._base_manager.order_by("pk").values_list("pk", *columns)
    rows = list(everything[:BATCH])
    while rows:
        yield rows
        rows = list(everything.filter(pk__gt=rows[-1][0])[:BATCH])


def _rewrite(model: Model, columns: list[str], keys: list[Any]) -> Counter[int]:
    """Bring these rows' values under the current key; return how many were under which."""
    done: Counter[int] = Counter()
    with transaction.atomic():
        # Locked and read again, as someone may have written since.
        locked = model._base_manager.filter(pk__in=keys).order_by("pk")
        rows = locked.select_for_update(no_key=True).values_list("pk", *columns)
        for pk, *tokens in list(rows):
            changed = {}
            for column, token in zip(columns, tokens, strict=True):
                number = key_number(token) if token else 1
                if number is not None and number > 1:
                    changed[column] = Ciphertext(encrypt(decrypt(token)))
                    done[number] += 1
            if changed:
                model._base_manager.filter(pk=pk).update(**changed)
    return done


def _name(model: Model, pk: Any) -> str:
    """Return a row's reference where it has one, else its model and number."""
    if any(each.name == "reference" for each in model._meta.local_fields):
        names = model._base_manager.filter(pk=pk).values_list("reference", flat=True)
        return str(names.first())
    return f"{model.__name__} {pk}"
