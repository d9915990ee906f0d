"""Public pages are rendered once: what is kept, for whom, and what no change or trick gets past."""

import datetime as dt
import gzip
import ipaddress
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest

from clinic_site import page_cache
from clinic_site.clinic import Seen
from clinic_site.page_cache import PageCache
from clinic_site.public_page import PUBLIC

pytestmark = pytest.mark.on_sqlite

HOST = "clinic.example"
HTML = b"<!doctype html><title>Sore back</title>" + b"<p>Rest, and walk in turns.</p>" * 200


class Site:
    """An application under the cache, and what the last look at the database found."""

    def __init__(self, folder: Path, most: int = 2**20) -> None:
        self.seen = Seen(uuid.uuid4(), dt.date(2026, 11, 27), is_away=False)
        self.html: Callable[[], bytes] = lambda: HTML
        self.status = "200 OK"
        self.headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": PUBLIC}
        self.rendered: list[str] = []
        self.folder = folder
        self.most = most
        self.restart()

    def restart(self) -> None:
        self.cache = PageCache(self._render, folder=self.folder, most=self.most)

    def _render(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        self.rendered.append(environ["PATH_INFO"])
        body = self.html()
        start(self.status, list(self.headers.items()))
        return [body]

    def changed(self, html: bytes) -> None:
        """Somebody published something, and the look in the background has seen it."""
        self.html = lambda: html
        self.seen = self.seen._replace(version=uuid.uuid4())

    def get(self, path: str = "/", method: str = "GET", **headers: str) -> "Answer":
        told: list[Any] = []
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": HOST}
        environ["REMOTE_ADDR"] = headers.pop("remote_addr", "192.0.2.1")
        environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        body = b"".join(self.cache(environ, lambda *args: told.extend(args)))
        return Answer(told[0], dict(told[1]), body)

    def is_written(self, path: str = "/") -> bool:
        return self.cache._file((HOST, path, "")).exists()


class Answer:
    def __init__(self, status: str, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def html(self) -> bytes:
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress}
        return unpack.get(self.headers.get("Content-Encoding", ""), bytes)(self.body)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Site:
    settings.ALLOWED_HOSTS = [HOST]
    site = Site(tmp_path / "pages")
    monkeypatch.setattr(page_cache, "last_seen", lambda: site.seen)
    return site


def wait_until(happened: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _step in range(500):
        if happened():
            return
        pause.wait(0.02)
    raise AssertionError("It did not happen within ten seconds.")


@pytest.mark.parametrize("accepts", ["", "gzip", "br", "gzip, deflate, br, zstd", "*", "br;q=0, *"])
def test_a_page_is_rendered_once_and_the_same_in_each_coding(site: Site, accepts: str) -> None:
    first, again = site.get(accept_encoding=accepts), site.get(accept_encoding=accepts)

    assert site.rendered == ["/"]
    assert first.html == again.html == HTML
    assert first.headers["Vary"] == "Accept-Encoding"
    assert int(again.headers["Content-Length"]) == len(again.body)


def test_who_has_the_page_is_told_so_and_who_asks_for_its_head_gets_no_more(site: Site) -> None:
    page = site.get(accept_encoding="br")

    same = site.get(accept_encoding="br", if_none_match=f'W/"other", {page.headers["ETag"]}')
    head = site.get(method="HEAD", accept_encoding="br")
    other = site.get(accept_encoding="gzip", if_none_match=page.headers["ETag"])

    assert (same.status, same.body) == ("304 Not Modified", b"")
    assert {"ETag", "Vary", "Cache-Control"} <= same.headers.keys()
    assert (head.status, head.body) == ("200 OK", b"")
    assert head.headers == page.headers
    assert other.html == HTML  # that was another form's


def test_a_page_that_is_packed_better_later_is_still_the_one_a_browser_has(site: Site) -> None:
    quick = site.get(accept_encoding="br")
    wait_until(lambda: site.is_written())
    best = site.get(accept_encoding="br")

    assert best.html == HTML
    assert best.headers["ETag"] != quick.headers["ETag"]
    assert site.get(accept_encoding="br", if_none_match=quick.headers["ETag"]).body == b""


def test_a_change_and_a_new_day_have_it_rendered_again(site: Site) -> None:
    site.get()
    site.changed(b"new")
    assert site.get().body == b"new"

    site.html = lambda: b"tomorrow"
    site.seen = site.seen._replace(date=dt.date(2026, 11, 28))
    assert site.get().body == b"tomorrow"


def test_what_is_rendered_to_the_same_html_is_the_page_that_browsers_have(site: Site) -> None:
    etag = site.get(accept_encoding="br").headers["ETag"]
    site.changed(HTML)
    assert site.get(accept_encoding="br", if_none_match=etag).status == "304 Not Modified"
    assert site.rendered == ["/", "/"]


def test_a_page_rendered_while_something_changed_is_not_kept(site: Site) -> None:
    """It can hold what was remembered before the change beside what was read after it."""

    def half_old() -> bytes:
        site.changed(b"all new")
        return b"half old"

    site.html = half_old
    site.get()
    assert site.get().body == b"all new"


@pytest.mark.parametrize("query", ["x=1", "q=<script>", ""])
def test_queries_and_cookies_neither_fill_nor_change_what_is_kept(site: Site, query: str) -> None:
    site.get()
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": HOST}
    environ |= {"QUERY_STRING": query, "HTTP_COOKIE": "sessionid=x"}
    assert b"".join(site.cache(environ, lambda *args: None)) == HTML
    assert site.rendered == ["/"]
    assert len(site.cache.pages) == 1


def test_only_our_proxy_says_that_a_page_is_asked_for_by_https(site: Site, settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1/32")]
    site.get(remote_addr="127.0.0.1", x_forwarded_proto="https")
    site.status, site.headers = "301 Moved Permanently", {"Location": "https://clinic.example/"}
    assert site.get(x_forwarded_proto="https").status == "301 Moved Permanently"
    assert site.get(remote_addr="127.0.0.1", x_forwarded_proto="https").body == HTML


def test_a_port_makes_no_other_page(site: Site) -> None:
    site.get()
    site.get(host=f"{HOST}:4711")
    assert site.rendered == ["/"]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "clinic.example.:80"},
        {"x_forwarded_proto": "gopher", "remote_addr": "127.0.0.1"},
    ],
)
def test_made_up_names_are_never_kept(site: Site, settings: Any, headers: dict[str, str]) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1/32")]
    site.get(**headers)
    assert not site.cache.pages


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("404 Not Found", {}),
        ("200 OK", {"Cache-Control": "no-store"}),
        ("200 OK", {"Cache-Control": "private, no-cache"}),
        ("200 OK", {"Set-Cookie": "a=b"}),
    ],
)
def test_what_is_not_for_everyone_is_never_kept(
    site: Site, status: str, headers: dict[str, str]
) -> None:
    site.status = status
    site.headers |= headers
    site.get()
    site.get()
    assert site.rendered == ["/", "/"]


def test_many_who_ask_at_once_wait_for_one_rendering(site: Site) -> None:
    others_came, bodies = threading.Event(), []

    def slow() -> bytes:
        assert others_came.wait(10)
        return HTML

    site.html = slow
    people = [threading.Thread(target=lambda: bodies.append(site.get().body)) for _ in range(20)]
    for person in people:
        person.start()
    wait_until(lambda: len(site.rendered) == 1)
    others_came.set()
    for person in people:
        person.join()

    assert bodies == [HTML] * 20
    assert site.rendered == ["/"]


def test_where_rendering_fails_the_last_page_is_the_answer(site: Site) -> None:
    site.get()
    site.status = "500 Internal Server Error"
    site.changed(b"broken")
    assert site.get().body == HTML
    site.status = "410 Gone"  # it was taken from patients meanwhile
    assert site.get().status == "410 Gone"
    site.status = "500 Internal Server Error"
    assert site.get().body == b"broken"


def test_while_the_database_is_away_pages_stay_also_after_a_restart(site: Site) -> None:
    site.get(accept_encoding="br")
    wait_until(lambda: site.is_written())
    site.seen = Seen(None, dt.date(2026, 11, 28), is_away=True)
    site.restart()
    site.rendered.clear()

    assert site.get(accept_encoding="br").html == HTML
    assert site.get().body == HTML
    assert site.rendered == []

    site.html = lambda: b"new"
    site.seen = Seen(uuid.uuid4(), dt.date(2026, 11, 28), is_away=False)
    assert site.get().body == b"new"


def test_a_new_release_throws_the_pages_of_the_old_one_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.get()
    wait_until(lambda: site.is_written())
    monkeypatch.setattr(page_cache, "build", lambda: "another")
    site.restart()
    assert not site.is_written()
    assert not site.cache.pages


def test_processes_that_start_at_once_throw_the_same_pages_away(site: Site) -> None:
    for number in range(300):
        (site.folder / f"{number}").write_bytes(b"of another build")
    at_once, started = threading.Barrier(4), []

    def start() -> None:
        at_once.wait()
        started.append(PageCache(site._render, folder=site.folder, most=1))

    processes = [threading.Thread(target=start) for _process in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert len(started) == 4
    assert list(site.folder.iterdir()) == []


@pytest.mark.parametrize("is_half", [True, False])
def test_a_damaged_file_is_thrown_away(site: Site, is_half: bool) -> None:
    site.get()
    wait_until(lambda: site.is_written())
    file = next(site.folder.iterdir())
    whole = file.read_bytes()
    start = whole.index(b"\n") + 1
    file.write_bytes(whole[:300] if is_half else whole[:start] + bytes(len(whole) - start))
    site.restart()
    assert site.get().body == HTML
    assert len(site.rendered) == 2


def test_it_takes_no_more_than_its_share_and_keeps_what_is_asked_for(
    tmp_path: Path, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = [HOST]
    pages = iter(range(1_000))
    site = Site(tmp_path / "pages", most=50_000)
    site.html = lambda: b"%d" % next(pages)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_cache, "last_seen", lambda: site.seen)
        for number in range(40):
            site.get(f"/{number}/")
            site.get("/0/")
        assert site.cache.size <= 50_000
        assert site.cache.size == sum(page.size for page in site.cache.pages.values())
        assert site.rendered.count("/0/") == 1
        assert (HOST, "/1/", "") not in site.cache.pages
