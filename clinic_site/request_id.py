"""A WSGI layer that names each request, so that what the logs tell of it can be put together."""

import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from clinic_site.client_address import is_trusted
from clinic_site.logs import request_id

# nginx's $request_id; as much of it as somebody may read out on the phone.
NAME = re.compile(r"([0-9a-f]{8})[0-9a-f]{24}")


class RequestId:
    """Wraps a WSGI application; sets `request_id`, which SendInTime takes away at the end.

    Where nginx has named the request already, its name is taken, so that its log tells the same.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Pass one request on."""
        name = NAME.fullmatch(environ.get("HTTP_X_REQUEST_ID", ""))
        is_told = name and is_trusted(environ.get("REMOTE_ADDR", ""))
        request_id.set(name[1] if name and is_told else secrets.token_hex(4))
        return self.application(environ, start)
