"""A WSGI layer that sets the fixed security headers on every answer, errors and files too."""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.headers import Headers

# No page has an inline script or style, so no nonce is needed. `data:` is for the small icons
# in the admin's own style sheets.
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
# A style sheet, a picture, a font: such a file loads and runs nothing.
FILE_HEADERS = {**SECURITY_HEADERS, "Content-Security-Policy": "default-src 'none'"}


class SecurityHeaders:
    """Wraps a WSGI application; sets SECURITY_HEADERS over any of the same name."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request; the body is the wrapped application's own."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            names = {name.lower() for name in SECURITY_HEADERS}
            kept = [header for header in headers if header[0].lower() not in names]
            # "Not modified" has no type, and a browser keeps its headers with the page it has.
            type_ = Headers(headers).get("Content-Type", "text/html")
            fixed = SECURITY_HEADERS if type_.startswith("text/html") else FILE_HEADERS
            return start_response(status, [*kept, *fixed.items()], exc_info)

        return self.application(environ, start)
