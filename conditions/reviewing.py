"""Whether a clinician's signature stands under a page, and what makes it fall."""

import datetime as dt
import enum
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from clinic_site.markdown import cited_keys
from conditions.document import ConditionDocument, PageDocument, TreatmentDocument
from conditions.models import Page, Review

# A change in these is a change of meaning, whatever the editor says of it.
CLINICAL_KINDS = {
    *("emergency", "treatments", "evidence"),
    *("procedure", "suits", "not_suited", "benefits", "risks"),
}
DUE_SOON = dt.timedelta(days=60)


class ReviewState(enum.IntEnum):
    """How far a page can be trusted as reviewed, the weakest first."""

    UNSIGNED = 0
    OVERDUE = 1
    EDITED = 2
    SIGNED = 3


def review_state(page: Page, *, today: dt.date) -> ReviewState:
    """Return the state of one page, on `today` in the clinic's time zone."""
    if page.review is None:
        return ReviewState.UNSIGNED
    if page.review.next_due < today:
        return ReviewState.OVERDUE
    return ReviewState.EDITED if page.edited_since_review else ReviewState.SIGNED


@dataclass(frozen=True)
class ReviewOfPage:
    """What a page tells of its review: the weakest state of its parts.

    `unsigned` are the titles of parts without a signature, `review` is the page's own.
    """

    state: ReviewState
    review: Review | None
    unsigned: list[str]
    overdue: list[str]

    @property
    def is_unsigned(self) -> bool:
        """Whether the page itself has no signature."""
        return self.review is None

    @property
    def is_edited(self) -> bool:
        """Whether words were changed since the signature, but no meaning."""
        return self.state == ReviewState.EDITED


def review_of(page: Page, parts: Iterable[Page], *, today: dt.date) -> ReviewOfPage:
    """Return the review of a page that shows `parts` (a condition's treatments) as well."""
    states = [(each, review_state(each, today=today)) for each in (page, *parts)]

    def titles(state: ReviewState) -> list[str]:
        return [each.live.title for each, found in states if found == state and each.live]

    return ReviewOfPage(
        state=min(state for _each, state in states),
        review=page.review,
        unsigned=titles(ReviewState.UNSIGNED),
        overdue=titles(ReviewState.OVERDUE),
    )


def changes_meaning(old: PageDocument, new: PageDocument) -> bool:
    """Whether a change withdraws the signature even where the editor calls it wording.

    It does where any number, citation or source, or any emergency, treatment or evidence text
    is not the same (the design of the site, "Review").
    """
    return _clinical_content(old) != _clinical_content(new)


def _clinical_content(document: PageDocument) -> list[object]:
    bodies = [section.body for section in document.sections]
    text = "\n".join(
        [
            *(document.title, document.name, document.summary, *document.key_points),
            *(section.heading for section in document.sections),
            *bodies,
        ]
    )
    content: list[object] = [
        Counter(re.findall(r"\d[\d.,/:%-]*\d%?|\d%?", text)),
        Counter(key for body in (*bodies, *document.key_points) for key in cited_keys(body)),
        set(document.sources),
        [
            (section.kind, section.heading, section.body)
            for section in document.sections
            if section.kind in CLINICAL_KINDS or ":::" in section.body
        ],
    ]
    if isinstance(document, ConditionDocument):
        content.append(document.treatments)
    if isinstance(document, TreatmentDocument):
        content += [document.body_site, document.uses_needle]
        content += [document.uses_balloon, document.uses_cement]
    return content
