"""A document in parts, the smallest pieces that two editors can hold separately, and their merge.

A part has a name (`title`, `section-symptoms`, `source-aafp-2016`), which is its anchor in the
editor too, and a value of JSON. A section or a source that is not there has no entry.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conditions.content.document import DOCUMENTS, PageDocument, document_of, normal_value
from conditions.content.kinds import SectionKind

FACTS = ("uses_needle", "uses_balloon", "uses_cement")
# The fields of a document that are a part each; sections, sources and rows are one part each.
_WHOLE = (
    *("title", "name", "slug", "summary", "key_points", "picture", "emergency_words"),
    *("icd10_code", "physicians", "treatments", "related"),
)
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
        data["comparison"] = dict(_of("comparison", values))
    sections = dict(_of("section", values))
    data["sections"] = [{"kind": each, **value} for each, value in sections.items()]
    sources = dict(_of("source", values))
    keys = [key for key in dict.fromkeys([*values["sources"], *sources]) if key in sources]
    data["sources"] = [{"key": key, **sources[key]} for key in keys]
    return document_of({"type": kind, "ref": ref, **data})


def _of(start: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for part, value in values.items():
        if part.startswith(f"{start}-"):
            yield part.removeprefix(f"{start}-"), value


def part_hash(value: Any) -> str:
    """Return what tells a part's value from others; of None for a part that is not there."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


NOT_THERE = part_hash(None)


def hashes_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the hash of each part."""
    return {part: part_hash(value) for part, value in values.items()}


_LABELS = {
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
    "facts": _("How it is done"),
    "sources": _("Order of sources"),
}


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
        names = (gettext("A needle"), gettext("A balloon"), gettext("Bone cement"))
        return "\n".join(
            f"{name}: {gettext('yes') if value[fact] else gettext('no')}"
            for name, fact in zip(names, FACTS, strict=True)
        )
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
