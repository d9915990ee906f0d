"""How often a password can be tried: counted before it is hashed, and given back where it is right.

A name counts as a keyed hash, as many type their password there by mistake.
"""

import math
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from clinic_site.access.browser import known_device
from clinic_site.access.models import TotpDevice, User
from clinic_site.claims import hashed_address
from clinic_site.counters import Counter, give_back, reserve, seconds_left
from clinic_site.crypto.blind_index import blind_index


@dataclass(frozen=True)
class Try:
    """A password that may be tried now."""

    counted: tuple[str, ...]
    of_stranger: bool  # in a browser where this name has not signed in before

    def give_back(self) -> None:
        """It was right: it counts nowhere."""
        give_back(*self.counted)


@dataclass(frozen=True)
class Refused:
    """No password may be tried, for so many minutes."""

    minutes: int


def take_try(request: HttpRequest, name: str) -> Try | Refused:
    """Take one of the tries that this name has here; what is refused counts nowhere."""
    device = known_device(request, name)
    limits = {
        f"sign-in:address:{hashed_address(request)}": settings.SIGN_INS_AN_HOUR_OF_ONE_ADDRESS,
        _key_of(name): settings.SIGN_INS_AN_HOUR_OF_ONE_NAME,
        "sign-in": settings.SIGN_INS_AN_HOUR,
    }
    if device:  # where they signed in before: no stranger's tries
        limits = {f"sign-in:device:{device}": settings.SIGN_INS_AN_HOUR_OF_ONE_DEVICE}
    if reserve(limits):
        return Try(tuple(limits), of_stranger=not device)
    return Refused(math.ceil(max(seconds_left(limits), 1) / 60))


def take_code_try(request: HttpRequest, user: User) -> bool:
    """Take a try at the app's codes that does not wait for the wrong codes of others.

    There are some where this account signed in before; False elsewhere, or where they are used up.
    """
    device = known_device(request, user.username)
    limit = settings.SIGN_INS_AN_HOUR_OF_ONE_DEVICE
    return bool(device) and reserve({f"sign-in:code:{device}": limit})


def _key_of(name: str) -> str:
    return f"sign-in:name:{blind_index('sign-in name', name)}"


def unlock(name: str = "") -> int:
    """Lift the limits, of one name or all; return how many were counting.

    Of one name also the wait after wrong codes; the limits of addresses and of all stay.
    """
    devices = TotpDevice.objects.exclude(throttling_failure_count=0)
    counters = Counter.objects.filter(key__startswith="sign-in")
    if name:
        counters, devices = counters.filter(key=_key_of(name)), devices.filter(user__username=name)
    waits = devices.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    return waits + counters.delete()[0]
