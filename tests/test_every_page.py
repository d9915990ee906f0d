"""Every public address of the running site: works, valid, carries the phone, keeps to itself."""

import json
import re
from urllib.parse import urlsplit

import pytest

from clinic_site.security_headers import SECURITY_HEADERS
from tests.generated import SOAK
from tests.running import Visitor

pytestmark = pytest.mark.on_sqlite

PAGES = [
    "/",
    "/conditions/",
    "/conditions/spinal-compression-fractures/",
    "/treatments/care-without-a-procedure/",
    "/treatments/vertebroplasty/",
    "/treatments/kyphoplasty/",
    "/treatments/sacroplasty/",
    "/physicians/",
    "/physicians/neal-khurana/",
    "/contact/",
    "/appointments/request/",
    "/appointments/request/?condition=spinal-compression-fractures",
    "/appointments/status/",
    "/search/?q=bone",
    "/search/?q=no-such-word",
    "/notices/privacy/",
    "/notices/privacy-practices/",
    "/notices/accessibility/",
    "/notices/nondiscrimination/",
    "/notices/language-help/",
]
# One of each kind, for what takes a browser long; `make soak` takes all.
SAMPLE = [
    *("/", "/conditions/", "/conditions/spinal-compression-fractures/"),
    *("/treatments/vertebroplasty/", "/physicians/neal-khurana/", "/contact/"),
    *("/appointments/request/", "/appointments/status/", "/search/?q=bone", "/notices/privacy/"),
]
if SOAK:
    SAMPLE = PAGES
FILES = {
    "/robots.txt": "text/plain",
    "/sitemap.xml": "application/xml",
    "/.well-known/security.txt": "text/plain",
    "/healthz": "text/plain",
    "/readyz": "text/plain",
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_read_by_anyone(visitor: Visitor, site, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status == 200
    answer.assert_valid_html()
    assert "605-217-5617" in answer.words
    assert 'href="tel:+16052175617"' in answer.text
    assert "/appointments/request/" in answer.text
    assert "call 911" in answer.words.lower()
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "csrfmiddlewaretoken" not in answer.text
    assert len(re.findall(r"<h1[ >]", answer.text)) == 1


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_another_host(visitor: Visitor, site, path: str) -> None:
    answer = visitor.get(path)

    loaded = re.findall(
        r'<(?:link|script|img|iframe|source)\b[^>]*(?:href|src)="([^"]*)"', answer.text
    )
    canonical = re.findall(r'<link rel="canonical" href="([^"]*)"', answer.text)
    assert loaded
    assert [url for url in loaded if url not in canonical and urlsplit(url).netloc] == []
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
def test_what_search_engines_read_is_json_about_this_site(
    visitor: Visitor, site, path: str
) -> None:
    page = visitor.get(path).text

    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    for attributes, text in scripts:
        assert attributes == ' type="application/ld+json"'
        data = json.loads(text)
        assert data["@context"] == "https://schema.org"
        assert data["url"].startswith(site.address)
        # Another story may have signed this page; then both say so, else neither.
        assert ("lastReviewed" in text) == ("Reviewed by" in page)
    named = ("/conditions/s", "/treatments/", "/physicians/n", "/contact/")
    assert len(scripts) == (1 if path.startswith(named) else 0)


@pytest.mark.parametrize("path", [path for path in PAGES if "search" not in path])
def test_a_page_says_what_it_is_where_it_is_shared(visitor: Visitor, site, path: str) -> None:
    page = visitor.get(path, Host=site.address.removeprefix("http://")).text

    said = dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', page))
    assert said["og:title"]
    assert said["og:description"] == said["description"] != ""
    assert said["og:url"] == site.address + path.partition("?")[0]
    assert f'<link rel="canonical" href="{said["og:url"]}">' in page
    assert "og:image" not in said  # an SVG drawing is none


def test_every_link_inside_the_site_works(visitor: Visitor) -> None:
    elsewhere: dict[str, str] = {}
    for path in PAGES:
        answer = visitor.get(path)
        for link in answer.links():
            if link.startswith("/"):
                elsewhere[link] = path
            elif link.startswith("#"):
                assert f'id="{link[1:]}"' in answer.text, (path, link)

    for link, path in elsewhere.items():
        assert visitor.get(link).status == 200, (path, link)


@pytest.mark.parametrize(("path", "content_type"), FILES.items())
def test_what_machines_ask_for(visitor: Visitor, path: str, content_type: str) -> None:
    answer = visitor.get(path)

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith(content_type)
    assert "Set-Cookie" not in answer.headers


def test_the_sitemap_lists_every_page(visitor: Visitor, site) -> None:
    sitemap = visitor.get("/sitemap.xml").text

    listed = re.findall(r"<loc>([^<]*)</loc>", sitemap)
    expected = {site.address + path for path in PAGES if "?" not in path}
    assert set(listed) == expected


def test_robots_and_security_txt_name_this_site(visitor: Visitor, site) -> None:
    assert f"Sitemap: {site.address}/sitemap.xml" in visitor.get("/robots.txt").text
    security = visitor.get("/.well-known/security.txt").text
    for text in (visitor.get("/robots.txt").text, security):
        assert text.startswith("# Vascular & Interventional Specialists, 605-217-5617\n")
    assert "Contact: tel:+16052175617" in security
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", security, re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/no-such-page/", 404),
        ("/conditions/no-such-condition/", 404),
        ("/pictures/" + "0" * 64, 404),
        ("/appointments/received/forged/", 404),
        ("/appointments/status/forged/", 404),
    ],
)
def test_an_error_page_helps_too(visitor: Visitor, path: str, status: int) -> None:
    answer = visitor.get(path)

    assert answer.status == status
    answer.assert_valid_html()
    assert "605-217-5617" in answer.words
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "<style>@layer" in answer.text


def test_a_file_keeps_the_fixed_headers_but_may_load_nothing(visitor: Visitor) -> None:
    page = visitor.get("/")
    sheet = visitor.get(re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.text)[0])

    for name in SECURITY_HEADERS:
        if name != "Content-Security-Policy":
            assert sheet.headers[name] == page.headers[name]
    assert sheet.headers["Content-Security-Policy"] == "default-src 'none'"
    # A browser keeps the headers of "not modified" with what it has, which may be a page.
    same = visitor.get(urlsplit(sheet.url).path, If_None_Match=sheet.headers["ETag"])
    assert same.status == 304
    assert same.headers["Content-Security-Policy"] == page.headers["Content-Security-Policy"]


def test_a_page_is_read_only(visitor: Visitor) -> None:
    for path in ("/contact/", "/appointments/received/forged/"):
        answer = visitor.post(path, {"a": "b"})
        assert answer.status == 405
        assert answer.headers["Allow"]
        answer.assert_valid_html()
        assert "605-217-5617" in answer.words


def test_a_strange_host_is_refused_with_the_phone_number(visitor: Visitor) -> None:
    answer = visitor.get("/", Host="evil.example")

    assert answer.status == 400
    assert "605-217-5617" in answer.words
    assert "evil.example" not in answer.text
