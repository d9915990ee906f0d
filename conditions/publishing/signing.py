"""Whether a clinician's signature stands under a page, and what makes it fall."""

import datetime as dt
import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass

from clinic_site.markdown import pictures_in
from conditions.content.document import ConditionDocument, PageDocument, TreatmentDocument
from conditions.models import Page
from conditions.models.revision import Review
from conditions.rendering.page import CARD_LEVELS

# Text of these kinds is about emergencies, treatment or evidence: any other word in it is a change
# of meaning, whatever the editor says of it. So is all text of a treatment's own page.
CLINICAL_KINDS = {*CARD_LEVELS, "treatments", "evidence"}
# A care card, or people: any block but a fold.
_CLINICAL_BLOCK = re.compile(r"^\s*:{3,}\s*(?!fold\b)\w", re.MULTILINE)


class ReviewState(enum.Enum):
    """Whether a clinician's signature stands under a page."""

    UNSIGNED = enum.auto()
    OVERDUE = enum.auto()
    SIGNED = enum.auto()


def review_state(page: Page, *, today: dt.date) -> ReviewState:
    """Return the state of one page, on `today` in the clinic's time zone."""
    if page.review is None:
        return ReviewState.UNSIGNED
    if page.review.next_due < today:
        return ReviewState.OVERDUE
    return ReviewState.SIGNED


@dataclass(frozen=True)
class ReviewOfPage:
    """What a page tells of its review, and of that of its parts.

    `review` is the page's own signature, and `is_edited` says that words, but no meaning, were
    changed since; `unsigned` and `overdue` are the titles of parts, the page itself among them.
    """

    review: Review | None
    is_edited: bool
    unsigned: list[str]
    overdue: list[str]

    @property
    def is_unsigned(self) -> bool:
        """Whether the page itself has no signature."""
        return self.review is None


def review_of(page: Page, parts: Iterable[Page], *, today: dt.date) -> ReviewOfPage:
    """Return the review of a page that shows `parts` (a condition's treatments) as well."""
    states = [(each, review_state(each, today=today)) for each in (page, *parts)]

    def titles(state: ReviewState) -> list[str]:
        return [each.live.title for each, found in states if found == state and each.live]

    return ReviewOfPage(
        review=page.review,
        is_edited=page.review is not None and page.edited_since_review,
        unsigned=titles(ReviewState.UNSIGNED),
        overdue=titles(ReviewState.OVERDUE),
    )


def changes_meaning(old: PageDocument, new: PageDocument) -> bool:
    """Whether a change withdraws the signature even where the editor calls it wording.

    It does where a number, a citation, a link, a source or a picture's words are not the same
    and in the same order, or any word of emergency, treatment or evidence text; commas, spaces
    and capitals never matter (docs/decisions/0005-what-withdraws-a-signature.md).
    """
    return _clinical_content(old) != _clinical_content(new)


_NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    "|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    "|hundreds?|thousands?|millions?|half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|tenths?"
    "|once|twice|double|no|not|never|none"
)
_FIXED = re.compile(rf"\d[\d./:-]*|%|\[\^[^\]]*\]|\]\([^)]*\)|\b(?:{_NUMBERS})\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")  # 1,000 says the same as 1000


def _words(text: str) -> list[str]:
    """Return what is said, without what does not change it: commas, spaces, capitals."""
    return re.findall(r"\w+|[%.?!:]|\]\([^)]*\)", _THOUSANDS.sub("", text).lower())


def _fixed(text: str) -> list[str]:
    """Return the numbers, the negations, the citations and the links of a text, in order."""
    return [found.lower().rstrip("./:-") for found in _FIXED.findall(_THOUSANDS.sub("", text))]


def _clinical_content(document: PageDocument) -> list[object]:
    picture = document.picture
    content: list[object] = [
        set(document.sources),
        _words("\n".join(document.key_points)),
        _fixed(f"{document.title}\n{document.name}\n{document.summary}"),
        picture and (picture.source, _words(f"{picture.alt}\n{picture.caption}")),
    ]
    sections: dict[str, list[str]] = {}
    for section in document.sections:
        clinical = section.kind in CLINICAL_KINDS or _CLINICAL_BLOCK.search(section.body)
        is_clinical = clinical or isinstance(document, TreatmentDocument)
        text = f"{section.heading}\n{section.body}"
        sections[section.kind] = _words(text) if is_clinical else _fixed(text)
        for source, alt in pictures_in(section.body):
            content.append((source, _words(alt)))
    content.append({key: found for key, found in sections.items() if found})
    if isinstance(document, ConditionDocument):
        content += [document.treatments, document.icd10_code]
    if isinstance(document, TreatmentDocument):
        content += [document.body_site, document.uses_needle]
        content += [document.uses_balloon, document.uses_cement]
    return content
