"""What a request claims of itself: who sent it on, what it is called, what kind its body is."""

import codecs
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from clinic_site.client_address import is_trusted
from clinic_site.logs import request_id

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
