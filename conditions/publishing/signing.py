"""A clinician's signature: how it is put under a page, and what makes it fall."""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from clinic_site.markdown import cited_keys, pictures_in
from clinic_site.models.site_version import public_change
from conditions.audit import PageAction, on_record
from conditions.content.document import (
    ConditionDocument,
    PageDocument,
    Section,
    Source,
    TreatmentDocument,
)
from conditions.content.figures import units_of
from conditions.content.parts import Change, compare, part_text, values_of
from conditions.models import Review, Revision
from conditions.publishing.drafts import locked
from conditions.rendering import CARD_LEVELS

# Text of these kinds is about emergencies, treatment or evidence: any other word in it is a change
# of meaning, whatever the editor says of it. So is all text of a treatment's own page.
CLINICAL_KINDS = {*CARD_LEVELS, "treatments", "evidence"}
# A care card, or people: any block but a fold.
_CLINICAL_BLOCK = re.compile(r"^\s*:{3,}\s*(?!fold\b)\w", re.MULTILINE)


def clinical_change(old: PageDocument, new: PageDocument) -> bool:
    """Whether a change withdraws the signature even where the editor calls it wording: numbers,
    citations, links, sources, pictures' words, and any word of emergency, treatment or evidence
    text do; commas, spaces and capitals never (docs/decisions/0005-what-withdraws-a-signature.md).
    """
    return _clinical_content(old) != _clinical_content(new)


_NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    "|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    "|hundreds?|thousands?|millions?|half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|tenths?"
    "|once|twice|double|no|not|never|none"
)
# A dash before a digit is a minus, and one between two is none.
_SIGNS = r"[<>≤≥≈=~±+−]|(?<!\w)[-–](?=\d)"  # noqa: RUF001
_FIXED = re.compile(
    rf"{_SIGNS}|\d[\d./:-]*|%|\[\^[^\]]*\]|\]\([^)]*\)|\b(?:{_NUMBERS})\b", re.IGNORECASE
)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")  # 1,000 says the same as 1000


def _words(text: str) -> list[str]:
    # Commas, spaces and capitals do not change what is said; < for > does.
    found = rf"\w+|{_SIGNS}|[.?!:%/&$°]|\]\([^)]*\)"
    return re.findall(found, _THOUSANDS.sub("", text).lower())


def _fixed(text: str) -> list[str]:
    """Return the numbers, the negations, the citations and the links of a text, in order."""
    found = _FIXED.findall(_THOUSANDS.sub("", text).lower())
    return [each.rstrip("./:-") or each for each in found]


def _clinical_content(document: PageDocument) -> list[object]:
    picture = document.picture
    content: list[object] = [
        set(document.sources),
        _words("\n".join(document.key_points)),
        _fixed(f"{document.title}\n{document.name}\n{document.summary}"),
        picture and (picture.source, _words(f"{picture.alt}\n{picture.caption}")),
    ]
    is_treatment = isinstance(document, TreatmentDocument)
    sections: dict[str, list[str]] = {}
    for section in document.shown_sections:
        clinical = section.kind in CLINICAL_KINDS or _CLINICAL_BLOCK.search(section.body)
        text = f"{section.heading}\n{section.body}"
        sections[section.kind] = _words(text) if clinical or is_treatment else _fixed(text)
        for source, alt in pictures_in(section.body):
            content.append((source, _words(alt)))
    content.append({key: found for key, found in sections.items() if found})
    if isinstance(document, ConditionDocument):
        content += [document.treatments, document.icd10_code, document.emergency_words]
    if isinstance(document, TreatmentDocument):
        content += [document.uses_needle, document.uses_balloon, document.uses_cement]
        content.append(_words("\n".join(dataclasses.astuple(document.comparison))))
    return content


def changes_to_sign(old: PageDocument, new: PageDocument) -> Iterator[tuple[Change, list[Source]]]:
    """Return what changed since a signature, each part with the sources that its new words cite."""
    before, after = values_of(old), values_of(new)
    sources = {source.key: source for source in new.sources}
    for change in compare(old, new):
        known = {text for text, _cited in _units(change.part, before.get(change.part))}
        units = _units(change.part, after.get(change.part))
        cited = [key for text, keys in units if text not in known for key in keys]
        yield change, [sources[key] for key in dict.fromkeys(cited) if key in sources]


def _units(part: str, value: Any) -> list[tuple[str, list[str]]]:
    """Return what one source can stand for in a part, each with the keys of its sources."""
    text = part_text(part, value)
    if not part.startswith("section-") or not value:
        return [(line, cited_keys(line)) for line in text.splitlines()]
    section = Section(kind=part.removeprefix("section-"), **value)
    found = []
    for unit in units_of(section):
        # A figure of a care card has its sources below the card: those of the whole text.
        below = cited_keys(section.body) if unit.cited_below and re.search(r"\d", unit.text) else []
        found.append((unit.text, cited_keys(unit.text) or below))
    return found


@public_change()
def sign(*, revision: Revision, by: Actor, next_due: dt.date) -> Review:
    """Put a clinician's signature, dated today, under a live revision; the same again is the first.
    Raises EditConflict where the revision is not the live one any more, and ValidationError where
    the account has no name to sign with, or the due date is not in the future.
    """
    page = locked(revision.page)
    if page.live_id != revision.pk:
        raise EditConflict
    signature = {
        "revision": revision,
        "reviewer": by.account,
        "reviewer_name": by.account.signs_as if by.account else "",
        "reviewed_on": timezone.localdate(),
        "next_due": next_due,
    }
    again = Review.objects.filter(**signature).first()
    if again is not None and again == page.review:
        return again
    review = Review(**signature)
    review.full_clean()
    review.save()
    page.review, page.edited_since_review = review, False
    page.save()
    on_record(PageAction.SIGNED, page.ref, revision.number, by)
    return review
