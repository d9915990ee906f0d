"""A WSGI layer that takes a Content-Type away that Django could not work with.

Django reads it, and decodes the query by it, before it can answer an error page. So one that
names no encoding, or one that is not for text (rot13), would end in a bare 500.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters


def readable(content_type: str) -> str:
    """Return the Content-Type; '' for one that cannot be read, or does not stand for UTF-8.

    No page of this site sends another encoding.

    >>> readable("text/plain; charset=UTF-8"), readable("text/plain; charset=rot13")
    ('text/plain; charset=UTF-8', '')
    """
    try:
        parameters = parse_header_parameters(content_type)[1]
    except Exception:  # whatever it was, Django could not read it either
        return ""
    return content_type if parameters.get("charset", "utf-8").lower() == "utf-8" else ""


class ReadableContentType:
    """Wraps a WSGI application; a form without a Content-Type is answered 400 where it is read."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Pass one request on."""
        environ["CONTENT_TYPE"] = readable(environ.get("CONTENT_TYPE", ""))
        return self.application(environ, start_response)
