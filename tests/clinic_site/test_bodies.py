"""Forms sent in chunks, without their length, as some proxies send them; and `charset=utf8`."""

import socket
from urllib.parse import urlencode, urlsplit

import pytest

from tests.make import PASSWORD, form_answers
from tests.running import Site, Visitor

FORM = "/appointments/request/"
URLENCODED = "application/x-www-form-urlencoded"

pytestmark = pytest.mark.on_sqlite


def chunked(body: bytes, size: int = 100) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def as_multipart(answers: dict[str, object]) -> bytes:
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in answers.items()
    ]
    return "".join([*parts, "--x--\r\n"]).encode()


def send(
    site: Site, body: bytes, content_type: str = URLENCODED, path: str = FORM, cookie: str = ""
) -> bytes:
    """Send a body as it is, then end the line; return all that was answered."""
    host = urlsplit(site.address)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: {content_type}\r\n"
        f"Cookie: {cookie}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host.hostname, host.port), timeout=20) as line:
        line.sendall(head.encode() + body)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))


def count(site: Site, *attempts: str) -> int:
    """How many requests are stored of these attempts."""
    ids = [attempt.partition(":")[0] for attempt in attempts]
    return int(site.shell(f"print(R.objects.filter(attempt__in={ids}).count())"))


def test_a_form_in_chunks_is_a_form(site: Site) -> None:
    attempts = [site.attempt(), site.attempt()]
    first, second = (form_answers(each, message=each + "é" * 1000) for each in attempts)

    answers = [
        send(site, chunked(urlencode(first).encode())),
        send(site, chunked(as_multipart(second)), "multipart/form-data; boundary=x"),
    ]

    assert [answer[:13] for answer in answers] == [b"HTTP/1.1 303 "] * 2
    assert count(site, *attempts) == 2


def test_a_mistake_in_a_form_in_chunks_is_told_beside_what_was_typed(site: Site) -> None:
    body = urlencode(form_answers(site.attempt(), patient_name="", message="My own words")).encode()

    answer = send(site, chunked(body))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"My own words" in answer


def test_staff_sign_in_by_a_form_in_chunks_with_utf_8_by_a_short_name(
    site: Site, visitor: Visitor
) -> None:
    form = visitor.get("/admin/login/")
    cookie = form.headers["Set-Cookie"].partition(";")[0]
    token = form.value_of("csrfmiddlewaretoken")
    site.shell("from tests.make import with_password; with_password('ana')")
    typed = {"username": "ana", "password": PASSWORD, "csrfmiddlewaretoken": token}

    answer = send(
        site,
        chunked(urlencode(typed).encode()),
        f"{URLENCODED}; charset=utf8",
        path="/admin/login/?next=/admin/",
        cookie=cookie,
    )

    assert answer.startswith(b"HTTP/1.1 303 ")
    assert b"Set-Cookie: clinic_pending=" in answer


FAULTS = {
    "cut in a chunk": lambda body: chunked(body)[:-200],
    "cut before its end": lambda body: chunked(body)[:-5],
    "cut at its start": lambda body: b"",
    "no size": lambda body: b"zz\r\n" + chunked(body),
    "a negative size": lambda body: b"-5\r\n" + chunked(body),
    "cut in the last chunk": lambda body: chunked(body)[:-5] + b"5\r\nab",
    "a longer chunk than its size": lambda body: b"3\r\nabcdef\r\n0\r\n\r\n",
}


def test_a_body_that_is_cut_or_malformed_is_a_400(site: Site) -> None:
    attempt = site.attempt()
    body = urlencode(form_answers(attempt, message=attempt + "x" * 1000)).encode()

    for name, fault in FAULTS.items():
        for path in (FORM, "/appointments/status/", "/contact/", "/admin/login/"):
            answer = send(site, fault(body), path=path)
            assert answer.startswith(b"HTTP/1.1 400 "), (name, path)
            assert b"605-217-5617" in answer

    # One that tells its length and ends before is no shorter form, either.
    host = urlsplit(site.address)
    head = f"POST {FORM} HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: {URLENCODED}\r\n"
    with socket.create_connection((host.hostname, host.port), timeout=20) as line:
        line.sendall(f"{head}Content-Length: {len(body) + 1}\r\n\r\n".encode() + body)
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")

    assert count(site, attempt) == 0


@pytest.mark.parametrize(
    ("path", "size"), [(FORM, 300_000), ("/contact/", 20_000_000), ("/admin/login/", 17_000_000)]
)
def test_more_than_this_site_asks_for_is_refused_in_chunks_too(
    site: Site, path: str, size: int
) -> None:
    answer = send(site, chunked(b"message=" + b"x" * size, 1_000_000), path=path)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"605-217-5617" in answer


def test_what_follows_a_form_in_chunks_on_the_same_line_is_answered(site: Site) -> None:
    host = urlsplit(site.address)
    body = urlencode(form_answers(site.attempt())).encode()
    head = f"POST {FORM} HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: {URLENCODED}\r\n"
    after = f"GET /healthz HTTP/1.1\r\nHost: {host.netloc}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host.hostname, host.port), timeout=20) as line:
        line.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunked(body))
        line.sendall(after.encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 303 ")
    assert answer.endswith(b"ok\n")


@pytest.mark.parametrize("name", ["utf8", "UTF8", '"utf8"', "utf_8", "UTF-8"])
def test_utf_8_is_taken_by_any_of_its_names(visitor: Visitor, site: Site, name: str) -> None:
    body = urlencode(form_answers(site.attempt(), message=f"Señor {name}")).encode()

    answer = visitor.post(FORM, body, Content_Type=f"{URLENCODED}; charset={name}")

    assert answer.status == 303


@pytest.mark.parametrize("name", ["latin1", "utf-16", "utf-8-sig", "rot13", ""])
def test_no_other_encoding_is_taken(visitor: Visitor, site: Site, name: str) -> None:
    body = urlencode(form_answers(site.attempt())).encode()

    answer = visitor.post(FORM, body, Content_Type=f"{URLENCODED}; charset={name}")

    assert answer.status == 400
