"""The site's WSGI application beside the limits it is measured against, for bench/pages.py.

/constant answers with the condition page's own bytes and headers, without any of the site's code;
/uncached/... is a page as Django makes it, without the page cache.
"""

from collections.abc import Callable, Iterable
from typing import Any

from clinic_site.wsgi import application as site

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
    if path.startswith("/uncached/"):
        return site.application(environ | {"PATH_INFO": path.removeprefix("/uncached")}, start)
    return site(environ, start)
