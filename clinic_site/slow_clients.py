"""WSGI layers that end with whoever sends or reads too slowly.

A process serves so many connections at once (worker_connections in deploy/gunicorn.conf.py), and
each slow one would hold one of them. Headers have a deadline of gunicorn's own, `keepalive`.
"""

import contextlib
import functools
import logging
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import IO, Any

import gevent
from django.conf import settings

from clinic_site.clinic import Seen, last_seen
from clinic_site.logs import request_id
from clinic_site.views import error_page

logger = logging.getLogger(__name__)

REFUSED = "clinic_site.body_was_refused"


class WholeBody:
    """Wraps a WSGI application, which gets each body whole, and its length.

    So nothing that is scarce, such as a connection to the database, waits for a body. One that
    takes too long is answered 408, one larger than anything this site asks for 413, and one that
    is cut or malformed 400. Some proxies send it in chunks, which Django takes for an empty one.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        told = environ.get("CONTENT_LENGTH") or "0"
        if told == "0" and "HTTP_TRANSFER_ENCODING" not in environ:
            return self.application(environ, start)
        is_admin = environ["PATH_INFO"].startswith("/admin/")
        limit = settings.LARGEST_ADMIN_BODY if is_admin else settings.LARGEST_PUBLIC_BODY
        with tempfile.SpooledTemporaryFile(max_size=settings.BODY_PIECE) as body:
            try:
                length = _read(environ["wsgi.input"], body, limit)
            except TimeoutError:
                return _refuse(408, environ, start)
            except Exception:  # gunicorn has several for what is malformed, or cut
                return _refuse(400, environ, start)
            if length > limit:
                return _refuse(413, environ, start)
            if length < int(told):
                return _refuse(400, environ, start)
            body.seek(0)
            whole = {"wsgi.input": body, "CONTENT_LENGTH": str(length)}
            return self.application(environ | whole, start)


def _read(source: IO[bytes], body: IO[bytes], limit: int) -> int:
    """Copy a body as far as it is within the limit; return its length, as far as it was read.

    Raises TimeoutError where it takes too long. More than the limit is read, as a browser shows
    no answer before it has sent all.
    """
    length, deadline = 0, time.monotonic() + settings.BODY_SECONDS
    while length < settings.LARGEST_BODY_READ:
        # An Exception, after which gunicorn takes no more bytes of it for the next request.
        with gevent.Timeout(deadline - time.monotonic(), TimeoutError):
            piece = source.read(settings.BODY_PIECE)
        if not piece:
            break
        length += len(piece)
        deadline += 1
        if length <= limit:
            body.write(piece)
    return length


def _refuse(status: int, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    logger.warning("A body was refused: %s", status)
    environ[REFUSED] = True
    page = _page(status, last_seen())
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page)))]
    start(f"{status} {HTTPStatus(status).phrase}", headers)
    return [page]


@functools.lru_cache(maxsize=8)  # hundreds that end at once are not to keep the others waiting
def _page(status: int, seen: Seen) -> bytes:
    return error_page(status).content


class SendInTime:
    """Wraps a WSGI application; its answer is cut where the reader takes nothing for too long."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        line = environ["gunicorn.socket"]
        line.settimeout(None)  # as a file before may have left it; the body has its own deadline
        request_id.set("")  # that of the request before on this line
        answer = self.application(environ, start)
        line.settimeout(settings.SEND_SECONDS)
        # gevent counts the seconds of each piece that it is given; of a file it makes its own.
        is_file = isinstance(answer, environ["wsgi.file_wrapper"])
        return answer if is_file else _in_pieces(answer, environ)


def _in_pieces(answer: Iterable[bytes], environ: dict[str, Any]) -> Iterator[bytes]:
    line = environ["gunicorn.socket"]
    try:
        for part in answer:
            # The kernel takes the first at once, so that no process dies in the midst of a page.
            yield part[: settings.SEND_AT_ONCE]
            for at in range(settings.SEND_AT_ONCE, len(part), settings.SEND_PIECE):
                yield part[at : at + settings.SEND_PIECE]
        if REFUSED in environ:
            _hang_up(line)
    except GeneratorExit:  # it was cut: then the kernel need not keep what nobody took either
        with contextlib.suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise
    finally:
        line.settimeout(None)
        request_id.set("")
        if close := getattr(answer, "close", None):
            close()


def _hang_up(line: socket.socket) -> None:
    """End a line on which a body may go on: no more is read, after a moment.

    Closed at once, it would be reset, and nginx or a browser could take that for the answer.
    """
    with contextlib.suppress(OSError):  # they have gone before
        line.shutdown(socket.SHUT_WR)
        with gevent.Timeout(settings.HANG_UP_SECONDS, False):
            while line.recv(settings.BODY_PIECE):
                gevent.sleep(0)  # others go on, however fast this one sends
        line.shutdown(socket.SHUT_RD)
