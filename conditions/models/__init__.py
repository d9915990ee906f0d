"""The tables of condition pages and treatments, and of their past."""

from conditions.content.kinds import SectionKind
from conditions.models.page import (
    Address,
    Condition,
    LoadedContent,
    Offer,
    Page,
    PageQuerySet,
    Section,
    Treatment,
)
from conditions.models.review import Review, ReviewOfPage, ReviewState, review_of, review_state
from conditions.models.revision import Presence, Revision, WorkingCopy

__all__ = [
    "Address",
    "Condition",
    "LoadedContent",
    "Offer",
    "Page",
    "PageQuerySet",
    "Presence",
    "Review",
    "ReviewOfPage",
    "ReviewState",
    "Revision",
    "Section",
    "SectionKind",
    "Treatment",
    "WorkingCopy",
    "review_of",
    "review_state",
]
