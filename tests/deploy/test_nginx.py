"""deploy/nginx.conf in a real nginx, with ports and folders of its own: what it promises."""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode, urlsplit

import html5lib
import pytest

from clinic_site.public_page import PUBLIC
from tests.faults.serving import FORM, until
from tests.front import Front, in_front
from tests.generated import SOAK
from tests.make import form_answers
from tests.running import Answer, Site, Visitor

pytestmark = pytest.mark.on_sqlite

IDLE = 10 if SOAK else 2  # seconds in which nobody looks at a page
CONDITION = "/conditions/spinal-compression-fractures/"
PHONE = "605-217-5617"


def trusting(front: Front) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(front.folder / "fullchain.pem"))


def ask(front: Front, path: str, data: dict[str, object] | None = None, **headers: str) -> Answer:
    """What the site answers over https."""
    line = http.client.HTTPSConnection(urlsplit(front.address).netloc, context=trusting(front))
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if data:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    line.request("POST" if data else "GET", path, urlencode(data) if data else None, sent)
    with line.getresponse() as got:
        text = got.read().decode("utf-8", "replace")
    line.close()
    return Answer(front.address + path, got.status, got.headers, text)


def kept(front: Front, path: str, count: int) -> list[str]:
    """How the cache took part in so many answers of a path; - where it did not."""

    def lines() -> list[list[str]]:
        return [line.split() for line in front.log() if f" {path} " in line]

    until(lambda: len(lines()) == count, f"not {count} times in the log: {path}")
    return [line[6] for line in lines()]


@pytest.fixture(scope="module")
def front(site: Site) -> Iterator[Front]:
    """The site behind nginx, over https."""
    with in_front(site.address, tls=True) as front:
        yield front


def test_who_comes_by_http_is_sent_to_https_with_http_2(front: Front) -> None:
    answer = Visitor(front.http).get(f"{CONDITION}?from=card")
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://localhost{CONDITION}?from=card"

    context = trusting(front)
    context.set_alpn_protocols(["h2", "http/1.1"])
    place = ("127.0.0.1", urlsplit(front.address).port)
    with (
        socket.create_connection(place) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        assert line.selected_alpn_protocol() == "h2"

    # But for who wants to see that the certificate is ours.
    proof = front.folder / "www" / ".well-known" / "acme-challenge" / "token"
    proof.parent.mkdir(parents=True)
    proof.write_text("proof")
    assert Visitor(front.http).get("/.well-known/acme-challenge/token").text == "proof"


def test_what_is_for_everyone_is_kept_by_host_and_path_and_nothing_else(front: Front) -> None:
    page = "/physicians/"
    for query, coding in (("", "br"), ("?x=1", "gzip, br"), ("", "gzip"), ("", "")):
        answer = ask(front, page + query, Accept_Encoding=coding or "identity")
        assert answer.status == 200
        assert (answer.headers["Content-Encoding"] or "") in coding
    # The second may have come late, and asked again.
    assert [each == "MISS" for each in kept(front, page, 4)] == [True, False, True, True]

    style = next(link for link in ask(front, "/").links() if link.endswith(".css"))
    for _time in range(2):
        assert "immutable" in ask(front, style).headers["Cache-Control"]
    assert kept(front, style, 2) == ["MISS", "HIT"]

    for path in ("/search/", FORM, "/admin/login/", "/healthz"):
        answers = [ask(front, f"{path}?q={word}", Accept_Encoding="gzip") for word in ("a", "b")]
        assert kept(front, path, 2) == ["-", "-"]
        # The form holds an attempt: what may not be told from its size is not packed, either.
        assert all(each.headers["Content-Encoding"] is None for each in answers), path


def test_nobody_waits_for_another_s_form(front: Front) -> None:
    began = time.monotonic()
    crowd = [threading.Thread(target=ask, args=(front, FORM)) for _person in range(8)]
    for person in crowd:
        person.start()
    for person in crowd:
        person.join()

    # Behind the lock of a page that is kept, each would wait half a second for the one before.
    assert time.monotonic() - began < 3


def test_its_logs_tell_of_nobody(front: Front) -> None:
    for path in (
        "/appointments/status/TOKEN/?q=TOKEN",
        "/appointments/received/TOKEN/",
        "/appointments//mail/TOKEN/copy/",
        "/admin/invitation/TOKEN/",
        "/search/?q=TOKEN",
    ):
        ask(front, path, Referer=f"{front.address}/appointments/status/TOKEN/")
    ask(front, "/appointments/request/", form_answers("TOKEN", message="TOKEN"))

    until(lambda: "POST /appointments/request/ " in front.log()[-1], "the log is not written")
    log = "\n".join(front.log())
    assert "GET /appointments/status/(token) " in log
    # Its name for a request, with which the site's own log says what it did with it.
    assert re.search(r"- [0-9a-f]{32} \d{3}$", front.log()[-1])
    assert "GET /admin/invitation/(token) " in log
    for each in ("TOKEN", "127.0.0.1", "?"):
        assert each not in log


def test_a_flood_of_one_sender_is_refused_but_never_their_request(site: Site, front: Front) -> None:
    # When one sender asks for far more than any person, and then for an appointment,
    host = urlsplit(front.address).netloc
    page, form = (f"GET {path} HTTP/1.1\r\nHost: {host}\r\n" for path in ("/contact/", FORM))
    flood = f"{page}\r\n" * 800 + f"{form}\r\n" * 12 + f"{page}Connection: close\r\n\r\n"
    place = ("127.0.0.1", urlsplit(front.address).port)
    with (
        socket.create_connection(place, timeout=20) as plain,
        trusting(front).wrap_socket(plain, server_hostname="localhost") as line,
    ):
        threading.Thread(target=line.sendall, args=(flood.encode(),), daemon=True).start()
        answers = b"".join(iter(lambda: line.recv(65536), b"")).decode()

    # then 500 at once are answered, the others are told to call,
    assert answers.count("HTTP/1.1 200 OK") > 500
    assert answers.count("HTTP/1.1 429 ") > 100
    refused = answers[answers.index("HTTP/1.1 429 ") :].split("HTTP/1.1 ")[1]
    assert PHONE in refused
    html5lib.HTMLParser(strict=True).parse(refused.partition("\r\n\r\n")[2])

    # and each time they get the form, and their request is taken.
    assert answers.count('name="attempt"') == 12
    assert ask(front, FORM, form_answers(site.attempt())).status == 303


class Upstream(BaseHTTPRequestHandler):
    """A site that can die while it answers."""

    page, is_dying, deaths = "first", False, 0

    def do_GET(self) -> None:
        if self.is_dying:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Cache-Control", PUBLIC)
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page.encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if Upstream.deaths:
            Upstream.deaths -= 1
            self.close_connection = True
            return
        self.send_response(303)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_old_page_is_shown_only_while_there_is_no_new_one(
    upstream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_front(upstream) as front:
        nurse = Visitor(front.address)
        assert nurse.get("/contact/").text == "first"

        # The first who comes after a quiet time gets the page of today;
        monkeypatch.setattr(Upstream, "page", "second")
        time.sleep(IDLE)
        assert nurse.get("/contact/").text == "second"

        # and while the site does not answer, what it said last, or the phone number.
        monkeypatch.setattr(Upstream, "is_dying", True)
        time.sleep(IDLE)
        assert nurse.get("/contact/").text == "second"
        for path in ("/physicians/", "/search/"):
            away = nurse.get(path)
            assert away.status == 502
            assert PHONE in away.text
        # Not even that is told with what was asked for.
        assert (front.folder / "log" / "clinic-error.log").read_text() == ""


def test_a_request_whose_process_dies_is_sent_to_the_next_of_the_same_machine(
    upstream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_front(upstream) as front:
        for path, status in ((FORM, 303), ("/appointments/status/", 502)):
            monkeypatch.setattr(Upstream, "deaths", 1)
            assert Visitor(front.address).post(path, {"x": "y"}).status == status


def test_a_request_whose_process_dies_is_taken_by_another_once(
    site: Site, upstream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upstream, "deaths", 99)
    before = site.requests()
    with in_front(upstream, site.address) as front:
        nurse = Visitor(front.address)

        sent = [nurse.post(FORM, form_answers(site.attempt())) for _time in range(4)]
        others = [nurse.post("/contact/", {"x": "y"}) for _time in range(4)]
        again = [line for line in front.log() if line.endswith(" 303")]

    assert [each.status for each in sent] == [303] * 4
    assert site.requests() == before + 4
    # What could be done twice is not sent twice.
    assert {each.status for each in others} == {502, 405}
    assert any(line.endswith(" 502, 303") for line in again)
