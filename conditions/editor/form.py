"""The editor's form, of texts that nothing refuses: what a browser sends, what its buttons do."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.utils.text import slugify

from clinic_site.actor import Actor
from conditions.content.document import DOCUMENTS, Comparison, Source
from conditions.content.kinds import blank_heading
from conditions.content.parts import FACTS, Sent, free_name, is_part, part_hash
from conditions.models import Page
from conditions.publishing.drafts import autosave, set_aside

TEXTS = (
    *("title", "name", "slug", "summary", "icd10_code"),
    *(f"comparison-{row}" for row in Comparison.__dataclass_fields__),
)
PICTURE = ("source", "alt", "caption")
SECTION = ("heading", "body")
SOURCE = tuple(name for name in Source.__dataclass_fields__ if name != "key")
# The fields that send an item of a list each, and the part that is this list.
PARTS = {
    "key_point": "key_points",
    "physician": "physicians",
    "treatment": "treatments",
    "related": "related",
    "source": "sources",
}


def values_from(post: QueryDict, kind: str) -> Sent:
    """Return the parts of a page of this kind that a browser sent. Of those that it had open, a
    section or a source without its fields was removed, and a list without any is empty.
    """
    opened, shown = (_hashes(post.get(name, "")) for name in ("_opened", "_shown"))
    known = DOCUMENTS[kind].__dataclass_fields__
    texts = {name: _text(post.get(name, "")) for name in post}
    values: dict[str, Any] = {
        name: texts[name] for name in TEXTS if name in texts and name.partition("-")[0] in known
    }
    for name, part in PARTS.items():
        if part in known and (name in post or part in opened):
            items = [each for each in map(_text, post.getlist(name)) if each.strip()]
            if part != "key_points":  # names, each once
                items = list(dict.fromkeys(each.strip() for each in items))
            values[part] = sorted(items) if part in ("physicians", "related") else items
    if "emergency_words" in known and "emergency_words" in texts:
        lines = texts["emergency_words"].split("\n")
        values["emergency_words"] = [line for line in lines if line.strip()]
    if any(f"picture_{name}" in texts for name in PICTURE):
        values["picture"] = _fields(texts, "picture_", PICTURE)
    if kind == "treatment" and "facts" in opened:
        values["facts"] = {name: name in post for name in FACTS}
    for each in DOCUMENTS[kind].kinds:
        if all(f"section-{each}-{name}" in texts for name in SECTION):
            values[f"section-{each}"] = _fields(texts, f"section-{each}-", SECTION)
    for key in values.get("sources", ()):
        if any(f"source-{key}-{name}" in texts for name in SOURCE):
            values[f"source-{key}"] = _fields(texts, f"source-{key}-", SOURCE)
    _add_new(texts, kind, values)
    listed = {f"source-{key}" for key in values.get("sources", ())}
    cut = {each for each in opened if f"{each}-heading" in post}  # a line that broke took the body
    pieces = {part for part in opened if part.startswith(("section-", "source-"))}
    here = values.keys() | (pieces - listed - cut)
    there = {part: hash for part, hash in opened.items() if part in here}
    note = texts.get("note")
    return Sent(values, there, shown, None if part_hash(note) == shown.get("note") else note)


def _fields(texts: Mapping[str, str], start: str, names: Iterable[str]) -> dict[str, str]:
    return {name: texts.get(f"{start}{name}", "") for name in names}


def _add_new(texts: Mapping[str, str], kind: str, values: dict[str, Any]) -> None:
    new = texts.get("section_new", "")
    if new in DOCUMENTS[kind].kinds:
        values.setdefault(f"section-{new}", {"heading": blank_heading(new), "body": ""})
    for name in ("treatment", "related"):
        new, part = texts.get(f"{name}_new", "").strip(), PARTS[name]
        if new and part in values and new not in values[part]:
            values[part] = [*values[part], new]
    source = _fields(texts, "source_new-", (*SOURCE, "key"))
    if any(text.strip() for text in source.values()) and "sources" in values:
        typed = source.pop("key").strip()
        who = (source["publisher"].split() or source["title"].split() or ["source"])[0]
        key = slugify(typed or f"{who} {source['year']}")[:34] or "source"
        key = free_name(key, values["sources"])
        values["sources"] = [*values["sources"], key]
        values[f"source-{key}"] = source


def _text(typed: str) -> str:
    return typed.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _hashes(text: str) -> dict[str, str]:
    """Return hashes by part; what is none is left out."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {
        part: each
        for part, each in (found.items() if isinstance(found, dict) else ())
        if isinstance(each, str) and (is_part(part) or part == "note")
    }


@transaction.atomic
def press(*, page: Page, by: Actor, sent: Sent, do: str) -> str:
    """Keep what was typed, unsaved, and do to it what a button says; return its part."""
    state = autosave(page=page, by=by, sent=sent)
    values, part = _done(do, state.values, state.draft)
    if values != state.values:
        if state.typed_at and do.startswith(("take-theirs", "remove-")):
            set_aside(page=page, document=state.document, by=by)
        autosave(page=page, by=by, sent=Sent(values, state.opened, state.shown))
    return part


def _done(
    do: str, values: Mapping[str, Any], theirs: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """Do what a button says to the parts of a page; return them, and the part to go on with.
    `theirs` are the draft's parts, for "take-theirs". A button that does not fit does nothing.
    """
    what, _colon, which = do.partition(":")
    verb, _dash, thing = what.partition("-")
    done = dict(values)
    part = PARTS.get(thing, "add-section")
    if what == "take-theirs":
        part = which
        done.pop(part, None)
        if part in theirs:
            done[part] = theirs[part]
    elif what == "remove-section":
        done.pop(f"section-{which}", None)
    elif verb in {"up", "down", "remove"} and which in done.get(part, ()):
        done[part] = _moved(done[part], verb, which)
        if what == "remove-source":
            done.pop(f"source-{which}", None)
    return done, part


def _moved(items: list[str], verb: str, which: str) -> list[str]:
    at = items.index(which)
    moved = [*items[:at], *items[at + 1 :]]
    if verb != "remove":
        moved.insert(max(at - 1, 0) if verb == "up" else at + 1, which)
    return moved


def button(post: QueryDict) -> str:
    """Return what the pressed button says; "remove-key_point:0" becomes "remove-key_point:The
    first", as others may have moved it since.
    """
    do = post.get("_do", "")
    what, _colon, which = do.partition(":")
    thing = what.partition("-")[2]
    if thing not in {"key_point", "treatment"} or not re.fullmatch(r"\d{1,4}", which):
        return do
    sent = post.getlist(thing)
    return f"{what}:{_text(sent[int(which)])}" if int(which) < len(sent) else what
