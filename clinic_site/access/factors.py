"""The second factors of an account, apps and passkeys, and the codes that stand in for a lost one.

Recovery codes are shown once, kept as keyed hashes, and each good for one sign-in.
"""

from textwrap import wrap

from django.conf import settings
from django.db import transaction
from django.utils.crypto import get_random_string
from django_otp import devices_for_user
from django_otp.models import Device
from django_otp_webauthn.models import WebAuthnCredential

from clinic_site.access.models import RecoveryCode, TotpDevice, User
from clinic_site.crypto.key_ring import blind_index

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no two look alike


def factors_of(user: User) -> list[Device]:
    """Return the second factors of an account; recovery codes are none."""
    return list(devices_for_user(user))


def app_of(user: User) -> TotpDevice | None:
    """Return the app that shows codes for an account."""
    return TotpDevice.objects.filter(user=user, confirmed=True).first()


def passkeys_of(user: User) -> list[WebAuthnCredential]:
    """Return the passkeys of an account, the oldest first."""
    return list(WebAuthnCredential.objects.filter(user=user, confirmed=True).order_by("pk"))


def remove_factors(user: User) -> None:
    """Remove them all, and the recovery codes."""
    for each in (TotpDevice, WebAuthnCredential, RecoveryCode):
        each.objects.filter(user=user).delete()


def new_codes(user: User) -> list[str]:
    """Return new codes, to be shown once; the earlier ones are good no more."""
    letters = settings.RECOVERY_CODE_LETTERS
    codes = [get_random_string(letters, ALPHABET) for _code in range(settings.RECOVERY_CODES)]
    with transaction.atomic():
        user.recovery_codes.all().delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(user=user, hash=_hash_of(user, code)) for code in codes
        )
    return ["-".join(wrap(code, 4)) for code in codes]


def first_codes(user: User) -> list[str]:
    """Return new codes where there are none yet: for a lost factor, and typed after a password."""
    if user.recovery_codes.exists() or not (factors_of(user) and user.has_usable_password()):
        return []
    return new_codes(user)


def use_code(user: User, typed: str) -> bool:
    """Whether it is a code of this account; it is used up by that."""
    code = "".join(filter(str.isalnum, typed.upper())).translate(str.maketrans("OIL", "011"))
    return bool(code and user.recovery_codes.filter(hash=_hash_of(user, code)).delete()[0])


def _hash_of(user: User, code: str) -> str:
    return blind_index("recovery code", f"{user.pk}:{code}")
