"""A document in parts, the smallest pieces that two editors can hold separately: how two texts of
each are merged, and compared word by word.

A part has a name (`title`, `section-symptoms`, `source-aafp-2016`), which is its anchor in the
editor too, and a value of JSON. A section or a source that is not there has no entry.
"""

import dataclasses
import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conditions.content.document import DOCUMENTS, PageDocument, document_of, normal_value
from conditions.content.kinds import SectionKind

FACTS = {
    "uses_needle": _("A needle"),
    "uses_balloon": _("A balloon"),
    "uses_cement": _("Bone cement"),
}
# The fields of a document that are a part each; sections, sources and rows are one part each.
_WHOLE = {
    "title": _("Title"),
    "name": _("Name in a sentence"),
    "slug": _("Address"),
    "summary": _("Summary"),
    "key_points": _("Key points"),
    "picture": _("Picture"),
    "emergency_words": _("Words of an emergency"),
    "icd10_code": _("ICD-10-CM code"),
    "physicians": _("Physicians"),
    "treatments": _("Treatments"),
    "related": _("Related conditions"),
}
_LABELS = {**_WHOLE, "facts": _("How it is done"), "sources": _("Order of sources")}
_NO_PICTURE = {"source": "", "alt": "", "caption": ""}


def values_of(document: PageDocument) -> dict[str, Any]:
    """Return the value of each part of a document, in the order of the page."""
    data = document.to_json()
    values = {name: data[name] for name in _WHOLE if name in data}
    values["picture"] = values["picture"] or _NO_PICTURE
    if "uses_needle" in data:
        values["facts"] = {name: data[name] for name in FACTS}
    for section in data["sections"]:
        values[f"section-{section.pop('kind')}"] = section
    for row, text in data.get("comparison", {}).items():
        values[f"comparison-{row}"] = text
    values["sources"] = [source["key"] for source in data["sources"]]
    for source in data["sources"]:
        values[f"source-{source.pop('key')}"] = source
    return values


def document_from(kind: str, ref: str, values: Mapping[str, Any]) -> PageDocument:
    """Return the document of such parts; sources that `sources` does not name come last."""
    known = DOCUMENTS[kind].__dataclass_fields__
    data = {name: values[name] for name in _WHOLE if name in values and name in known}
    if data["picture"] == _NO_PICTURE:
        data["picture"] = None
    if "comparison" in known:
        data |= values["facts"]
        data["comparison"] = _of("comparison", values)
    sections, sources = _of("section", values), _of("source", values)
    data["sections"] = [{"kind": each, **value} for each, value in sections.items()]
    keys = [key for key in dict.fromkeys([*values["sources"], *sources]) if key in sources]
    data["sources"] = [{"key": key, **sources[key]} for key in keys]
    return document_of({"type": kind, "ref": ref, **data})


def _of(start: str, values: Mapping[str, Any]) -> dict[str, Any]:
    named = ((part.partition("-"), value) for part, value in values.items())
    return {rest: value for (what, _dash, rest), value in named if what == start}


def part_hash(value: Any) -> str:
    """Return what tells a part's value from others; of None for a part that is not there."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


NOT_THERE = part_hash(None)


def hashes_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the hash of each part."""
    return {part: part_hash(value) for part, value in values.items()}


def part_label(part: str) -> str:
    """Return what people call a part: "Section: Signs and symptoms"."""
    start, _dash, rest = part.partition("-")
    if start == "section":
        return gettext("Section: %s") % SectionKind(rest).label
    if start == "source":
        return gettext("Source %s") % rest
    if start == "comparison":
        return gettext("Beside other treatments: %s") % comparison_rows()[rest]
    return str(_LABELS[part])


def is_part(name: str) -> bool:
    """Whether a page can have a part of this name."""
    try:
        part_label(name)
    except (KeyError, ValueError):
        return False
    return name.isprintable()


def free_name(name: str, taken: Collection[str]) -> str:
    """Return `name`, or the first of `name`-2, `name`-3 … that is not taken."""
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(each for each in names if each not in taken)


def comparison_rows() -> dict[str, str]:
    """Return what each row says of a treatment beside the others."""
    return {
        "what": gettext("What it is"),
        "aim": gettext("The goal"),
        "suits": gettext("Who it may suit, and who not"),
        "found": gettext("What studies found"),
        "harms": gettext("Harms"),
        "like": gettext("What it is like"),
        "time": gettext("How long it takes"),
        "easing": gettext("When pain eases"),
        "unknown": gettext("What is not known"),
    }


def part_text(part: str, value: Any) -> str:
    """Return a part's value as lines of words, for people to compare; "" for one not there."""
    if value is None:
        return ""
    if part == "facts":
        words = {True: gettext("yes"), False: gettext("no")}
        return "\n".join(f"{label}: {words[value[fact]]}" for fact, label in FACTS.items())
    if isinstance(value, dict):
        return "\n".join(text for text in value.values() if text)
    return "\n".join(value) if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Sent:
    """What the page in a person's hands sent: the parts in `values` or `opened`; one without a
    value was removed. `opened` has the hash of each in the draft that it began from, `shown` of
    what the page had before the person typed. `note` is for colleagues, None where it was not
    changed.
    """

    values: Mapping[str, Any]
    opened: Mapping[str, str]
    shown: Mapping[str, str]
    note: str | None = None


@dataclass(frozen=True)
class Clash:
    """A part that two people have changed; None is a part that is not there."""

    part: str
    theirs: Any
    mine: Any


def merge(
    *, mine: Mapping[str, Any], opened: Mapping[str, str], theirs: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Clash]]:
    """Put together what was made of `opened`, hashes by part, with what others made of it.

    A part that only one side touched, or both alike, is as that side has it. What both changed is a
    clash, in which mine stands, unless Save would make the same of both; sources' order never is.
    """
    merged, clashes = dict(theirs), []
    for part in dict.fromkeys([*opened, *mine]):
        value, other = mine.get(part), theirs.get(part)
        began = opened.get(part, NOT_THERE)
        if part_hash(value) == began or value == other:
            continue
        if part == "sources":
            value = list(dict.fromkeys([*(value or []), *(other or [])]))
        elif part_hash(other) != began:
            if normal_value(part, value) == normal_value(part, other):
                continue
            clashes.append(Clash(part, other, value))
        merged[part] = value
        if value is None:
            del merged[part]
    return merged, clashes


# Most pieces of both texts, and most pairs of equal pieces, that are compared word by word; more
# are compared by lines, or as a whole.
MAX_WORDS = 4_000
MAX_PAIRS = 50_000

# A citation and a figure (8.3) are one word each.
_WORDS = re.compile(r"\n+|[^\S\n]+|\[\^[^\]]*\]|\d[\d.,]*\d|\w+|[^\w\s]")
_LINES = re.compile(r".*\n|.+")


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
        if old == new and part in before and part in after and before[part] != after[part]:
            # A word went to the next field of a source, say.
            old, new = (_in_full(each[part]) for each in (before, after))
        if old != new:
            found.append(Change(part, part_label(part), word_by_word(old, new)))
    return found


def _in_full(value: Any) -> str:
    fields = value.items() if isinstance(value, dict) else enumerate(value, start=1)
    return "\n".join(f"{name}: {text}" for name, text in fields)


def word_by_word(old: str, new: str) -> SafeString:
    """Return both texts as one in HTML, words taken out in <del>, words put in in <ins>.

    >>> word_by_word("It hurts a lot.", "It can hurt.")
    '<p>It <del>hurts a lot</del><ins>can hurt</ins>.</p>'
    >>> word_by_word("By 8.3.[^a]", "By 8.4.[^b]")
    '<p>By <del>8.3</del><ins>8.4</ins>.<del>[^a]</del><ins>[^b]</ins></p>'
    """
    by_words, by_lines = ([each.findall(text) for text in (old, new)] for each in (_WORDS, _LINES))
    a, b = next(filter(_is_quick, (by_words, by_lines)), ([old], [new]))
    html = out = put = ""
    # A space is found beside an equal word, not sought: each is equal to all others.
    matcher = difflib.SequenceMatcher(" ".__eq__, a, b, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        taken, added = "".join(a[i:j]), "".join(b[k:m])
        # A space between two changed words belongs to the change.
        if tag == "equal" and (taken.strip() or not (out or put)):
            html += _marked("del", out) + _marked("ins", put) + escape(taken)
            out = put = ""
        else:
            out, put = out + taken, put + added
    html += _marked("del", out) + _marked("ins", put)
    return mark_safe(f"<p>{html.replace(chr(10), '<br>')}</p>")  # noqa: S308  escaped above


def _is_quick(texts: list[list[str]]) -> bool:
    """Whether two texts in pieces can be compared in a moment."""
    old, new = texts
    often = Counter(new)
    pairs = sum(often[piece] for piece in old if piece != " ")
    return len(old) + len(new) <= MAX_WORDS and pairs <= MAX_PAIRS


def _marked(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>" if text else ""
