"""What changed between two documents, part by part and word by word, for people to read."""

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from conditions.content.document import PageDocument
from conditions.content.parts import part_label, part_text, values_of

# Of both texts, with spaces and signs; longer ones are compared by lines, as words would take long.
MAX_WORDS = 4_000

# A citation and a figure (8.3) are one word each.
_WORDS = re.compile(r"\n+|[^\S\n]+|\[\^[^\]]*\]|\d[\d.,]*\d|\w+|[^\w\s]")


@dataclass(frozen=True)
class Change:
    """One part that differs: its name for people, and its text with <del> and <ins>."""

    part: str
    name: str
    html: SafeString


def compare(old: PageDocument | None, new: PageDocument) -> list[Change]:
    """Return the parts that differ, in the order of the new page; with no `old`, all of it."""
    before, after = (
        {} if each is None else values_of(dataclasses.replace(each, sections=each.shown_sections))
        for each in (old, new)
    )
    return changes(before, after)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the parts that differ between two documents' values."""
    found = []
    for part in dict.fromkeys([*after, *before]):
        old, new = part_text(part, before.get(part)), part_text(part, after.get(part))
        if old != new:
            found.append(Change(part, part_label(part), word_by_word(old, new)))
    return found


def word_by_word(old: str, new: str) -> SafeString:
    """Return both texts as one in HTML, words taken out in <del>, words put in in <ins>.

    >>> word_by_word("It hurts a lot.", "It can hurt.")
    '<p>It <del>hurts a lot</del><ins>can hurt</ins>.</p>'
    >>> word_by_word("By 8.3.[^a]", "By 8.4.[^b]")
    '<p>By <del>8.3</del><ins>8.4</ins>.<del>[^a]</del><ins>[^b]</ins></p>'
    """
    a, b = (_WORDS.findall(text) for text in (old, new))
    if len(a) + len(b) > MAX_WORDS:
        a, b = old.splitlines(keepends=True), new.splitlines(keepends=True)
    html = out = put = ""
    for tag, i, j, k, m in difflib.SequenceMatcher(a=a, b=b, autojunk=False).get_opcodes():
        taken, added = "".join(a[i:j]), "".join(b[k:m])
        # A space between two changed words belongs to the change.
        if tag == "equal" and (taken.strip() or not (out or put)):
            html += _marked("del", out) + _marked("ins", put) + escape(taken)
            out = put = ""
        else:
            out, put = out + taken, put + added
    html += _marked("del", out) + _marked("ins", put)
    return mark_safe(f"<p>{html.replace(chr(10), '<br>')}</p>")  # noqa: S308  escaped above


def _marked(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>" if text else ""
