"""Which key each encrypted value of the database is under, and bringing all under the current one.

Values are handled as they are stored; none is opened but to be written again.
"""

import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.management.base import OutputWrapper
from django.db import models, transaction

from clinic_site.crypto.fields import Ciphertext, encrypted_columns
from clinic_site.crypto.key_ring import decrypt, encrypt, key_number
from clinic_site.crypto.models import KeyCheck
from clinic_site.management.progress import Progress

Model = type[models.Model]


@dataclass
class Tally:
    """What one look found of the database's values, and what was done to them."""

    by_key: Counter[int] = field(default_factory=Counter)  # values, by the key that opened them
    rewritten: Counter[int] = field(default_factory=Counter)  # in this look and those before
    unopened: Counter[str] = field(default_factory=Counter)  # by model and field
    named: list[str] = field(default_factory=list)  # where the first of those stand

    @property
    def all_current(self) -> bool:
        """Whether no value was under an earlier key."""
        return not self.by_key.keys() - {1}

    def see(self, model: Model, pk: Any, column: str, token: str) -> int:
        """Count a stored value; return the number of its key, 0 where there is none."""
        if not token:
            return 0
        if number := key_number(token):
            self.by_key[number] += 1
            return number
        self.unopened[f"{model.__name__}.{column}"] += 1
        if len(self.named) < settings.REENCRYPT_NAMED:
            self.named.append(f"{_name(model, pk)} ({column})")
        return 0


def count_by_key(out: OutputWrapper) -> Tally:
    """Look at every value, and tell `out` how far it is; change nothing."""
    return _look(Tally(), out, rewrite=False)


def reencrypt(out: OutputWrapper) -> Tally:
    """Bring every value under the current key; return what the last look found, and what was done.

    A process that read a row before it was rewritten can put its old values back, so it looks
    again until a look finds nothing to do, a few times at most; then the tally is not
    `all_current`. Killed at any time, it has written each row as it was or under the current key.
    """
    tally = Tally()
    for _pass in range(settings.REENCRYPT_PASSES):
        tally = _look(Tally(rewritten=tally.rewritten), out, rewrite=True)
        if tally.all_current:
            break
    return tally


def _look(tally: Tally, out: OutputWrapper, *, rewrite: bool) -> Tally:
    # The keys' check comes last, and only once nothing else is under an earlier key: so a start
    # without that key fails while values need it.
    places = sorted(encrypted_columns(), key=lambda place: place[0] is KeyCheck)
    progress = Progress(out, sum(model._base_manager.count() for model, _columns in places))
    looked_at = 0
    for model, columns in places:
        if rewrite and model is KeyCheck and not tally.all_current:
            break
        # By the primary key, so that rows added meanwhile shift nothing.
        everything = model._base_manager.order_by("pk").values_list("pk", *columns)
        if rewrite:
            everything = everything.select_for_update(no_key=True)
        last: Any = None
        while True:
            started, done = time.monotonic(), tally.rewritten.total()
            with transaction.atomic() if rewrite else contextlib.nullcontext():
                after = everything if last is None else everything.filter(pk__gt=last)
                rows = list(after[: settings.REENCRYPT_BATCH])
                for pk, *tokens in rows:
                    changed = {}
                    for column, token in zip(columns, tokens, strict=True):
                        number = tally.see(model, pk, column, token)
                        if rewrite and number > 1:
                            changed[column] = Ciphertext(encrypt(decrypt(token)))
                            tally.rewritten[number] += 1
                    if changed:
                        model._base_manager.filter(pk=pk).update(**changed)
            if not rows:
                break
            last = rows[-1][0]
            looked_at += len(rows)
            if tally.rewritten.total() > done:
                # As long again for others: SQLite has no queue of those who wait to write.
                time.sleep(time.monotonic() - started)
            progress.show(looked_at)
    progress.clear()
    return tally


def _name(model: Model, pk: Any) -> str:
    """Return a row's reference where it has one, else its model and number."""
    if any(each.name == "reference" for each in model._meta.local_fields):
        names = model._base_manager.filter(pk=pk).values_list("reference", flat=True)
        return str(names.first())
    return f"{model.__name__} {pk}"
