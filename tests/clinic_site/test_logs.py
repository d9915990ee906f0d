"""What strangers send leaves one line in the log, and can begin no line of its own."""

import datetime as dt
import json
import logging
import re
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import html5lib
import pytest
from django.core.exceptions import BadRequest, DisallowedHost, PermissionDenied
from django.test import RequestFactory

from clinic_site import views
from clinic_site.clinic import current_clinic
from clinic_site.logs import WithoutTokens, request_id
from clinic_site.models import Clinic
from tests.faults.serving import serving
from tests.make import form_answers
from tests.running import Site, Visitor, install
from tests.test_from_outside import say

pytestmark = pytest.mark.on_sqlite

FORM = "/appointments/request/"
MULTIPART = "multipart/form-data; boundary=x"


def logged(site: Site) -> list[str]:
    return (site.var.parent / f"{site.var.name}.log").read_text().splitlines()


def half_a_body(site: Site, path: str, content_type: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\nwords'
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(site.address).netloc}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: 9999\r\nConnection: close\r\n\r\n"
    )
    say(site.address, head.encode() + body)


def head(site: Site, path: str) -> None:
    host = urlsplit(site.address).netloc
    text = f"HEAD {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    answer = say(site.address, text.encode())
    assert re.search(r"(?i)content-length: [1-9]", answer)
    assert answer.endswith("\r\n\r\n")


EXPECTED = {
    "the headers of no page": lambda site: head(site, "/appointments/no-such-page/"),
    "a host that is not ours": lambda site: Visitor(site.address).get("/", Host="evil.example"),
    "no host": lambda site: Visitor(site.address).get("/", Host="a b/c"),
    "no form": lambda site: Visitor(site.address).post(FORM, b"{}", Content_Type="text/json"),
    "half a form": lambda site: half_a_body(site, FORM, "application/x-www-form-urlencoded"),
    "half a form in parts": lambda site: half_a_body(site, FORM, MULTIPART),
    "a form without its boundary": lambda site: Visitor(site.address).post(
        FORM, b"x", Content_Type="multipart/form-data"
    ),
    "half a form of the admin": lambda site: half_a_body(site, "/admin/login/", MULTIPART),
    "many fields": lambda site: Visitor(site.address).post(FORM, b"&a=1" * 3000),
    "no token": lambda site: Visitor(site.address).post("/admin/login/", {"username": "x"}),
}


@pytest.mark.parametrize("send", EXPECTED.values(), ids=EXPECTED)
def test_what_is_expected_from_outside_is_one_line(site: Site, send) -> None:
    before = len(logged(site))

    send(site)

    lines = logged(site)[before:]
    assert len(lines) == 1, lines
    said = re.match(r"(\S+ \S+),\d{3}Z (WARNING|ERROR) (?:django|clinic_site)\.", lines[0])
    assert said
    at = dt.datetime.fromisoformat(said[1]).replace(tzinfo=dt.UTC)
    assert abs(dt.datetime.now(dt.UTC) - at) < dt.timedelta(hours=1)  # not the clinic's own time


def test_no_text_from_outside_begins_a_line(site: Site) -> None:
    forged = "\r\n2026-01-01 00:00:00,000 ERROR FORGED\x1b[2J"
    visitor = Visitor(site.address)
    encoded = "%0d%0a2026-01-01%2000:00:00,000%20ERROR%20FORGED%1b[2J%E2%80%A8FORGED%C2%85FORGED"

    for path in (f"/{encoded}/", f"/admin/{encoded}/", f"/appointments/status/{encoded}/"):
        visitor.get(path)
        visitor.post(path, {"a": forged})
    visitor.post(FORM, form_answers(site.attempt(), message=forged, patient_name=forged))
    visitor.post(FORM, b"a=1", Content_Type='text/x; a="FORGED')
    visitor.get("/", Host="evil.example\x85FORGED")
    say(site.address, b"GET /\rFORGED HTTP/1.1\r\nHost: x\rFORGED\r\n\r\n")

    text = (site.var.parent / f"{site.var.name}.log").read_bytes().decode()
    assert "FORGED" in text
    assert not re.search("[\r\x1b\x85\u2028]", text)
    assert not re.search(r"(?m)^(2026-01-01 00:00|FORGED)", text)


def test_a_fault_of_ours_keeps_its_traceback_in_lines_that_are_set_in() -> None:
    def line(error: Exception) -> str:
        try:
            raise error
        except Exception:
            record = logging.LogRecord("x", logging.ERROR, "", 1, "Said", (), sys.exc_info())
        return WithoutTokens("%(message)s").format(record)

    for expected in (BadRequest("x"), DisallowedHost("x"), PermissionDenied("x")):
        assert line(expected) == "Said"
    first, *others = line(ValueError("words\nFORGED")).split("\n")
    assert first == "Said"
    assert others[0] == "    Traceback (most recent call last):"
    assert others[-1] == "    FORGED"
    assert all(each.startswith("    ") for each in others)


def test_a_fault_of_ours_is_found_in_the_log_by_the_code_that_its_page_shows(
    tmp_path: Path,
) -> None:
    # Given a page that cannot be shown, behind a proxy that names each request,
    site = install(tmp_path / "var", LOG_FORMAT="json")
    site.sql("UPDATE conditions_revision SET document = '[]'")
    name = "0123456789abcdef0123456789abcdef"
    with serving(site) as address:
        visitor = Visitor(address)

        page = visitor.get("/conditions/spinal-compression-fractures/", X_Request_ID=name)
        other = visitor.get("/conditions/spinal-compression-fractures/", X_Request_ID="a b")

    # then its code stands on the page and at each line, a JSON object, that tells of it.
    assert page.status == other.status == 500
    assert "this code helps us to find the fault: 01234567" in page.words
    assert "605-217-5617" in page.words
    page.assert_valid_html()
    records = [json.loads(line) for line in site.log.read_text().splitlines()]
    (fault,) = [
        each for each in records if each["request"] == "01234567" and each["level"] == "ERROR"
    ]
    assert dt.datetime.fromisoformat(fault["time"]).utcoffset() == dt.timedelta()
    assert "Traceback" in fault["message"]
    # One that is no name of a request is none.
    code = re.search(r"find the fault: ([0-9a-f]{8})\b", other.words)
    assert code
    assert [each for each in records if each["request"] == code[1]] != []


def test_no_line_bears_the_code_of_another_request(site: Site) -> None:
    before, host = len(logged(site)), urlsplit(site.address).netloc
    named = f"GET /search/ HTTP/1.1\r\nHost: {host}\r\nX-Request-ID: {'cafecafe' * 4}\r\n\r\n"
    with socket.create_connection((host.partition(":")[0], int(host.partition(":")[2]))) as line:
        line.sendall(named.encode())
        assert line.recv(20).startswith(b"HTTP/1.1 200")
        line.sendall(b"no request at all\r\n\r\n")
        while line.recv(65536):
            pass

    lines = logged(site)[before:]
    assert ["could not be read" in each for each in lines] == [True]
    assert "cafecafe" not in lines[0]


@pytest.mark.django_db
def test_where_not_even_the_page_of_a_fault_can_be_shown_the_phone_number_is(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **context: object) -> None:
        raise ValueError("no such file")

    monkeypatch.setattr(views, "error_page", broken)
    Clinic.objects.create(name="Clinic", phone="+16052175617")
    current_clinic()
    token = request_id.set("cafecafe")
    answer = views.server_error(rf.get("/"))
    request_id.reset(token)

    html5lib.HTMLParser(strict=True).parse(answer.content)
    assert answer.status_code == 500
    assert "605-217-5617" in answer.content.decode()
    assert "cafecafe" in answer.content.decode()
