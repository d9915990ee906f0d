"""The small Markdown subset of this site, turned into safe HTML.

Paragraphs, lists, ### headings, bold, italic, links, tables under a line `Table: caption`,
pictures of this site as `![what it shows](drawing:NAME)`, and two things of our own: `[^key]` cites
a source, and a block such as

    ::: today Call us today if:

    - your pain gets worse
    :::

is a care card (one of three levels), a `fold` (words that open when asked for) or `people` (each
item, `- 44 in 100 …`, with a picture of 100 people). HTML in the text is shown, never obeyed.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import chain, takewhile
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from markdown_it import MarkdownIt
from markdown_it.token import Token

from clinic_site.care_cards import with_colon
from clinic_site.citations import Citations, last_uses, read_citation
from clinic_site.markdown_blocks import use_blocks
from clinic_site.pictures import picture_of

# What a screen reader says before a care card's heading: the level, never its colour.
CARE_LEVELS = {
    "emergency": gettext_noop("Emergency:"),
    "today": gettext_noop("Today:"),
    "routine": gettext_noop("Routine:"),
}

# The names that a block can have.
BLOCKS = (*CARE_LEVELS, "fold", "people")

_TAGS = {
    *("p", "br", "strong", "em", "a", "sup", "ul", "ol", "li", "div", "span"),
    *("h2", "h3", "h4", "table", "caption", "thead", "tbody", "tr", "th", "td", "img"),
    *("details", "summary"),
}
WIDE = 5  # columns of a table that scrolls

_ATTRIBUTES = {
    "a": {"href", "id", "aria-label"},
    "details": {"class"},
    "div": {"class", "tabindex"},
    "p": {"class"},
    "span": {"class"},
    "sup": {"class"},
    "img": {"src", "alt", "width", "height", "loading"},
    "ol": {"start"},
    "th": {"scope"},
}


def _render_citation(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    if id(tokens[index]) not in env["linked"]:
        return ""
    number, place = env["citations"].cite(tokens[index].meta["key"])
    label = escape(_("Source %d") % number)
    before = takewhile(lambda token: token.type == "citation", reversed(tokens[:index]))
    more = " cite-more" if any(id(token) in env["linked"] for token in before) else ""
    return (
        f'<sup class="cite{more}"><a id="{place}" href="#source-{number}" aria-label="{label}">'
        f"{number}</a></sup>"
    )


def _render_container(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    token = tokens[index]
    name, words = token.meta["name"], escape(token.info)
    if token.nesting == -1:
        return "</details>\n" if name == "fold" else "</div>\n"
    if name == "fold":
        return f'<details class="fold"><summary>{words}</summary>\n'
    if name == "people":
        return f'<div class="people"><p class="caption">{words}</p>\n'
    level, words = escape(_(CARE_LEVELS[name])), escape(with_colon(token.info))
    return f'<div class="care care-{name}"><h3><span class="hidden">{level} </span>{words}</h3>\n'


def _render_people(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    """A place for the picture, which nh3 would not let through: see render_tokens."""
    return f'<span class="people-{tokens[index].meta["count"]}"></span>'


_PEOPLE = re.compile(r'<span class="people-(\d+)"></span>')


@cache
def _picture_of_people(count: int) -> str:
    """Return a picture of 100 people, ten by ten, the first `count` of them as told of."""

    def people(name: str, first: int, last: int) -> str:
        path = ""
        for number in range(first, last):
            row, place = divmod(number, 10)
            # From the end of the one before: along the row, or to the start of the next one.
            move = f"M{place * 10 + 5} {row * 10 + 1}" if number == first else ""
            move = move or ("m13-8" if place else "m-87 2")
            path += f"{move}a2 2 0 0 1 0 4a2 2 0 0 1 0-4zm-3 8v-1a3 2.5 0 0 1 6 0v1z"
        return f'<path class="{name}" d="{path}"/>' if path else ""

    shapes = people("yes", 0, count) + people("no", count, 100)
    return f'<svg viewBox="0 0 100 100" aria-hidden="true">{shapes}</svg>'


def _alt(token: Token) -> str:
    """Return the words for a picture, without marks such as bold."""
    words = " ".join(child.content for child in token.children or [] if child.type == "text")
    return " ".join(words.split())


def _render_picture(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    """A picture far down the page is loaded when the reader comes near it."""
    token = tokens[index]
    picture = picture_of(str(token.attrs["src"]))
    if picture is None:
        return ""
    return (
        f'<img src="{escape(picture.address)}" alt="{escape(_alt(token))}" '
        f'width="{picture.width}" height="{picture.height}" loading="lazy">'
    )


def _render_table(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    """Words wrap in a narrow table; a wide one scrolls, and can be reached by keyboard to do so."""
    is_wide = tokens[index].meta["columns"] >= WIDE
    if tokens[index].nesting == 1:
        return '<div class="table" tabindex="0"><table>' if is_wide else "<table>"
    return "</table></div>\n" if is_wide else "</table>\n"


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.disable(["code", "fence", "hr", "lheading", "html_block", "html_inline"])
    parser.disable(["reference", "autolink", "blockquote"])
    parser.inline.ruler.before("link", "citation", read_citation)
    parser.add_render_rule("citation", _render_citation)
    parser.add_render_rule("image", _render_picture)
    for side in ("table_open", "table_close"):
        parser.add_render_rule(side, _render_table)
    use_blocks(parser, BLOCKS)
    for side in ("container_open", "container_close"):
        parser.add_render_rule(side, _render_container)
    parser.add_render_rule("people", _render_people)
    return parser


_parser = _make_parser()


@lru_cache(maxsize=256)  # texts: of the longest page 80, so about those of three pages in hand
def parse(text: str) -> list[Token]:
    """Return the block tokens of a body, which nobody changes: others get the same ones."""
    return _parser.parse(text)


def render_tokens(tokens: Sequence[Token], citations: Citations) -> SafeString:
    """Return safe HTML of block tokens; what they cite is numbered in `citations`."""
    return _render(tokens, citations, last_uses(tokens))


def _render(tokens: Sequence[Token], citations: Citations, linked: set[int]) -> SafeString:
    html = nh3.clean(
        _parser.renderer.render(
            tokens, _parser.options, {"citations": citations, "linked": linked}
        ),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"https", "tel", "mailto"},
        link_rel=None,
    )
    # No text can stand for a picture's place: in text < is escaped, in attributes " is.
    html = _PEOPLE.sub(lambda place: _picture_of_people(int(place[1])), html)
    return mark_safe(html)  # noqa: S308  cleaned by nh3; the pictures are ours


def render(text: str, citations: Citations | None = None) -> SafeString:
    """Return safe HTML of a body."""
    return render_tokens(parse(text), citations or Citations())


def render_points(points: Sequence[str], citations: Citations) -> list[SafeString]:
    """Return safe HTML of each line of one list, without the list around them."""
    lines = [_parser.parseInline(point) for point in points]
    a_list = [
        Token("bullet_list_open", "ul", 1),
        *chain(*lines),
        Token("bullet_list_close", "ul", -1),
    ]
    linked = last_uses(a_list)
    return [_render(line, citations, linked) for line in lines]


def pictures_in(text: str) -> list[tuple[str, str]]:
    """Return the source and the alternative text of each picture of a body, in order.

    >>> pictures_in("It goes in. ![A needle in a bone](drawing:vertebroplasty-1)")
    [('drawing:vertebroplasty-1', 'A needle in a bone')]
    """
    return [
        (str(child.attrs["src"]), _alt(child))
        for token in parse(text)
        for child in token.children or []
        if child.type == "image"
    ]


def cited_keys(text: str) -> list[str]:
    """Return the keys that a body cites, in order, repeats included.

    >>> cited_keys("It eases.[^aafp] Most do.[^jama][^aafp]")
    ['aafp', 'jama', 'aafp']
    """
    return [
        child.meta["key"]
        for token in parse(text)
        for child in token.children or []
        if child.type == "citation"
    ]
