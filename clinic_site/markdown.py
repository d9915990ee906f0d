"""The small Markdown subset of this site, turned into safe HTML.

Paragraphs, lists, ### headings, bold, italic, links, tables, pictures of this site as
`![what it shows](drawing:NAME)`, and two things of our own: `[^key]` cites a source, and a care
card

    ::: today Call us today if:

    - your pain gets worse
    :::

is a boxed list of one of three levels. HTML in the text is shown, never obeyed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin

from clinic_site.pictures import picture_of

# What a screen reader says before a care card's heading: the level, never its colour.
CARE_LEVELS = {
    "emergency": gettext_noop("Emergency:"),
    "today": gettext_noop("Today:"),
    "routine": gettext_noop("Routine:"),
}

_TAGS = {
    *("p", "br", "strong", "em", "a", "sup", "ul", "ol", "li", "div", "span"),
    *("h2", "h3", "h4", "table", "thead", "tbody", "tr", "th", "td", "img"),
}
_ATTRIBUTES = {
    "a": {"href", "id", "aria-label"},
    "div": {"class", "role", "aria-label", "tabindex"},
    "span": {"class"},
    "sup": {"class"},
    "img": {"src", "alt", "width", "height", "loading"},
    "ol": {"start"},
    "th": {"scope"},
}


@dataclass
class Citations:
    """Numbers the sources of a page in the order in which it first cites them, and its tables.

    `places` maps a source's key to the ids of the places that cite it, for the links back.
    """

    places: dict[str, list[str]] = field(default_factory=dict)
    tables: int = 0

    def cite(self, key: str) -> tuple[int, str]:
        """Return the number of the source `key` and the id of this new place that cites it."""
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


def _render_citation(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    number, place = env["citations"].cite(tokens[index].meta["key"])
    label = escape(_("Source %d") % number)
    more = " cite-more" if index and tokens[index - 1].type == "citation" else ""
    return (
        f'<sup class="cite{more}"><a id="{place}" href="#source-{number}" aria-label="{label}">'
        f"{number}</a></sup>"
    )


def _render_care_card(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    token = tokens[index]
    if token.nesting == -1:
        return "</div>\n"
    level, _space, heading = token.info.strip().partition(" ")
    return (
        f'<div class="care care-{level}"><h3><span class="hidden">{escape(_(CARE_LEVELS[level]))} '
        f"</span>{escape(heading)}</h3>\n"
    )


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


def _render_table_part(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    """A wide table scrolls by itself, and can be reached by keyboard to do so."""
    if tokens[index].type == "th_open":
        return f'<th scope="{tokens[index].meta.get("scope", "col")}">'
    if tokens[index].type == "table_close":
        return "</table></div>"
    env["citations"].tables += 1
    label = escape(_("Table %d") % env["citations"].tables)
    return f'<div class="table" role="region" tabindex="0" aria-label="{label}"><table>'


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.disable(["code", "fence", "hr", "lheading", "html_block", "html_inline"])
    parser.disable(["reference", "autolink", "blockquote"])
    parser.inline.ruler.before("link", "citation", _read_citation)
    parser.add_render_rule("citation", _render_citation)
    parser.add_render_rule("image", _render_picture)
    for part in ("table_open", "table_close", "th_open"):
        parser.add_render_rule(part, _render_table_part)
    for level in CARE_LEVELS:
        parser.use(
            container_plugin,
            level,
            validate=lambda info, name, level=level: info.split()[:1] == [level],
            render=_render_care_card,
        )
    return parser


_parser = _make_parser()


def parse(text: str) -> list[Token]:
    """Return the block tokens of a body. The first cell of a table's row heads that row."""
    tokens = _parser.parse(text)
    for i, token in enumerate(tokens):
        if token.type == "td_open" and tokens[i - 1].type == "tr_open":
            token.type, token.tag, token.meta = "th_open", "th", {"scope": "row"}
            close = tokens[i + 2]  # a cell is its opening, its text, its closing
            close.type, close.tag = "th_close", "th"
    return tokens


def render_tokens(tokens: Sequence[Token], citations: Citations) -> SafeString:
    """Return safe HTML of block tokens; what they cite is numbered in `citations`."""
    html = _parser.renderer.render(tokens, _parser.options, {"citations": citations})
    return mark_safe(  # noqa: S308  cleaned by nh3
        nh3.clean(
            html,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes={"https", "tel", "mailto"},
            link_rel=None,
        )
    )


def render(text: str, citations: Citations | None = None) -> SafeString:
    """Return safe HTML of a body."""
    return render_tokens(parse(text), citations or Citations())


def render_inline(text: str, citations: Citations) -> SafeString:
    """Return safe HTML of one line, without a paragraph around it."""
    tokens = _parser.parseInline(text)
    return render_tokens(tokens, citations)


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
