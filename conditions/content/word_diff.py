"""What changed between two documents, part by part and word by word, for people to read."""

import dataclasses
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from conditions.content.document import PageDocument, Section
from conditions.models import SectionKind

MAX_WORDS = 8_000  # of both texts; longer ones are compared line by line, as words would take long


@dataclass(frozen=True)
class Change:
    """One part that differs: its name, and its text with <del> and <ins> around what changed."""

    part: str
    html: SafeString


def compare(old: PageDocument | None, new: PageDocument) -> list[Change]:
    """Return the parts that differ, in the order of the new page; with no `old`, all of it."""
    before = dict(_parts(old)) if old is not None else {}
    after = dict(_parts(new))
    names = [*after, *(name for name in before if name not in after)]
    return [
        Change(name, word_by_word(before.get(name, ""), after.get(name, "")))
        for name in names
        if before.get(name, "") != after.get(name, "")
    ]


def word_by_word(old: str, new: str) -> SafeString:
    """Return both texts as one in HTML, words taken out in <del>, words put in in <ins>.

    >>> word_by_word("It hurts a lot.", "It can hurt.")
    '<p>It <del>hurts a lot</del><ins>can hurt</ins>.</p>'
    """
    a, b = (re.findall(r"\n+|[^\S\n]+|\w+|[^\w\s]", text) for text in (old, new))
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


def _parts(document: PageDocument) -> Iterator[tuple[str, str]]:
    """Yield each part's name and its text."""
    names = {
        "slug": _("Address"),
        "title": _("Title"),
        "name": _("Name in a sentence"),
        "summary": _("Summary"),
        "key_points": _("Key points"),
        "picture": _("Picture"),
        "emergency_words": _("Words of an emergency"),
        "icd10_code": _("ICD-10-CM code"),
        "physicians": _("Physicians"),
        "treatments": _("Treatments"),
        "related": _("Related conditions"),
        "body_site": _("Where"),
        "uses_needle": _("Uses a needle"),
        "uses_balloon": _("Uses a balloon"),
        "uses_cement": _("Uses bone cement"),
    }
    for field in dataclasses.fields(document):
        if field.name in names:
            yield names[field.name], _as_text(getattr(document, field.name))
    seen: dict[str, int] = {}
    for section in document.sections:
        seen[section.kind] = seen.get(section.kind, 0) + 1
        yield _section_name(section, seen[section.kind]), f"{section.heading}\n{section.body}"
    yield _("Order of sources"), "\n".join(source.key for source in document.sources)
    for source in document.sources:
        values = (source.title, source.publisher, str(source.year or ""), source.url)
        yield _("Source %s") % source.key, "\n".join(value for value in values if value)


def _section_name(section: Section, count: int) -> str:
    name = _("Section: %s") % SectionKind(section.kind).label
    return f"{name} ({count})" if count > 1 else name


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, tuple):
        return "\n".join(str(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return "\n".join(str(part) for part in dataclasses.astuple(value) if part)
    return str(value or "")
