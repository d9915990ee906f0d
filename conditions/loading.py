"""Content files into the database: all of them, or none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from clinic_site.markdown import cited_keys
from clinic_site.models import Clinic, Notice, Physician
from conditions.content_files import ContentError, Located, read_yaml
from conditions.document import ConditionDocument, PageDocument, TreatmentDocument
from conditions.models import Condition, ConditionTreatment, Section, Source, Treatment
from conditions.publishing import publish

# In this order, as a condition names its physicians and treatments.
TYPES = ("clinic", "notice", "physician", "treatment", "condition")
DOCUMENTS: dict[str, type[PageDocument]] = {
    "treatment": TreatmentDocument,
    "condition": ConditionDocument,
}
PAGES: dict[str, type[Treatment] | type[Condition]] = {
    "treatment": Treatment,
    "condition": Condition,
}
ROWS: dict[str, type[models.Model]] = {"clinic": Clinic, "notice": Notice, "physician": Physician}


@dataclass(frozen=True)
class ContentFile:
    """One file, read and found to be of its type's shape."""

    type: str
    located: Located
    document: PageDocument | None


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and the .yaml files in the folders named, each folder by name."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not inside:
            raise ContentError(f"{path}: no .yaml file in this folder.")
        found += inside
    return found


def read_file(path: Path) -> ContentFile:
    """Read and check one file; raise ContentError with file, line and what to do."""
    try:
        located = read_yaml(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path}: is not UTF-8 text. Save it as UTF-8.") from error
    kind = located.get("type")
    if kind not in TYPES:
        raise located.error("type", f"'type' must be one of {', '.join(TYPES)}.")
    document = None
    if kind in DOCUMENTS:
        document = DOCUMENTS[kind].from_located(located)
        _check_citations(document, located)
    return ContentFile(kind, located, document)


def _check_citations(document: PageDocument, located: Located) -> None:
    known = {source.key for source in document.sources}
    texts = [
        (section.body, raw, "body")
        for section, raw in zip(document.sections, located["sections"], strict=True)
    ]
    texts += [(point, located, "key_points") for point in document.key_points]
    for text, where, key in texts:
        for cited in cited_keys(text):
            if cited not in known:
                raise where.error(key, f"[^{cited}] is cited, but not among the sources. Add it.")


@transaction.atomic
def load(files: Iterable[ContentFile], *, replace: bool, say: Callable[[str], None]) -> None:
    """Store files that `read_file` gave, publish pages, and `say` a line on each.

    What is there already is kept as it is, unless `replace`. Raises ContentError, and stores
    nothing at all, where one file cannot be stored.
    """
    for file in sorted(files, key=lambda file: TYPES.index(file.type)):
        name = f"{file.type} {file.located.get('slug', '')}".strip()
        model = PAGES.get(file.type) or ROWS[file.type]
        keys = {"pk": 1} if file.type == "clinic" else {"slug": file.located.get("slug")}
        row = model.objects.filter(**keys).first()  # type: ignore[attr-defined]
        if row is not None and not replace:
            say(f"kept    {name} (it is there already; --replace overwrites it)")
            continue
        if file.document is not None:
            _load_page(row or model(), file)  # type: ignore[arg-type]
        else:
            values = {key: value for key, value in file.located.items() if key != "type"}
            _save(row or model(**keys), values, file.located)
        say(f"loaded  {name}")


def _save(row: models.Model, values: dict[str, Any], located: Located) -> None:
    """Set and save a row's values; raise ContentError at the first that does not fit."""
    known = {field.name for field in row._meta.fields} - {"id", "live", "photo", "page_ptr"}
    for key, value in values.items():
        if key not in known:
            raise located.error(
                key, f"{key!r} is not known here. Known: {', '.join(sorted(known))}."
            )
        setattr(row, key, value.strip() if isinstance(value, str) else value)
    try:
        row.full_clean()
    except ValidationError as error:
        key, messages = next(iter(error.message_dict.items()))
        raise located.error(key, f"{key}: {' '.join(messages)}") from error
    row.save()


def _load_page(page: Condition | Treatment, file: ContentFile) -> None:
    document, located = file.document, file.located
    assert document is not None
    _save(page, document.draft_fields(), located)
    page.sections.all().delete()
    for position, (section, raw) in enumerate(
        zip(document.sections, located["sections"], strict=True), start=1
    ):
        values = {"kind": section.kind, "heading": section.heading, "body": section.body}
        _save(Section(page=page, position=position * 10), values, raw)
    page.sources.all().delete()
    for position, (source, raw) in enumerate(
        zip(document.sources, located.get("sources", []), strict=True), start=1
    ):
        values = {
            name: getattr(source, name) for name in ("key", "title", "publisher", "year", "url")
        }
        _save(Source(page=page, position=position * 10), values, raw)
    if isinstance(page, Condition) and isinstance(document, ConditionDocument):
        page.physicians.set(_named(Physician, "physicians", document.physicians, located))
        page.offers.all().delete()
        for position, treatment in enumerate(
            _named(Treatment, "treatments", document.treatments, located), start=1
        ):
            ConditionTreatment.objects.create(
                condition=page, treatment=treatment, position=position * 10
            )
    publish(page=page, by=None, note=f"Loaded from {Path(located.path).name}")


def _named(model: Any, key: str, slugs: Iterable[str], located: Located) -> list[Any]:
    """Return the rows with these slugs, in this order; raise ContentError for one not there."""
    rows = model.objects.in_bulk(list(slugs), field_name="slug")
    for slug in slugs:
        if slug not in rows:
            raise located.error(
                key, f"no {model._meta.verbose_name} {slug!r}. Load its file as well."
            )
    return [rows[slug] for slug in slugs]
