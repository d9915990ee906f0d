"""Public pages go out as brotli to browsers that take it; what a person typed never does."""

import re
import urllib.request

import brotli
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from clinic_site.middleware import CompressPages
from tests.running import Site, Visitor

pytestmark = pytest.mark.on_sqlite

CONDITION = "/conditions/spinal-compression-fractures/"


def body(site: Site, path: str, **headers: str) -> tuple[bytes, dict[str, str]]:
    """The bytes as sent, and the headers."""
    request = urllib.request.Request(site.address + path, headers=headers)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=20) as answer:
        return answer.read(), dict(answer.headers)


def test_a_page_is_the_same_compressed_or_not(site: Site) -> None:
    plain, headers = body(site, CONDITION)
    packed, packed_headers = body(site, CONDITION, **{"Accept-Encoding": "gzip, br"})

    assert brotli.decompress(packed) == plain
    assert len(packed) < len(plain) / 4
    assert packed_headers["Content-Encoding"] == "br"
    assert "Content-Encoding" not in headers
    assert "Accept-Encoding" in headers["Vary"]
    assert "Accept-Encoding" in packed_headers["Vary"]


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0.5, br;q=1.0", "br"),
        ("br;q=0.2, gzip", "gzip"),
        ("identity", None),
    ],
)
def test_pages_and_files_come_as_a_browser_likes_them_best(
    visitor: Visitor, site: Site, accepts: str, coding: str | None
) -> None:
    page = visitor.get(CONDITION).text
    sheet = next(link for link in re.findall(r'href="([^"]+)"', page) if "print." in link)
    for path in (CONDITION, sheet):
        _body, headers = body(site, path, **{"Accept-Encoding": accepts})
        assert headers.get("Content-Encoding") == coding, path


@pytest.mark.parametrize("path", ["/appointments/status/x/", "/admin/login/", "/robots.txt"])
def test_what_is_not_a_public_page_is_left_alone(visitor: Visitor, site: Site, path: str) -> None:
    assert "Content-Encoding" not in visitor.get(path, Accept_Encoding="br").headers


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(status=302, headers={"Location": "/"}),
        HttpResponse("packed", headers={"Content-Encoding": "gzip"}),
        StreamingHttpResponse(["a", "b"]),
        HttpResponse("typed", headers={"Cache-Control": "no-store"}),
    ],
)
def test_an_answer_that_cannot_be_packed_goes_out_as_it_is(answer: HttpResponse) -> None:
    request = RequestFactory().get("/", headers={"Accept-Encoding": "br"})

    sent = CompressPages(lambda request: answer).process_response(request, answer)

    assert sent.headers.get("Content-Encoding") != "br"


@pytest.mark.django_db
def test_an_answer_to_what_was_typed_is_not_packed(client: Client) -> None:
    answer = client.post("/appointments/request/", {}, headers={"Accept-Encoding": "br"})

    assert "Content-Encoding" not in answer.headers
