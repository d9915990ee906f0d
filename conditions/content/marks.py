"""Marks that patients would see as typed, or that do something else than was meant."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from markdown_it.token import Token

from clinic_site.markdown import parse
from conditions.content.figures import CITATION, beginning

_ODD = r"\u00a0\u00ad\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff"  # no spaces to Markdown
_NO_WORD = "\ufffc"  # stands for a source or a picture
_SHOWN_AS = dict.fromkeys(("softbreak", "hardbreak"), "\n")
_SHOWN_AS |= dict.fromkeys(("citation", "image", "code_inline"), _NO_WORD)
_LETTER = r"(?=[^\W\d_]|[“‘\"'])"
_BULLETS = r"•‣◦⁃∙·●○■□▪▫◆◇►▸➢➤✓✔❖\uf0a7\uf0b7\uf0d8\uf0fc"  # the last ones are Word's own


def _begins(mark: str) -> re.Pattern[str]:
    return re.compile(rf"[\s{_ODD}]*({mark})")


_LINES = {  # what a line of a paragraph cannot begin with: as a list, say, it would be none
    "no_space": _begins(
        rf"#(?!\d)#*|[-+*](?=[\s{_ODD}])|[-+]{_LETTER}|\d{{1,3}}[.)](?=[{_ODD}]|[^\W\d_])"
    ),
    "bullet": _begins(rf"[{_BULLETS}]|o(?=[\t{_ODD}])"),
    "table": _begins(r"\|.*\|\s*$"),
    "no_effect": _begins(r">+ ?(?=[^\W\d_]|[“\"])|[-=]{3,}$"),
}
_DASH = _begins(r"–(?!\d)")  # within a paragraph it may part a sentence
_ADDRESS = r"(?=/|#|(?:https?|tel|mailto):)"
_WORDS = {
    "stray_mark": re.compile(
        r"\*\*+|~~+|(?<![\w_])__(?=[^\s_])|(?<=[^\s_])__(?![\w_])"
        rf"|(?<![^\s“‘\"'(\[])[*_](?=[^\W_]|[“‘\"(\[{_NO_WORD}])"
        rf"|(?<=[^\s*_(])[*_](?=[\s.,;:!?”’\"){_NO_WORD}]|$)"
    ),
    "open_cite": re.compile(r"\[\s*\^"),
    "no_link": re.compile(rf"\]\s+\({_ADDRESS}|\)\[{_ADDRESS}|<(?=(?:https?|tel|mailto):)"),
}
_LINK = re.compile(r"!?(\[(?:[^\[\]]|\[[^\[\]]*\])*\])\([^()\s]*\)?")
_ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")


class Slip(NamedTuple):
    """The code of a message of the findings, and what fills it: first the words that are wrong."""

    code: str
    words: tuple[str, ...]


def _slip(code: str, *words: str) -> Slip:
    return Slip(code, tuple(each.replace(_NO_WORD, "") for each in words))


def slips(tokens: Sequence[Token]) -> Iterator[Slip]:
    """Find the slips of a body's tokens: of each code, the first of a paragraph or cell."""
    for i, (before, token) in enumerate(pairwise(tokens)):
        if before.type == "list_item_open" and before.info.isdecimal() and len(before.info) > 2:
            words = "".join(each.content for each in tokens[i + 1 : i + 3])
            yield _slip("year_list", beginning(f"{before.info}{before.markup} {words}"))
        if before.type == "container_open":  # its words are shown as they are
            yield from slips_of_line(CITATION.sub("", before.info), takes_marks=False)
        if token.type == "inline":
            shown = _shown(token)
            found = [*_in_source(token), *_in_words(shown)]
            if before.type == "paragraph_open":
                found += _in_lines(shown)
            yield from {slip.code: slip for slip in reversed(found)}.values()


def slips_of_line(text: str, *, takes_marks: bool) -> Iterator[Slip]:
    """Find the slips of a text of one line, which begins no list or heading. It may take marks
    within the line, as a key point does, or none, as a heading or a summary.
    """
    tokens = parse(text)
    # A number at the start is shown as it is.
    blocks = {token.type for token in tokens if token.nesting == 1}
    blocks -= {"paragraph_open", "ordered_list_open", "list_item_open"}
    marks = {child.type for token in tokens for child in token.children or []} - {"text"}
    found = [slip for slip in slips(tokens) if slip.code != "year_list"]
    at_start = any(slip.code in _LINES for slip in found)
    if blocks or at_start or (not takes_marks and (marks or found)):
        found = [_slip("as_typed", " ".join(text.split()[:7]))]
    yield from found


def cites_in_link(token: Token) -> re.Match[str] | None:
    """Return the first link or picture of an inline token with a source inside its words."""
    links = _LINK.finditer(_ESCAPED.sub("†", token.content))
    return next((link for link in links if CITATION.search(link[1], 1)), None)


def _in_source(token: Token) -> Iterator[Slip]:
    if link := cites_in_link(token):
        sources = "".join(CITATION.findall(link[1], 1))
        yield _slip("cite_in_link", link[0], CITATION.sub("", link[0]) + sources)


def _in_words(shown: str) -> Iterator[Slip]:
    for code, pattern in _WORDS.items():
        if mark := pattern.search(shown):
            before = shown[: mark.start()].rpartition("\n")[2].split(" ")[-3:]
            after = shown[mark.end() :].partition("\n")[0].split(" ")[:3]
            yield _slip(code, " ".join(before) + mark[0] + " ".join(after))


def _in_lines(shown: str) -> Iterator[Slip]:
    begins = True
    for line in shown.split("\n"):
        for code, pattern in _LINES.items():
            if mark := pattern.match(line):
                yield _line_slip(code, line, mark)
        if begins and (dash := _DASH.match(line)):
            yield _line_slip("bullet", line, dash)
        begins = line.endswith(":")


def _line_slip(code: str, line: str, mark: re.Match[str]) -> Slip:
    if code not in {"no_space", "bullet"}:
        return _slip(code, beginning(line))
    sign = mark[1]
    if sign[0] == "#":
        sign = "###" if len(sign) < 4 else "####"
    elif not sign[0].isdecimal():
        sign = "-"
    return _slip(code, beginning(line), f"{sign} {beginning(line[mark.end() :])}")


def _shown(token: Token) -> str:
    """Return the words of an inline token in their lines, without what was read as a mark."""
    children = token.children or []
    if "\\" in token.content:
        blocks = parse(_ESCAPED.sub("†", token.content))
        children = [child for block in blocks for child in block.children or []]
    return "".join(
        child.content if child.type == "text" else _SHOWN_AS.get(child.type, "")
        for child in children
    )
