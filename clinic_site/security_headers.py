"""A WSGI layer that sets the fixed security headers on every answer, errors and files too."""

from collections.abc import Callable, Iterable
from typing import Any

# No page has an inline script or style, so no nonce is needed. `data:` is for the small icons
# in the admin's own style sheets.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


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
            return start_response(status, [*kept, *SECURITY_HEADERS.items()], exc_info)

        return self.application(environ, start)
