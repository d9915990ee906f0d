"""The site's WSGI application beside the limits it is measured against, for bench/pages.py.

/constant answers with the condition page's own bytes and headers, without any of the site's code;
/almost-empty is a page that says two words in the site's style; /almost-empty-file links it.
/uncached/... is a page as Django makes it, without the page cache; /empty is a view that says
nothing, behind all of Django's layers.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import brotli
from django.http import HttpResponse
from django.urls import get_resolver
from django.urls import path as route

from bench import CONDITION
from clinic_site.static_files import site_style
from clinic_site.wsgi import application as site
from clinic_site.wsgi import pages

get_resolver().url_patterns.append(route("empty", lambda request: HttpResponse()))
_constant: list[Any] = []  # the status, the headers, the body


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer by the limit or by the site."""
    path = environ["PATH_INFO"]
    if path == "/constant":
        if not _constant:
            told: list[Any] = []
            answer = site(environ | {"PATH_INFO": CONDITION}, lambda *args: told.extend(args))
            _constant[:] = [*told, b"".join(answer)]  # at once, as others ask meanwhile
        status, headers, body = _constant
        start(status, headers)
        return [body]
    if path in {"/style.css", "/almost-empty", "/almost-empty-file"}:
        type_, body = _small(path)
        headers = [("Content-Type", type_), ("Content-Length", str(len(body)))]
        start("200 OK", [*headers, ("Content-Encoding", "br")])
        return [body]
    if path.startswith("/uncached/"):
        return pages.application(environ | {"PATH_INFO": path.removeprefix("/uncached")}, start)
    return site(environ, start)


@functools.cache
def _small(path: str) -> tuple[str, bytes]:
    style = site_style()
    if path == "/style.css":
        return "text/css", brotli.compress(style.encode())
    link = '<link rel="stylesheet" href="/style.css">'
    head = link if path.endswith("file") else f"<style>{style}</style>"
    page = f"<!doctype html><title>-</title>{head}<p>Call us."
    return "text/html", brotli.compress(page.encode())
