"""The row that FIELD_KEYS and DIGEST_KEY are tried on."""

import hmac

from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.translation import gettext_lazy as _

from clinic_site.crypto.fields import EncryptedTextField
from clinic_site.crypto.key_ring import blind_index, key_number

SAMPLE = "Opened by the right key."


class KeyCheck(models.Model):
    """The one row that the keys are tried on: a value under the current key, and a digest."""

    value = EncryptedTextField()
    blind = models.CharField(max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = _("check of the keys")
        constraints = [
            CheckConstraint(condition=Q(pk=1), name="key_check_is_one_row"),
            CheckConstraint(condition=Q(blind__length=64), name="key_check_blind_is_sha256"),
        ]

    @classmethod
    def of_these_keys(cls) -> "KeyCheck":
        """Return the row, not saved, as the keys of this process make it."""
        return cls(pk=1, value=SAMPLE, blind=blind_index("key check", SAMPLE))

    def is_opened(self) -> bool:
        return key_number(self.__dict__["value"]) is not None

    def is_digest_right(self) -> bool:
        return hmac.compare_digest(self.blind, blind_index("key check", SAMPLE))
