"""How blocks are read that Markdown does not have: between lines of colons, and tables' captions.

A block opens with `::: name words` and closes with `:::`. Its tokens are `container_open` and
`container_close`, with its words in `info` and, in `meta`, its name and whether it was closed.

A table's caption is the line above it that begins with `Table:`; the first cell of a row heads it.
"""

import re
from collections.abc import Collection
from functools import partial
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_FENCE = re.compile(r":{3,}[ \t]*(\S*)[ \t]*(.*)")
_PEOPLE = re.compile(r"(100|[1-9]?\d) in 100(?!\d|[.,]\d|%)")


def use_blocks(parser: MarkdownIt, names: Collection[str]) -> None:
    """Let `parser` read blocks of these names, and count the people in those named `people`."""
    alt = ["paragraph", "reference", "blockquote", "list"]
    read = partial(_read_container, names)
    parser.block.ruler.before("fence", "container", read, {"alt": alt})
    parser.core.ruler.after("block", "tables", _head_tables)
    parser.core.ruler.push("people", _count_people)


def stray_fences(token: Token) -> list[tuple[str, str]]:
    """Return each line of an inline token that looks like a block's, as shown, and its name."""
    lines = [line.strip() for line in token.content.splitlines()]
    return [(line, fence[1]) for line in lines if (fence := _FENCE.fullmatch(line))]


def _fence(state: StateBlock, line: int) -> re.Match[str] | None:
    start = state.bMarks[line] + state.tShift[line]
    return _FENCE.fullmatch(state.src[start : state.eMarks[line]].rstrip())


def _read_container(
    names: Collection[str], state: StateBlock, start: int, end: int, silent: bool
) -> bool:
    fence = _fence(state, start)
    if fence is None or fence[1] not in names:
        return False
    if silent:
        return True
    last, closed = _end(state, start, end)
    before = state.parentType, state.lineMax
    state.parentType, state.lineMax = "container", last  # no paragraph goes on past the end
    meta: dict[str, Any] = {"name": fence[1], "closed": closed}
    token = state.push("container_open", "", 1)
    token.block, token.info, token.meta = True, fence[2], meta
    state.md.block.tokenize(state, start + 1, last)
    token = state.push("container_close", "", -1)
    token.block, token.meta = True, meta
    state.parentType, state.lineMax = before
    state.line = last + closed
    return True


def _end(state: StateBlock, start: int, end: int) -> tuple[int, bool]:
    """Return the line that closes the block opened at `start`, or where it ends without one."""
    depth = 1
    for line in range(start + 1, end):
        if not state.isEmpty(line) and state.sCount[line] < state.blkIndent:
            return line, False
        if fence := _fence(state, line):
            depth += 1 if fence[1] else -1
        if depth == 0:
            return line, True
    return end, False


def _head_tables(state: StateCore) -> None:
    """Put captions into their tables, count columns, and let first cells head columns and rows."""
    tokens: list[Token] = []
    meta: dict[str, Any] = {}
    for token in state.tokens:
        caption: list[Token] = []
        if token.type == "table_open":
            caption = _take_caption(tokens)
            token.meta = meta = {"columns": 0, "has_caption": bool(caption)}
        elif token.type == "th_open":
            token.attrs["scope"] = "col"
            meta["columns"] += 1
        elif token.type == "td_open" and tokens[-1].type == "tr_open":
            token.type, token.tag, token.attrs["scope"] = "th_open", "th", "row"
        elif token.type == "td_close" and tokens[-2].type == "th_open":
            token.type, token.tag = "th_close", "th"
        elif token.type == "table_close":
            token.meta = meta
        tokens += [token, *caption]
    state.tokens = tokens


def _take_caption(tokens: list[Token]) -> list[Token]:
    """Take a caption's paragraph off the end of `tokens`, and return it as a caption."""
    if not tokens or tokens[-1].type != "paragraph_close":
        return []
    before, _colon, words = tokens[-2].content.partition(":")
    if before != "Table" or not words.strip():
        return []
    tokens[-2].content = words.strip()
    _open, caption, _close = tokens[-3:]
    del tokens[-3:]
    return [Token("caption_open", "caption", 1), caption, Token("caption_close", "caption", -1)]


def _count_people(state: StateCore) -> None:
    """Put a `people` token for its picture before the words of each item of a block of people."""
    tokens: list[Token] = []
    inside = 0
    for i, token in enumerate(state.tokens):
        tokens.append(token)
        if token.type.startswith("container_") and token.meta["name"] == "people":
            inside += token.nesting
        starts = token.type == "list_item_open" and state.tokens[i + 1].type == "paragraph_open"
        if inside and starts:
            tokens += _people(state.tokens[i + 2])
    state.tokens = tokens


def _people(words: Token) -> list[Token]:
    """Return a `people` token for an item such as "44 in 100 …", whose figure becomes bold."""
    children = words.children or []
    found = _PEOPLE.match(children[0].content) if children else None
    if found is None:
        return []
    children[0].content = children[0].content[found.end() :]
    figure = Token("text", "", 0, content=found[0])
    bold = [Token("strong_open", "strong", 1), figure, Token("strong_close", "strong", -1)]
    words.children = [*bold, *children]
    return [Token("people", "", 0, meta={"count": int(found[1])})]
