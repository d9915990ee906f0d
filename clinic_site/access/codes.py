"""Recovery codes: shown once, kept as keyed hashes, each good for one sign-in."""

import secrets

from django.conf import settings
from django.db import transaction

from clinic_site.access.factors import factors_of
from clinic_site.access.models import RecoveryCode, User
from clinic_site.access.totp import in_groups
from clinic_site.crypto.blind_index import blind_index

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no two look alike


def new_codes(user: User) -> list[str]:
    """Return new codes, to be shown once; the earlier ones are good no more."""
    codes = [
        "".join(secrets.choice(ALPHABET) for _letter in range(settings.RECOVERY_CODE_LETTERS))
        for _code in range(settings.RECOVERY_CODES)
    ]
    with transaction.atomic():
        user.recovery_codes.all().delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(user=user, hash=_hash_of(user, code)) for code in codes
        )
    return [in_groups(code, "-") for code in codes]


def first_codes(user: User) -> list[str]:
    """Return new codes where there are none yet: for a lost factor, and typed after a password."""
    if user.recovery_codes.exists() or not (factors_of(user) and user.has_usable_password()):
        return []
    return new_codes(user)


def use_code(user: User, typed: str) -> bool:
    """Whether it is a code of this account; it is used up by that."""
    code = "".join(each for each in typed.upper() if each.isalnum())
    code = code.replace("O", "0").replace("I", "1").replace("L", "1")
    return bool(code and user.recovery_codes.filter(hash=_hash_of(user, code)).delete()[0])


def _hash_of(user: User, code: str) -> str:
    return blind_index("recovery code", f"{user.pk}:{code}")
