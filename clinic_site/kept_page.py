"""A finished page in each coding, as the page cache keeps it and sends it."""

import functools
import gzip
import hashlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from clinic_site.clinic import Seen

Headers = list[tuple[str, str]]


@functools.lru_cache(maxsize=1000)
def best_coding(accept_encoding: str) -> str:
    """Return "br", "gzip" or "" (as it is): what a client takes, and likes best (RFC 9110, 12.5.3).

    >>> [best_coding(text) for text in ("gzip, br", "br;q=0.5, gzip", "br;q=0, *", "br;q=x", "")]
    ['br', 'gzip', 'gzip', '', '']
    """
    liked = {}
    for part in accept_encoding.lower().split(","):
        found = re.fullmatch(r"\s*([\w*-]+)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", part)
        if found:
            liked[found[1]] = float(found[2] or 1)
    other = liked.get("*", 0.0)
    offered = [("br", liked.get("br", other)), ("gzip", liked.get("gzip", other))]
    coding, most = max(offered, key=lambda each: each[1])
    return coding if most > 0 and most >= liked.get("identity", 0.0) else ""


def etag_of(text: bytes) -> str:
    """Return what names these bytes and no others."""
    return f'"{hashlib.sha256(text).hexdigest()[:22]}"'


@functools.lru_cache(maxsize=1000)
def shared(header: tuple[str, str]) -> tuple[str, str]:
    """Return one tuple for all pages that have this header: most have the same ones."""
    return header


class Form(NamedTuple):
    """A page in one coding, ready to be sent; the body of "" is unpacked from that in gzip."""

    headers: Headers
    body: bytes
    etags: tuple[str, ...]  # its own, then that of the other quality of the same page


class Page:
    """One page: the stamp that it was rendered under, and its forms by coding."""

    def __init__(
        self, stamp: list[str], headers: Headers, bodies: dict[str, bytes], html_etag: str
    ) -> None:
        self.stamp = stamp
        self.headers = headers
        self.html_etag = html_etag
        self.forms: dict[str, Form] = {}
        for coding, body in bodies.items():
            self.put(coding, body)
        self.forms[""] = self._form("", b"", html_etag, len(gzip.decompress(bodies["gzip"])))
        self.seen: Seen | None = None  # the look under which it was last found to be fresh

    def _form(self, coding: str, body: bytes, etag: str, length: int) -> Form:
        own = {"Content-Length": str(length), "ETag": etag, "Vary": "Accept-Encoding"}
        if coding:
            own["Content-Encoding"] = coding
        before = self.forms[coding].etags[:1] if coding in self.forms else ()
        return Form([*self.headers, *own.items()], body, (etag, *before))

    def put(self, coding: str, body: bytes) -> None:
        """Add a form, or one of another quality."""
        self.forms[coding] = self._form(coding, body, etag_of(body), len(body))

    @property
    def size(self) -> int:
        """How many bytes it takes, about: its bodies, and 15 kB around them as measured."""
        return 15_000 + sum(len(form.body) for form in self.forms.values())

    def answer(
        self, environ: dict[str, Any], start: Callable[..., Any], coding: str
    ) -> list[bytes]:
        """Send it in this coding, or say that the client has it already."""
        form = self.forms[coding]
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known and (known.strip() == "*" or any(etag in known for etag in form.etags)):
            left_out = {"Content-Length", "Content-Encoding", "Content-Type"}
            start("304 Not Modified", [each for each in form.headers if each[0] not in left_out])
            return []
        start("200 OK", form.headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        return [form.body if coding else gzip.decompress(self.forms["gzip"].body)]
