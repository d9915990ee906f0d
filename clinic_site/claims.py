"""What a request claims of itself, and what of that is believed: who asks, and in what form."""

import codecs
import ipaddress
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from clinic_site.crypto.key_ring import blind_index
from clinic_site.logs import request_id

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
FORWARDED = (
    *("HTTP_FORWARDED", "HTTP_X_FORWARDED", "HTTP_VIA"),
    *("HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_TRUE_CLIENT_IP", "HTTP_CF_CONNECTING_IP"),
)
WAS_FORWARDED = "clinic_site.was_forwarded"
# nginx's $request_id; as much of it as somebody may read out on the phone.
NAME = re.compile(r"([0-9a-f]{8})[0-9a-f]{24}")
CHARSET = re.compile(r""";\s*charset\s*=\s*("[^"]*"|[^\s;]*)""", re.IGNORECASE)


class CheckClaims:
    """Wraps a WSGI application; takes away what is not to be believed, and names the request.

    Django would take X-Forwarded-Proto for true from anybody. Where a proxy of ours has named the
    request, `request_id` is that name, so that its log tells the same; SendInTime ends it.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        by_ours = is_trusted(environ.get("REMOTE_ADDR", ""))
        name = NAME.fullmatch(environ.get("HTTP_X_REQUEST_ID", ""))
        request_id.set(name[1] if name and by_ours else secrets.token_hex(4))
        told = [each for each in environ if each.startswith(FORWARDED)]
        environ[WAS_FORWARDED] = bool(told)
        if not by_ours:
            for each in told:
                del environ[each]
        environ["CONTENT_TYPE"] = readable(environ.get("CONTENT_TYPE", ""))
        return self.application(environ, start)


def was_forwarded(request: HttpRequest) -> bool:
    """Whether a request says that a proxy sent it on, even where that is not believed."""
    return request.META.get(WAS_FORWARDED, False) or any(
        name.startswith(FORWARDED) for name in request.META
    )


def readable(content_type: str) -> str:
    """Return the Content-Type, with UTF-8 by its full name, the only one that Django takes.

    '' for one that cannot be read, or names another encoding: no page of this site sends one.
    Django decodes even the query by it, so rot13 would end in a bare 500; a form without a type
    is answered 400.

    >>> readable("text/plain; charset=utf8"), readable("text/plain; charset=rot13")
    ('text/plain; charset=utf-8', '')
    """
    try:
        charset = parse_header_parameters(content_type)[1].get("charset", "utf-8")
        if codecs.lookup(charset).name != "utf-8":
            return ""
    except Exception:  # whatever it was, Django could not read it either
        return ""
    return CHARSET.sub("; charset=utf-8", content_type)


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

    Those whose address the server does not know are one sender. So are the IPv6 addresses of
    one /64: a phone takes a new one of them every day.
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
