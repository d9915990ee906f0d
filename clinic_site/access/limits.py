"""How often a password can be tried: counted before it is hashed, and given back where it is right.

A name counts as a keyed hash, as many type their password there by mistake.
"""

import math

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.access.entry import Problem, known_device
from clinic_site.access.models import TotpDevice, User
from clinic_site.access.record import record_refused_sign_in
from clinic_site.claims import hashed_address
from clinic_site.counters import Counter, give_back, reserve, seconds_left
from clinic_site.crypto.key_ring import blind_index


def check_password(request: HttpRequest, username: str, password: str) -> User:
    """Return whose name and password these are. Raises Problem, on record.

    What is refused as one of too many counts nowhere.
    """
    device = known_device(request, username)
    limits = {
        f"sign-in:address:{hashed_address(request)}": settings.SIGN_INS_AN_HOUR_OF_ONE_ADDRESS,
        _key_of(username): settings.SIGN_INS_AN_HOUR_OF_ONE_NAME,
        "sign-in": settings.SIGN_INS_AN_HOUR,
    }
    if device:  # where they signed in before: no stranger's tries
        limits = {f"sign-in:device:{device}": settings.SIGN_INS_AN_HOUR_OF_ONE_DEVICE}
    if not reserve(limits):
        record_refused_sign_in(request, name=username, detail="limit")
        minutes = math.ceil(max(seconds_left(limits), 1) / 60)
        text = ngettext(
            "There were too many wrong passwords. You can try again in %d minute, or use a passkey"
            " at once.",
            "There were too many wrong passwords. You can try again in %d minutes, or use a"
            " passkey at once.",
            minutes,
        )
        raise Problem(text % minutes, status=429)
    user = authenticate(request, username=username, password=password, of_stranger=not device)
    if user is None:
        record_refused_sign_in(request, name=username, detail="password")
        raise Problem(_("This username and this password do not belong together."))
    give_back(*limits)
    return user


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
