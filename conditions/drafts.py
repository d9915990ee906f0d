"""Writing a whole document into a draft's rows: from a file, or from an earlier revision."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F

from clinic_site.models import Physician
from conditions.document import ConditionDocument, PageDocument
from conditions.models import (
    Condition,
    ConditionTreatment,
    Page,
    Section,
    Source,
    Treatment,
    by_address,
)


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
