"""The tables of condition pages and treatments, and of their past."""

from conditions.models.page import (
    Address,
    Condition,
    LoadedContent,
    Offer,
    Page,
    Section,
    Treatment,
)
from conditions.models.revision import Presence, Review, Revision, WorkingCopy

__all__ = ["Address", "Condition", "LoadedContent", "Offer", "Page", "Presence", "Review"]
__all__ += ["Revision", "Section", "Treatment", "WorkingCopy"]
