"""A WSGI layer that names each request, so that what the logs tell of it can be put together."""

import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from clinic_site.client_address import is_trusted
from clinic_site.logs import request_id

NAME = re.compile(r"[0-9a-f]{32}")  # nginx's $request_id
SHOWN = 8  # characters, as somebody may read them out on the phone


class RequestId:
    """Wraps a WSGI application; sets `request_id` for as long as it answers one request.

    Where nginx has named the request already, its name is taken, so that its log tells the same.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Pass one request on."""
        name = environ.get("HTTP_X_REQUEST_ID", "")
        if not (NAME.fullmatch(name) and is_trusted(environ.get("REMOTE_ADDR", ""))):
            name = secrets.token_hex(SHOWN)
        request_id.set(name[:SHOWN])
        return self.application(environ, start)
