"""A draft's rows and the document that they make: read, and written as a whole."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from clinic_site.access.models import User
from clinic_site.models import Physician
from conditions.content import document
from conditions.content.document import (
    ConditionDocument,
    Illustration,
    PageDocument,
    TreatmentDocument,
    normal_text,
)
from conditions.models import (
    Condition,
    ConditionTreatment,
    Page,
    Section,
    Source,
    Treatment,
    by_address,
)


def draft_of(page: Condition | Treatment) -> PageDocument:
    """Return the document of a page's draft, read now."""
    if isinstance(page, Treatment):
        return TreatmentDocument(
            **_shared(page),
            body_site=page.body_site,
            uses_needle=page.uses_needle,
            uses_balloon=page.uses_balloon,
            uses_cement=page.uses_cement,
        )
    related = page.related.values_list(Coalesce("live__slug", "slug"), flat=True)
    offered = page.offers.order_by("position").values_list(
        Coalesce("treatment__live__slug", "treatment__slug"), flat=True
    )
    return ConditionDocument(
        **_shared(page),
        emergency_words=_lines(page.emergency_words, "emergency_words"),
        icd10_code=page.icd10_code,
        physicians=tuple(page.physicians.values_list("slug", flat=True)),
        related=tuple(related),
        treatments=tuple(offered),
    )


def _shared(page: Page) -> dict[str, Any]:
    """Return what every page's document has, by the names of its fields."""

    def texts(row: models.Model, *names: str) -> dict[str, str]:
        return {name: normal_text(getattr(row, name), name) for name in names}

    picture = None
    if page.picture_source:
        picture = Illustration(
            source=page.picture_source,
            alt=normal_text(page.picture_alt, "alt"),
            caption=normal_text(page.picture_caption, "caption"),
        )
    return {
        **texts(page, "slug", "title", "name", "summary"),
        "key_points": _lines(page.key_points, "key_points"),
        "picture": picture,
        "sections": tuple(
            document.Section(**texts(row, "kind", "heading", "body"))
            for row in page.sections.order_by("pk")
        ),
        "sources": tuple(
            document.Source(**texts(row, "key", "title", "publisher", "url"), year=row.year)
            for row in page.sources.order_by("position", "pk")
        ),
    }


def _lines(text: str, name: str) -> tuple[str, ...]:
    """Return the lines of a draft's text that are not empty."""
    return tuple(filter(None, (normal_text(line, name) for line in text.splitlines())))


class Unfit(Exception):
    """A value that a draft cannot hold.

    `part` is the list and index of the row that it stands in, such as ("sections", 2), or None
    for the page itself; `field` is the value's name there; the text says what is wrong.
    """

    def __init__(self, part: tuple[str, int] | None, field: str, message: str) -> None:
        super().__init__(message)
        self.part = part
        self.field = field


def save_row(row: models.Model, values: dict[str, Any], part: tuple[str, int] | None) -> None:
    """Set a row's values, check and save it; raise Unfit at the first that does not fit."""
    for name, value in values.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        told = " ".join(messages)
        raise Unfit(part, field, told if field == "__all__" else f"{field}: {told}") from error
    row.save()


@transaction.atomic
def write_draft(*, page: Condition | Treatment, document: PageDocument, by: User | None) -> None:
    """Replace the draft by `document`, in the database; raise Unfit where it does not fit."""
    save_row(page, document.draft_fields(), None)
    _write_rows(Section, page, "sections", document.sections)
    _write_rows(Source, page, "sources", document.sources)
    if isinstance(page, Condition) and isinstance(document, ConditionDocument):
        physicians = Physician.objects.in_bulk(document.physicians, field_name="slug")
        page.physicians.set(_all_of(physicians, Physician, "physicians", document.physicians))
        related = by_address(Condition.objects.named(document.related), document.related)
        page.related.set(_all_of(related, Condition, "related", document.related))
        page.offers.all().delete()
        offered = by_address(Treatment.objects.named(document.treatments), document.treatments)
        rows = _all_of(offered, Treatment, "treatments", document.treatments)
        for index, treatment in enumerate(rows, start=1):
            ConditionTreatment.objects.create(
                condition=page, treatment=treatment, position=index * 10
            )
    mark_changed(page, by=by)


def _write_rows(
    model: type[Section] | type[Source], page: Page, part: str, values: Sequence[Any]
) -> None:
    """Make a page's rows of one kind what `values`, dataclasses with the same fields, say."""
    model.objects.filter(page=page).delete()
    for index, value in enumerate(values):
        order = {"position": (index + 1) * 10} if model is Source else {}
        save_row(model(page=page, **order), dataclasses.asdict(value), (part, index))


def mark_changed(page: Page, *, by: User | None) -> None:
    """Count one more save of the draft, so that an editor who began before it is told."""
    Page.objects.filter(pk=page.pk).update(draft_version=F("draft_version") + 1, changed_by=by)


def _all_of(
    rows: Mapping[str, Any], model: type[Any], field: str, slugs: Iterable[str]
) -> list[Any]:
    """Return the rows that these addresses name, in this order; raise Unfit for one not there."""
    for slug in slugs:
        if slug not in rows:
            kind = model._meta.verbose_name
            raise Unfit(None, field, f"no {kind} {slug!r} is here. Load its file as well.")
    return list(dict.fromkeys(rows[slug] for slug in slugs))
