"""Who is asking: one answer for lockouts, limits and the audit."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from clinic_site.crypto.blind_index import blind_index

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: HttpRequest) -> str:
    """Return the IP address of who asks; "" where the server does not know it.

    X-Forwarded-For is believed only as far as settings.TRUSTED_PROXIES wrote it: read from its
    right end, the first address that is none of them. A patient can write anything into the rest.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    found: Address | None = None
    for hop in (request.META.get("REMOTE_ADDR", ""), *reversed(forwarded)):
        address = _parsed(hop.strip())
        if address is None:
            break
        found = address
        if not is_trusted(hop.strip()):
            break
    return str(found) if found else ""


def is_trusted(peer: str) -> bool:
    """Whether the peer at this address is one of settings.TRUSTED_PROXIES."""
    address = _parsed(peer)
    return any(address in network for network in settings.TRUSTED_PROXIES if address)


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)  # ::ffff:192.0.2.1 is 192.0.2.1
    return mapped or address


def hashed_address(request: HttpRequest) -> str:
    """Return a keyed hash of the sender: equal for one sender, and no address to be read from it.

    "" where the server does not know who asks: then nobody is counted as one sender. IPv6
    addresses of one /64 are one sender: a phone takes a new one of them every day.
    """
    text = client_address(request)
    address = _parsed(text)
    if isinstance(address, ipaddress.IPv6Address):
        text = str(ipaddress.ip_network((address, 64), strict=False))
    return blind_index("sender", text)


def is_loopback(address: str) -> bool:
    """Whether it is an address of this machine itself.

    >>> [is_loopback(each) for each in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "192.0.2.1", "")]
    [True, True, True, False, False]
    """
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback
