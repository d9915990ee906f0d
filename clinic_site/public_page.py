"""A page that is the same for everyone: how its view says so, and its bytes, finished and kept."""

import functools
import gzip
import hashlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from clinic_site.clinic import Seen

Headers = list[tuple[str, str]]
Environ = dict[str, Any]
Start = Callable[..., Any]
# A shared cache asks again after a second, a browser each time: most often that is a 304.
PUBLIC = "public, max-age=0, s-maxage=1, stale-if-error=86400"


def public_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a view's pages be read alone, and kept (`page_cache`), whatever query or cookie came.

    From its pages a browser may fetch ahead what their links lead to.
    """

    @require_safe
    @functools.wraps(view)
    def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code == 200:
            response["Cache-Control"] = PUBLIC
            if response["Content-Type"].startswith("text/html"):
                response["Speculation-Rules"] = f'"{static("prefetch.speculationrules")}"'
        return response

    return marked


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
    offered = {coding: liked.get(coding, liked.get("*", 0.0)) for coding in ("br", "gzip")}
    best = max(offered, key=offered.__getitem__)
    return best if offered[best] > 0 and offered[best] >= liked.get("identity", 0.0) else ""


def etag_of(text: bytes) -> str:
    """Return what names these bytes and no others."""
    return f'"{hashlib.sha256(text).hexdigest()[:22]}"'


@functools.lru_cache(maxsize=1000)
def _shared(name: str, value: str) -> tuple[str, str]:
    """Return one tuple for all pages that have this header: most have the same ones."""
    return name, value


class Form(NamedTuple):
    """A page in one coding, ready to be sent; the body of "" is unpacked from that in gzip."""

    headers: Headers
    body: bytes
    etags: tuple[str, ...]  # its own, then that of the other quality of the same page


class Page:
    """One page: the stamp that it was rendered under, and its forms by coding."""

    def __init__(self, stamp: list[str], headers: Headers, packed: bytes, small: bytes) -> None:
        self.stamp = stamp
        self.headers = [_shared(name, value) for name, value in headers]
        self.seen: Seen | None = None  # the look under which it was last found to be fresh
        self.forms: dict[str, Form] = {}
        self.put("gzip", packed)
        self.put("br", small)
        self.put("", gzip.decompress(packed))

    def put(self, coding: str, body: bytes) -> None:
        """Add a form, or one of another quality."""
        own = {"Content-Length": str(len(body)), "ETag": etag_of(body), "Vary": "Accept-Encoding"}
        if coding:
            own["Content-Encoding"] = coding
        before = self.forms[coding].etags[:1] if coding in self.forms else ()
        headers = [*self.headers, *own.items()]
        self.forms[coding] = Form(headers, body if coding else b"", (own["ETag"], *before))

    @property
    def size(self) -> int:
        """How many bytes it takes, about: its bodies, and 15 kB around them as measured."""
        return 15_000 + sum(len(form.body) for form in self.forms.values())

    def answer(self, environ: Environ, start: Start, coding: str) -> list[bytes]:
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
