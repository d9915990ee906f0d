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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import chain, takewhile
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

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


@dataclass
class Citations:
    """Numbers the sources of a page in the order in which it first links them.

    `places` maps a source's key to the ids of the places that link it, for the links back.
    """

    places: dict[str, list[str]] = field(default_factory=dict)

    def cite(self, key: str) -> tuple[int, str]:
        """Return the number of the source `key` and the id of this new place that links it."""
        places = self.places.setdefault(key, [])
        number = list(self.places).index(key) + 1
        places.append(f"cite-{number}-{len(places) + 1}")
        return number, places[-1]


def _read_citation(state: StateInline, silent: bool) -> bool:
    """Inline rule: `[^key]` becomes a citation token."""
    if not state.src.startswith("[^", state.pos):
        return False
    end = state.src.find("]", state.pos, state.posMax)
    if end == -1:
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.meta = {"key": state.src[state.pos + 2 : end]}
    state.pos = end + 1
    return True


# What a source is linked in once, at its last use, if it is not in a paragraph or heading.
_ONE_PLACE = {"bullet_list", "ordered_list", "table", "people"}


def _last_uses(tokens: Sequence[Token]) -> set[int]:
    """Return the ids of the citations to be linked: the last of each source in its place."""
    linked: set[int] = set()
    for place in _places(SyntaxTreeNode(tokens)):
        cited = _inline_tokens(place.to_tokens(), "citation")
        linked.update({token.meta["key"]: id(token) for token in cited}.values())
    return linked


def _places(node: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    for child in node.children:
        name = child.meta["name"] if child.type == "container" else child.type
        if name == "inline" or name in _ONE_PLACE:
            yield child
        else:
            yield from _places(child)


def with_colon(heading: str) -> str:
    """Return a care card's heading with a colon before its list; a question keeps its mark.

    >>> with_colon("Call us today if"), with_colon("Call 911 if…"), with_colon("Is it new?")
    ('Call us today if:', 'Call 911 if:', 'Is it new?')
    """
    words = heading.rstrip(" \t\u00a0.,;…–—-")
    return f"{words}:" if words and words[-1] not in ":?!" else words or heading


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


def _render_container(token: Token) -> str:
    name, words = token.meta["name"], escape(token.info)
    if token.nesting == -1:
        return "</details>\n" if name == "fold" else "</div>\n"
    if name == "fold":
        return f'<details class="fold"><summary>{words}</summary>\n'
    if name == "people":
        return f'<div class="people"><p class="caption">{words}</p>\n'
    level, words = escape(_(CARE_LEVELS[name])), escape(with_colon(token.info))
    return f'<div class="care care-{name}"><h3><span class="hidden">{level} </span>{words}</h3>\n'


def _render_people(token: Token) -> str:
    """A place for the picture, which nh3 would not let through: see `_render`."""
    return f'<span class="people-{token.meta["count"]}"></span>'


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


def _render_picture(token: Token) -> str:
    """A picture far down the page is loaded when the reader comes near it."""
    picture = picture_of(str(token.attrs["src"]))
    if picture is None:
        return ""
    return (
        f'<img src="{escape(picture.address)}" alt="{escape(_alt(token))}" '
        f'width="{picture.width}" height="{picture.height}" loading="lazy">'
    )


def _render_table(token: Token) -> str:
    """Words wrap in a narrow table; a wide one scrolls, and can be reached by keyboard to do so."""
    is_wide = token.meta["columns"] >= WIDE
    if token.nesting == 1:
        return '<div class="table" tabindex="0"><table>' if is_wide else "<table>"
    return "</table></div>\n" if is_wide else "</table>\n"


_BY_TOKEN: dict[str, Callable[[Token], str]] = {
    "container_open": _render_container,
    "container_close": _render_container,
    "people": _render_people,
    "image": _render_picture,
    "table_open": _render_table,
    "table_close": _render_table,
}


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.disable(["code", "fence", "hr", "lheading", "html_block", "html_inline"])
    parser.disable(["reference", "autolink", "blockquote"])
    parser.inline.ruler.before("link", "citation", _read_citation)
    parser.add_render_rule("citation", _render_citation)
    use_blocks(parser, BLOCKS)
    for name in _BY_TOKEN:
        parser.add_render_rule(name, _render_by_token)
    return parser


def _render_by_token(renderer: Any, tokens: Sequence[Token], index: int, *_others: Any) -> str:
    return _BY_TOKEN[tokens[index].type](tokens[index])


_parser = _make_parser()


@lru_cache(maxsize=256)  # texts: of the longest page 80, so about those of three pages in hand
def parse(text: str) -> list[Token]:
    """Return the block tokens of a body, which nobody changes: others get the same ones."""
    return _parser.parse(text)


def render_tokens(tokens: Sequence[Token], citations: Citations) -> SafeString:
    """Return safe HTML of block tokens; what they cite is numbered in `citations`."""
    return _render(tokens, citations, _last_uses(tokens))


def _render(tokens: Sequence[Token], citations: Citations, linked: set[int]) -> SafeString:
    env = {"citations": citations, "linked": linked}
    html = nh3.clean(
        _parser.renderer.render(tokens, _parser.options, env),
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
    opens, closes = Token("bullet_list_open", "ul", 1), Token("bullet_list_close", "ul", -1)
    linked = _last_uses([opens, *chain(*lines), closes])
    return [_render(line, citations, linked) for line in lines]


def pictures_in(text: str) -> list[tuple[str, str]]:
    """Return the source and the alternative text of each picture of a body, in order.

    >>> pictures_in("It goes in. ![A needle in a bone](drawing:vertebroplasty-1)")
    [('drawing:vertebroplasty-1', 'A needle in a bone')]
    """
    return [
        (str(token.attrs["src"]), _alt(token)) for token in _inline_tokens(parse(text), "image")
    ]


def cited_keys(text: str) -> list[str]:
    """Return the keys that a body cites, in order, repeats included.

    >>> cited_keys("It eases.[^aafp] Most do.[^jama][^aafp]")
    ['aafp', 'jama', 'aafp']
    """
    return [token.meta["key"] for token in _inline_tokens(parse(text), "citation")]


def _inline_tokens(tokens: Sequence[Token], kind: str) -> Iterator[Token]:
    for token in tokens:
        yield from (child for child in token.children or [] if child.type == kind)
