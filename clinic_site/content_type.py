"""A WSGI layer that takes a Content-Type away that Django could not work with.

Django reads it, and decodes the query by it, before it can answer an error page. So one that
names no encoding, or one that is not for text (rot13), would end in a bare 500.
"""

import codecs
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

CHARSET = re.compile(r""";\s*charset\s*=\s*("[^"]*"|[^\s;]*)""", re.IGNORECASE)


def readable(content_type: str) -> str:
    """Return the Content-Type, with UTF-8 by its full name, the only one that Django takes.

    '' for one that cannot be read, or names another encoding: no page of this site sends one.

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
