"""A WSGI layer that believes what a proxy says of a request only from the proxies that are ours."""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest

from clinic_site.client_address import is_trusted

FORWARDED = (
    *("HTTP_FORWARDED", "HTTP_X_FORWARDED", "HTTP_VIA"),
    *("HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_TRUE_CLIENT_IP", "HTTP_CF_CONNECTING_IP"),
)
WAS_FORWARDED = "clinic_site.was_forwarded"


class ForgetForwarded:
    """Wraps a WSGI application; what another peer claims is gone before anything can read it.

    Django would take X-Forwarded-Proto for true from anybody.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Pass one request on."""
        named = [name for name in environ if name.startswith(FORWARDED)]
        environ[WAS_FORWARDED] = bool(named)
        if not is_trusted(environ.get("REMOTE_ADDR", "")):
            for name in named:
                del environ[name]
        return self.application(environ, start_response)


def was_forwarded(request: HttpRequest) -> bool:
    """Whether a request says that a proxy sent it on, even where that is not believed."""
    return request.META.get(WAS_FORWARDED, False) or any(
        name.startswith(FORWARDED) for name in request.META
    )
