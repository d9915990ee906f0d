"""The site's WSGI application beside the limits it is measured against, for bench/pages.py.

/constant answers with the condition page's own bytes and headers, without any of the site's code;
/almost-empty is a page that loads the site's style sheet and says three words.
/uncached/... is a page as Django makes it, without the page cache.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.templatetags.static import static

from clinic_site.wsgi import application as site
from clinic_site.wsgi import pages

CONDITION = "/conditions/spinal-compression-fractures/"
_constant: list[tuple[list[tuple[str, str]], bytes]] = []


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer by the limit or by the site."""
    path = environ["PATH_INFO"]
    if path == "/constant":
        if not _constant:
            noted: list[Any] = []
            answer = site(environ | {"PATH_INFO": CONDITION}, lambda *args: noted.extend(args))
            _constant.append((noted[1], b"".join(answer)))
        headers, body = _constant[0]
        start("200 OK", headers)
        return [body]
    if path == "/almost-empty":
        sheet = static("css/site.css")
        html = f'<!doctype html><title>-</title><link rel="stylesheet" href="{sheet}"><p>Call us.'
        start("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(html)))])
        return [html.encode()]
    if path.startswith("/uncached/"):
        return pages.application(environ | {"PATH_INFO": path.removeprefix("/uncached")}, start)
    return site(environ, start)
