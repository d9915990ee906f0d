"""The tables of condition pages, treatments and their past."""

from conditions.models.page import (
    Condition,
    ConditionTreatment,
    Page,
    PageQuerySet,
    Section,
    SectionKind,
    Source,
    Treatment,
    by_address,
    validate_picture_source,
)
from conditions.models.revision import (
    FormerSlug,
    LoadedContent,
    Review,
    Revision,
    RevisionQuerySet,
)

__all__ = [
    "Condition",
    "ConditionTreatment",
    "FormerSlug",
    "LoadedContent",
    "Page",
    "PageQuerySet",
    "Review",
    "Revision",
    "RevisionQuerySet",
    "Section",
    "SectionKind",
    "Source",
    "Treatment",
    "by_address",
    "validate_picture_source",
]
