"""Markdown as plain words, for structured data and for search.

Citations and marks such as bold are gone; what a reader would read aloud stays.
"""

from collections.abc import Iterator

from markdown_it.tree import SyntaxTreeNode

from clinic_site.markdown import parse

_LISTS = {"bullet_list", "ordered_list"}


def plain(markdown: str) -> str:
    """Return the words of a text, a line each for its paragraphs, items, headings and cells.

    >>> plain("It **eases**.[^aafp] See [our page](/contact/).")
    'It eases. See our page.'
    """
    return "\n".join(_lines(SyntaxTreeNode(parse(markdown))))


def list_items(body: str) -> list[str]:
    r"""Return what each item of the body's own lists says, on one line.

    Those in a fold are the body's own; those inside an item, a care card or people are not.

    >>> list_items("You may feel:\n\n- **pain**[^aafp]\n  - at night\n- nothing")
    ['pain', 'nothing']
    """
    items = [
        " ".join(
            line for block in item.children if not _holds_a_list(block) for line in _lines(block)
        )
        for block in _own_lists(SyntaxTreeNode(parse(body)))
        for item in block.children
    ]
    return [item for item in items if item]


def _own_lists(node: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    for block in node.children:
        if block.type in _LISTS:
            yield block
        elif block.type == "container" and block.meta["name"] == "fold":
            yield from _own_lists(block)


def _holds_a_list(block: SyntaxTreeNode) -> bool:
    return block.type in _LISTS or block.type == "container"


def _lines(node: SyntaxTreeNode) -> Iterator[str]:
    if node.type == "inline":
        line = " ".join(_words(node).split())
        if line:
            yield line
        return
    if node.type == "container" and node.info:
        yield node.info  # the words after its name
    for child in node.children:
        yield from _lines(child)


def _words(node: SyntaxTreeNode) -> str:
    """Return the text of inline Markdown; a citation has none."""
    if node.type in {"softbreak", "hardbreak"}:
        return " "
    if node.type in {"text", "code_inline"}:
        return node.content
    if node.type == "image":
        return ""  # its words stand in for it; they are no part of the sentence
    return "".join(_words(child) for child in node.children)
