"""A WSGI layer that sets the fixed security headers on every answer, errors and files too."""

import base64
import functools
import hashlib
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings

from clinic_site.static_files import site_style

# No page has an inline script, and its one inline style is named by its hash: it needs no nonce.
# `data:` is for the small icons in the admin's own style sheets.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;"
        "font-src 'self';connect-src 'self';form-action 'self';base-uri 'none';"
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(),geolocation=(),microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
if settings.SECURE_HSTS_SECONDS:
    SECURITY_HEADERS["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
# A style sheet, a picture, a font: such a file loads and runs nothing. X-Frame-Options says who may
# frame it; said twice, it would not fit into the first view (docs/performance.md).
FILE_HEADERS = {**SECURITY_HEADERS, "Content-Security-Policy": "default-src 'none'"}


@functools.cache
def page_headers() -> dict[str, str]:
    """Return SECURITY_HEADERS with the hash of the style that stands in a page."""
    style = base64.b64encode(hashlib.sha256(site_style().encode()).digest()).decode()
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    policy = policy.replace("style-src 'self'", f"style-src 'self' 'sha256-{style}'")
    return {**SECURITY_HEADERS, "Content-Security-Policy": policy}


class SecurityHeaders:
    """Wraps a WSGI application; sets SECURITY_HEADERS over any of the same name.

    What the admin answers is kept nowhere, unless the page itself has said more. To HEAD only
    headers are sent: Django leaves that to the server, and gunicorn would log each body.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")  # as it came: what stands behind may change it

        def start_with(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            told = Headers(headers)
            # "Not modified" has no type, and a browser keeps its headers with the page it has.
            is_page = told.get("Content-Type", "text/html").startswith("text/html")
            for name, value in (page_headers() if is_page else FILE_HEADERS).items():
                told[name] = value
            if path.startswith("/admin/"):
                told.setdefault("Cache-Control", "no-store")
            if path.startswith("/admin/invitation/"):
                # A proxy's log would get the token with each file; a form needs an Origin.
                told["Referrer-Policy"] = "origin"
            return start(status, told.items(), exc_info)

        body = self.application(environ, start_with)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        if close := getattr(body, "close", None):
            close()
        return []
