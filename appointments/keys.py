"""Whether FIELD_KEYS and DIGEST_KEY are the ones that this database was written with.

One row tells: a value under the current key, and a digest, both made with the first migration.
While it tells that a key is wrong, requests are neither taken nor shown; public pages go on.
"""

import enum
import hmac
import logging
from typing import Any

from django.apps import apps as installed
from django.db import DatabaseError, InterfaceError, models
from django.utils.translation import gettext_lazy as _

from appointments.blind_index import blind_index
from clinic_site.clinic import Remembered
from clinic_site.crypto.fields import EncryptedTextField
from clinic_site.crypto.key_ring import key_number

logger = logging.getLogger(__name__)

SAMPLE = "Opened by the right key."


class KeyState(enum.Enum):
    """What the row tells of the keys of this process."""

    RIGHT = "right"
    WRONG_FIELD_KEYS = "wrong FIELD_KEYS"
    WRONG_DIGEST_KEY = "wrong DIGEST_KEY"
    NOT_MADE_YET = "not made yet"

    def __str__(self) -> str:
        """A sentence for staff: which setting is wrong, and what to do."""
        return str(_WORDS[self])


_WORDS = {
    KeyState.RIGHT: _("The keys are right."),
    KeyState.WRONG_FIELD_KEYS: _(
        "FIELD_KEYS do not open what is stored in this database. Set the keys that it was "
        "written with: docs/operations.md, “Keys”."
    ),
    KeyState.WRONG_DIGEST_KEY: _(
        "DIGEST_KEY is not the one that this database was written with. Set that one: "
        "docs/operations.md, “Keys”."
    ),
    KeyState.NOT_MADE_YET: _(
        "The keys cannot be checked: the row that tells is missing. Run manage.py migrate with "
        "the keys that open what is stored in this database."
    ),
}


class KeyCheck(models.Model):
    """The one row that the keys are tried on."""

    value = EncryptedTextField()
    blind = models.CharField(max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = _("check of the keys")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="key_check_is_one_row"),
            models.CheckConstraint(
                condition=models.Q(blind__length=64), name="key_check_blind_is_sha256"
            ),
        ]

    def __str__(self) -> str:
        return str(_("check of the keys"))

    @classmethod
    def of_these_keys(cls) -> "KeyCheck":
        """Return the row, not saved, as the keys of this process make it."""
        return cls(pk=1, value=SAMPLE, blind=blind_index("key check", SAMPLE))

    def is_opened(self) -> bool:
        """Whether a key of FIELD_KEYS opens it."""
        return key_number(self.__dict__["value"]) is not None

    def is_digest_right(self) -> bool:
        """Whether DIGEST_KEY gives its digest."""
        return hmac.compare_digest(self.blind, blind_index("key check", SAMPLE))


def key_state() -> KeyState:
    """Look at the row now; raise DatabaseError where the database is away or has no such table."""
    row = KeyCheck.objects.filter(pk=1).first()
    if row is None:
        return KeyState.NOT_MADE_YET
    if not row.is_opened():
        return KeyState.WRONG_FIELD_KEYS
    return KeyState.RIGHT if row.is_digest_right() else KeyState.WRONG_DIGEST_KEY


# None until the database could be asked.
keys_in_use: Remembered[KeyState | None] = Remembered(key_state, default=lambda: None)


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


def make_key_check(sender: Any, apps: Any = installed, **kwargs: Any) -> None:
    """Make the row after a migration where it is not there yet (receives post_migrate).

    Not where requests are stored that these keys do not open: the row would call them right.
    """
    try:
        apps.get_model("appointments", "KeyCheck")
    except LookupError:  # migrated back to before there was such a table
        return
    if KeyCheck.objects.exists():
        return
    stored = apps.get_model("appointments", "AppointmentRequest").objects
    newest = stored.order_by("-pk").values_list("answers", flat=True).first()
    if newest and key_number(newest) is None:
        logger.error("%s", KeyState.WRONG_FIELD_KEYS)
        return
    made = KeyCheck.of_these_keys()
    KeyCheck.objects.get_or_create(pk=1, defaults={"value": made.value, "blind": made.blind})
