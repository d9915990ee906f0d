"""Whether FIELD_KEYS and DIGEST_KEY are the ones that this database was written with.

One row tells (KeyCheck), made with the first migration. While it tells that a key is wrong,
nothing encrypted is taken or shown; public pages go on.
"""

import logging
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from clinic_site.clinic import Remembered
from clinic_site.crypto.fields import encrypted_columns
from clinic_site.crypto.key_ring import key_number
from clinic_site.crypto.models import KeyCheck

logger = logging.getLogger(__name__)


class KeyState(TextChoices):
    """What the row tells of the keys of this process; the label says what to do about it."""

    RIGHT = "right", _("The keys are right.")
    WRONG_FIELD_KEYS = (
        "wrong FIELD_KEYS",
        _(
            "FIELD_KEYS do not open what is stored in this database. Set the keys that it was "
            "written with: docs/operations.md, “Keys”."
        ),
    )
    WRONG_DIGEST_KEY = (
        "wrong DIGEST_KEY",
        _(
            "DIGEST_KEY is not the one that this database was written with. Set that one: "
            "docs/operations.md, “Keys”."
        ),
    )
    NOT_MADE_YET = (
        "not made yet",
        _(
            "The keys cannot be checked: the row that tells is missing. Run manage.py migrate with "
            "the keys that open what is stored in this database."
        ),
    )


def key_state() -> KeyState:
    """Look at the row now; raise DatabaseError where the database is away or has no such table."""
    row = KeyCheck.objects.first()
    if row is None:
        return KeyState.NOT_MADE_YET
    if not row.is_opened():
        return KeyState.WRONG_FIELD_KEYS
    return KeyState.RIGHT if row.is_digest_right() else KeyState.WRONG_DIGEST_KEY


# None until the database could be asked.
keys_in_use = Remembered[KeyState | None](key_state, default=lambda: None, is_public=False)


def keys_are_right() -> bool:
    """Whether requests can be taken and shown; raise DatabaseError where nobody could tell yet.

    Once they were seen right in this process it needs no database, until they are seen wrong.
    """
    return keys_in_use() is KeyState.RIGHT or key_state() is KeyState.RIGHT


def can_be_stored() -> bool:
    """Whether what is sent now can be stored: not with a wrong key, nor where nobody can tell."""
    try:
        return keys_are_right()
    except (DatabaseError, InterfaceError) as error:
        logger.error("Keys not checked: %s", type(error).__name__)
        return False


def make_key_check(sender: Any, **kwargs: Any) -> None:
    """Make the row after a migration where it is not there yet (receives post_migrate).

    Not where something is stored that these keys do not open: the row would call them right. The
    newest row of each model is tried.
    """
    tables = connection.introspection.table_names()
    if KeyCheck._meta.db_table not in tables or KeyCheck.objects.exists():
        return
    for model, columns in encrypted_columns():
        if model._meta.db_table not in tables:  # it is migrated after this app
            continue
        newest = model._base_manager.order_by("-pk").values_list(*columns).first() or ()
        if any(token and key_number(token) is None for token in newest):
            logger.error("%s", KeyState.WRONG_FIELD_KEYS.label)
            return
    KeyCheck.of_these_keys().save(force_insert=True)
