"""A WSGI layer that keeps the finished bytes of public pages, and answers with them.

A view says by `public_page` that its page is the same for everyone. Such a page is fresh as long as
build, site version and the clinic's date are those it was rendered under (`clinic_site.clinic`).
While the database is away, and where a rendering fails, the last one kept is the answer.
"""

import contextlib
import ctypes
import functools
import gzip
import hashlib
import json
import logging
import os
import queue
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import brotli
import gevent
from django.apps import apps
from django.conf import settings

from clinic_site.claims import is_trusted
from clinic_site.clinic import Seen, last_seen
from clinic_site.public_page import PUBLIC, Environ, Headers, Page, Start, best_coding, etag_of
from clinic_site.security_headers import SECURITY_HEADERS
from clinic_site.static_files import HashedStaticFilesStorage

logger = logging.getLogger(__name__)

Key = tuple[str, str, str]  # host, path, X-Forwarded-Proto


@functools.cache
def build() -> str:
    """Return a hash of all that makes a page and stands in no database."""
    told = (settings.SITE_URL, settings.TIME_ZONE, SECURITY_HEADERS)
    digest = hashlib.sha256(repr(told).encode())
    ours = [Path(app.path) for app in apps.get_app_configs()]
    code = [path for app in ours if app.parent == settings.BASE_DIR for path in app.rglob("*.py")]
    templates = (settings.BASE_DIR / "templates").rglob("*.*")
    manifest = Path(settings.STATIC_ROOT, HashedStaticFilesStorage.manifest_name)
    for path in sorted([*code, *templates, *([manifest] if manifest.exists() else [])]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class PageCache:
    """Wraps the whole WSGI application; keeps at most `most` bytes of pages, in memory and on disk.

    The least recently used go first. Only pages under one of ALLOWED_HOSTS are kept, so that
    no name that somebody makes up takes their place.
    """

    def __init__(
        self, application: Callable[..., Iterable[bytes]], *, folder: Path, most: int
    ) -> None:
        self.application = application
        self.folder = folder
        self.most = most
        self.hosts = frozenset(settings.ALLOWED_HOSTS)
        self.pages: OrderedDict[Key, Page] = OrderedDict()
        self.size = 0
        self.rendering: dict[Key, threading.Event] = {}
        self.to_improve: queue.SimpleQueue[Key] = queue.SimpleQueue()
        self._read_folder()
        threading.Thread(target=self._improve, name="pages", daemon=True).start()

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        coding = best_coding(environ.get("HTTP_ACCEPT_ENCODING", ""))
        environ["HTTP_ACCEPT_ENCODING"] = coding  # for what cannot read q-values
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self.application(environ, start)
        path = environ["PATH_INFO"]
        host = environ.get("HTTP_HOST", "").partition(":")[0]  # no page differs by its port
        proto = environ.get("HTTP_X_FORWARDED_PROTO", "")
        if proto and not is_trusted(environ.get("REMOTE_ADDR", "")):
            proto = ""  # or who asks by http would not be sent to https
        key = (host, path, proto)
        if page := self._fresh(key):
            self.pages.move_to_end(key)
            return page.answer(environ, start, coding)
        if (
            host not in self.hosts
            or proto not in {"", "http", "https"}
            or path.startswith(settings.NOT_FOR_EVERYONE)
        ):
            return self.application(environ, start)
        return self._render_once(key, environ, start, coding)

    def _fresh(self, key: Key) -> Page | None:
        page, seen = self.pages.get(key), last_seen()
        if page is None or page.seen is seen:
            return page
        if not (seen.is_away or page.stamp == stamp(seen)):
            return None
        page.seen = seen  # so that the next request compares no more than this
        return page

    def _render_once(
        self, key: Key, environ: Environ, start: Start, coding: str
    ) -> Iterable[bytes]:
        """Render a page, or wait for who is about it and answer with theirs."""
        if other := self.rendering.get(key):
            other.wait(settings.PAGE_WAIT)
            if page := self._fresh(key):
                return page.answer(environ, start, coding)
            return self.application(environ, start)
        self.rendering[key] = done = threading.Event()
        try:
            return self._render(key, environ, start, coding)
        finally:
            del self.rendering[key]
            done.set()

    def _render(self, key: Key, environ: Environ, start: Start, coding: str) -> Iterable[bytes]:
        # Another process may have rendered it.
        if key not in self.pages and (found := self._read(self._file(key))):
            self._put(*found)
        before, seen = self.pages.get(key), last_seen()
        if page := self._fresh(key):
            return page.answer(environ, start, coding)
        started: list[Any] = []
        whole = environ | {"REQUEST_METHOD": "GET"}
        answer = self.application(whole, lambda *args: started.extend(args))
        body = b"".join(answer)
        if close := getattr(answer, "close", None):
            close()
        status, headers = started[:2]
        names = {name.lower(): value for name, value in headers}
        if (
            status.startswith("200")
            and names.get("cache-control") == PUBLIC
            and "set-cookie" not in names
        ):
            page = self._keep(key, stamp(seen), headers, body)
            return page.answer(environ, start, coding)
        if status.startswith("5") and before is not None:
            logger.error("A page could not be rendered; the one before was sent")
            return before.answer(environ, start, coding)
        if key in self.pages:
            self._drop(key)
        start(status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _keep(self, key: Key, stamp: list[str], headers: Headers, body: bytes) -> Page:
        page = self.pages.get(key)
        own = {"content-length", "vary", "etag"}
        kept = [each for each in headers if each[0].lower() not in own]
        if page and page.headers == kept and page.forms[""].etags == (etag_of(body),):
            page.stamp = stamp  # the same once more: browsers and proxies have it
        else:
            # 1 ms for the longest page; the best takes 40, and saves a tenth.
            page = Page(stamp, kept, gzip.compress(body, 6), brotli.compress(body, quality=5))
        self._put(key, page)
        self.to_improve.put(key)  # no more of it, as it may be dropped before its turn
        return page

    def _put(self, key: Key, page: Page) -> None:
        """Keep a page in memory, in the place of an earlier one; let the least used go."""
        if before := self.pages.pop(key, None):
            self.size -= before.size
        self.pages[key] = page
        self.size += page.size
        while self.size > self.most and len(self.pages) > 1:
            self._drop(next(iter(self.pages)))

    def _drop(self, key: Key) -> None:
        self.size -= self.pages.pop(key).size
        self._file(key).unlink(missing_ok=True)

    def _improve(self) -> None:
        """Pack pages as small as can be, and write them to disk, one after the other."""
        # In real threads: one of Python's own is a part of this one here, and would stop it.
        outside = gevent.get_hub().threadpool
        while True:
            key = self.to_improve.get()
            if (page := self.pages.get(key)) is None:
                continue
            try:
                if len(page.forms["br"].etags) == 1:
                    html = gzip.decompress(page.forms["gzip"].body)
                    best = outside.apply(brotli.compress, (html,), {"quality": 11})
                    if self.pages.get(key) is page:
                        self.size -= page.size
                        page.put("br", best)
                        self.size += page.size
                if self.pages.get(key) is page:
                    outside.apply(self._write, (key, page))
                if self.to_improve.empty():
                    outside.apply(_give_back)
            except Exception:  # a full disk; pages are then kept in memory alone
                logger.exception("A page could not be kept")

    # On disk, so that pages are there after a restart while the database is away.

    def _file(self, key: Key) -> Path:
        return self.folder / hashlib.sha256("\n".join(key).encode()).hexdigest()

    def _write(self, key: Key, page: Page) -> None:
        packed, small = page.forms["gzip"].body, page.forms["br"].body
        told = [key, page.stamp, page.headers, len(packed), len(small)]
        path = self._file(key)
        half = path.with_suffix(f".{os.getpid()}")  # nobody reads half a file
        half.write_bytes(json.dumps(told).encode() + b"\n" + packed + small)
        half.replace(path)

    def _read(self, path: Path) -> tuple[Key, Page] | None:
        """Return what a file holds; None for half a file, and for what this build cannot send."""
        try:
            line, bodies = path.read_bytes().split(b"\n", 1)
            key, stamp, headers, length, rest = json.loads(line)
            if len(bodies) != length + rest or (stamp[0] != build() and not last_seen().is_away):
                return None
            page = Page(stamp, headers, bodies[:length], bodies[length:])
        except (OSError, ValueError, EOFError, zlib.error):
            return None
        return (key[0], key[1], key[2]), page

    def _read_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            if path.suffix or not (found := self._read(path)):
                path.unlink(missing_ok=True)
            else:
                self._put(*found)


def _give_back() -> None:
    """Give the system back what pages were made in: 15 MB and more, of many pages."""
    with contextlib.suppress(AttributeError, OSError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)


def stamp(seen: Seen) -> list[str]:
    """Return what a page is stamped with that is rendered now."""
    return [build(), str(seen.version), seen.date.isoformat()]
