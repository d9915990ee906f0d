"""Whatever stands in a text, what a browser gets of it runs nothing and loads nothing of others."""

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.markdown import render
from clinic_site.plain import plain
from tests.generated import many

pytestmark = pytest.mark.on_sqlite

PIECES = [
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<!--"),
    *("-->", "<style>", "</style>", "<a href='javascript:alert(1)'>", "<iframe srcdoc='", "<math>"),
    *("[a](javascript:alert(1))", "[a](JaVa\tScript:alert(1))", "[a](&#106;avascript:alert(1))"),
    *("[a](data:text/html,<script>alert(1)</script>)", "[a](vbscript:x)", '[a](/x "on" onclick='),
    *("![x](https://evil.example/x.png)", "![x](javascript:alert(1))", "![x](drawing:../../etc)"),
    *('![" onerror="alert(1)](drawing:vertebroplasty-1)', "[^key]", '[^"><script>]', "[a]: x"),
    *('<span class="people-44"></span>', "::: people <b>", "::: fold <script>", ":::", "- 44 in 100"),
    *("::: emergency \" onclick=x", "Table: <script>", "| a | b |\n|---|---|\n| <x> | [y](z) |"),
    *("**", "_", "`", "\\", "&lt;script&gt;", "&#x3c;script&#x3e;", "\0", "\n", "\n\n", "### ", "1. "),
    *("<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "]]>", "{{ clinic }}", "{%"),
]  # fmt: skip
TAGS = {"p", "br", "strong", "em", "a", "sup", "ul", "ol", "li", "div", "span", "h2", "h3", "h4"}
TAGS |= {"table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary"}
TAGS |= {"img", "svg", "path"}
ATTRIBUTES = {"class", "href", "id", "aria-label", "tabindex", "start", "scope"}
ATTRIBUTES |= {"src", "alt", "width", "height", "loading", "viewBox", "aria-hidden", "d"}
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12).map("".join)


@given(TEXTS)
@many(3000, sample=50)
def test_hostile_text_becomes_words(text: str) -> None:
    page = html5lib.parseFragment(str(render(text)), namespaceHTMLElements=False)

    for element in page.iter():
        tag = str(element.tag).rpartition("}")[2]
        assert tag in TAGS | {"DOCUMENT_FRAGMENT"}, element.tag
        assert set(element.attrib) <= ATTRIBUTES, element.attrib
        scheme, colon, _rest = element.get("href", "").partition(":")
        assert not colon or "/" in scheme or scheme.lower() in {"https", "tel", "mailto"}
        assert element.get("src", "/static/").startswith(("/static/", "/pictures/"))
    plain(text)
