"""Someone who reads the site over HTTP, without a browser, and keeps no cookie."""

import html
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from email.message import Message

import html5lib
from django.core import signing


@dataclass
class Answer:
    """What the site answered."""

    url: str
    status: int
    headers: Message
    text: str

    @property
    def words(self) -> str:
        """The page's text as a reader sees it, on one line."""
        body = re.sub(r"(?s)<head>.*?</head>", " ", self.text)
        # A source's number is no part of the sentence.
        body = re.sub(r"(?s)<sup.*?</sup>", "", body)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def assert_valid_html(self) -> None:
        """Fail with html5lib's own words where the page is not valid."""
        html5lib.HTMLParser(strict=True).parse(self.text)

    def links(self) -> list[str]:
        """Every address in an href or src."""
        return [html.unescape(url) for url in re.findall(r'(?:href|src)="([^"]*)"', self.text)]

    def value_of(self, name: str) -> str:
        """The value of a form's input."""
        found = re.search(rf'<input[^>]*name="{name}"[^>]*>', self.text)
        assert found, name
        value = re.search(r'value="([^"]*)"', found[0])
        return html.unescape(value[1]) if value else ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


@dataclass
class Visitor:
    """Asks for pages of the site at `address`; redirects are shown, not followed."""

    address: str

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask(path, None, headers)

    def post(self, path: str, data: dict[str, object] | bytes, **headers: str) -> Answer:
        if isinstance(data, dict):
            data = urllib.parse.urlencode(data, doseq=True).encode()
        return self._ask(path, data, headers)

    def _ask(self, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        request = urllib.request.Request(
            urllib.parse.urljoin(self.address, path),
            data=data,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        try:
            response = OPENER.open(request, timeout=20)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            body = response.read()
        return Answer(
            request.full_url, response.status, response.headers, body.decode("utf-8", "replace")
        )


def make_attempt(key: str | None = None) -> str:
    """A fresh attempt; signed with `key`, else the settings'."""
    return signing.Signer(key=key, salt="appointments.attempt").sign(uuid.uuid4().hex)
