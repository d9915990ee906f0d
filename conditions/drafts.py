"""Writing a whole document into a draft's rows: from a file, or from an earlier revision."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F

from clinic_site.models import Physician
from conditions.document import ConditionDocument, PageDocument
from conditions.models import Condition, ConditionTreatment, Page, Section, Source, Treatment


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
    page.sections.all().delete()
    for index, section in enumerate(document.sections):
        values = {"kind": section.kind, "heading": section.heading, "body": section.body}
        row: Section | Source = Section(page=page, position=(index + 1) * 10)
        save_row(row, values, ("sections", index))
    page.sources.all().delete()
    for index, source in enumerate(document.sources):
        names = ("key", "title", "publisher", "year", "url")
        row = Source(page=page, position=(index + 1) * 10)
        save_row(row, {name: getattr(source, name) for name in names}, ("sources", index))
    if isinstance(page, Condition) and isinstance(document, ConditionDocument):
        page.physicians.set(_named(Physician, "physicians", document.physicians))
        page.related.set(_named(Condition, "related", document.related))
        page.offers.all().delete()
        treatments = _named(Treatment, "treatments", document.treatments)
        for index, treatment in enumerate(treatments, start=1):
            ConditionTreatment.objects.create(
                condition=page, treatment=treatment, position=index * 10
            )
    mark_changed(page, by=by)


def mark_changed(page: Page, *, by: User | None) -> None:
    """Count one more save of the draft, so that an editor who began before it is told."""
    Page.objects.filter(pk=page.pk).update(draft_version=F("draft_version") + 1, changed_by=by)


def _named(model: type[Any], field: str, slugs: Iterable[str]) -> list[Any]:
    """Return the rows with these slugs, in this order; raise Unfit for one that is not there."""
    rows = model.objects.in_bulk(list(slugs), field_name="slug")
    for slug in slugs:
        if slug not in rows:
            kind = model._meta.verbose_name
            raise Unfit(None, field, f"no {kind} {slug!r} is here. Load its file as well.")
    return [rows[slug] for slug in slugs]
