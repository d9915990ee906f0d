"""The second factors of an account: apps and passkeys, each confirmed once it is here."""

from django_otp import devices_for_user
from django_otp.models import Device
from django_otp_webauthn.models import WebAuthnCredential

from clinic_site.access.models import TotpDevice, User


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
    TotpDevice.objects.filter(user=user).delete()
    WebAuthnCredential.objects.filter(user=user).delete()
    user.recovery_codes.all().delete()
