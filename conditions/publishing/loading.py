"""Content files into the database: all of them, or none."""

import datetime as dt
import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from PIL import Image

from clinic_site.forms import read_hour
from clinic_site.markdown import cited_keys
from clinic_site.models import Clinic, Notice, Physician, Picture
from clinic_site.models.site_version import public_change
from conditions.content.document import DOCUMENTS, ConditionDocument, PageDocument
from conditions.content.files import TYPES_IN_WORDS, ContentError, Located, read_yaml
from conditions.models import Condition, LoadedContent, Page, Treatment
from conditions.publishing.drafts import create_page, replace_draft
from conditions.publishing.publish import NotPublishable, publish

# In this order, as pages name physicians, and both name pictures.
TYPES = ("picture", "clinic", "notice", "physician", "treatment", "condition")
# What a file's thing goes by; all others by their slug.
KEYS = {"picture": "hash"}
ROWS: dict[str, type[models.Model]] = {
    "picture": Picture,
    "clinic": Clinic,
    "notice": Notice,
    "physician": Physician,
}


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
    for part, text in document.citing():
        for cited in cited_keys(text):
            if cited not in known:
                where, key = place_of(part, located)
                key = "body" if part.startswith("section-") else key
                raise where.error(key, f"[^{cited}] is cited, but not among the sources. Add it.")


def place_of(part: str, located: Located) -> tuple[Located, str | None]:
    """Return where a part of a document stands in its file: a mapping, and a key of it."""
    start, _dash, rest = part.partition("-")
    lists = {"section": ("sections", "kind"), "source": ("sources", "key")}
    if start in lists:
        field, name = lists[start]
        for item in located.get(field, []):
            if " ".join(item[name].split()) == rest:
                return item, None
        return located, field
    if start == "comparison" and rest in located.get(start, {}):
        return located[start], rest
    return located, {"facts": "uses_needle"}.get(start, start)


@public_change()
def load(files: Iterable[ContentFile], *, replace: bool, say: Callable[[str], None]) -> None:
    """Store files that `read_file` gave, publish pages, and `say` a line on each.

    What is there already is kept as it is, unless `replace`. Raises ContentError, and stores
    nothing at all, where one file cannot be stored.
    """
    pages: list[tuple[Page, ContentFile]] = []
    seen: dict[tuple[str, Any], str] = {}
    for file in sorted(files, key=lambda file: TYPES.index(file.type)):
        key, value = _key_of(file)
        name = file.type if key == "pk" else f"{file.type} {value}"
        if other := seen.get((file.type, value)):
            raise file.located.error(key, f"{name} stands in {other} as well. Keep one.")
        seen[file.type, value] = file.located.path
        model: Any = Page if file.document else ROWS[file.type]
        row = model.objects.filter(**{key: value}).first()
        if row is not None and not replace:
            say(f"kept    {name} (it is there already; --replace overwrites it)")
            continue
        _loaded, is_new = LoadedContent.objects.get_or_create(
            type=file.type, slug="" if key == "pk" else value
        )
        if not is_new and not replace:
            say(f"left    {name} (it was loaded once, and removed since; --replace brings it back)")
            continue
        if file.document is None:
            _save_plain_row(row or model(**{key: value}), file.located)
        else:
            pages.append((_save_page(row, file), file))
        say(f"loaded  {name}")
    beside = {file.document.ref: file.document for _page, file in pages if file.document}
    for _page, file in pages:  # only now, as pages name each other
        _check_refs(file)
    for page, file in pages:
        page.refresh_from_db()
        assert page.draft is not None
        try:
            publish(page=page, revision=page.draft, by=None, clinical_change=True, beside=beside)
        except NotPublishable as error:
            first = error.findings[0]
            where, line = place_of(first.part, file.located)
            raise where.error(line, str(error)) from error


def _key_of(file: ContentFile) -> tuple[str, Any]:
    """Return the column by which what a file holds is known, and its value there."""
    if file.document is not None:
        return "ref", file.document.ref
    if file.type == "clinic":
        return "pk", 1
    key = KEYS.get(file.type, "slug")
    return key, str(file.located.get(key, ""))


def _save_page(page: Page | None, file: ContentFile) -> Page:
    assert file.document is not None
    note = f"Loaded from {Path(file.located.path).name}"
    if not re.fullmatch(r"[-a-zA-Z0-9_]{1,80}", file.document.ref):
        what = f"{file.document.ref!r} is no address. Use letters, digits and -: sore-back."
        raise file.located.error("ref" if "ref" in file.located else "slug", what)
    if page is None:
        return create_page(document=file.document, by=None, note=note)
    if page.kind != file.type:
        raise file.located.error("type", f"{page.ref} is a {page.kind} here. Choose another ref.")
    replace_draft(page=page, document=file.document, by=None, note=note)
    return page


def _check_refs(file: ContentFile) -> None:
    """Raise ContentError for a physician or a page that a condition names and nothing here has."""
    if not isinstance(file.document, ConditionDocument):
        return
    named: list[tuple[str, str, tuple[str, ...], Any]] = [
        ("physicians", "physician", file.document.physicians, Physician.objects.values("slug")),
        ("treatments", "treatment", file.document.treatments, Treatment.objects.values("ref")),
        ("related", "condition", file.document.related, Condition.objects.values("ref")),
    ]
    for field, what, names, rows in named:
        there = {value for row in rows for value in row.values()}
        for name in names:
            if name not in there:
                text = f"no {what} {name!r} is here. Load its file as well."
                raise file.located.error(field, text)


def _save_row(row: models.Model, values: dict[str, Any], located: Located) -> None:
    """Set a row's values, check and save it; raise ContentError at the first that does not fit."""
    for name, value in values.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        told = " ".join(messages)
        raise located.error(field, told if field == "__all__" else f"{field}: {told}") from error
    row.save()


# What a plain file may hold beside the columns of its own row: lists of rows.
_ROWS_OF: dict[str, dict[str, tuple[str, ...]]] = {
    "clinic": {"opening_hours": ("weekday", "opens", "closes"), "closed_days": ("day",)},
    "notice": {"lines": ("language", "text")},
}
_NOT_IN_FILES = {"id", "confirmed", "content", "width", "height", "added_at"}


def _save_plain_row(row: models.Model, located: Located) -> None:
    """Store a picture, a clinic, a physician or a notice, with the rows that belong to it."""
    lists = _ROWS_OF.get(located["type"], {})
    known = {field.name for field in row._meta.fields} - _NOT_IN_FILES
    keys = [key for key in located if key not in {"type", *lists}]
    values = _columns(row, located, keys, known)
    if isinstance(row, Picture):
        values |= _picture_columns(located)
    _save_row(row, values, located)
    for name, columns in lists.items():
        if name not in located:
            continue
        lines = located[name]
        if not isinstance(lines, list) or not all(isinstance(line, Located) for line in lines):
            raise located.error(name, f"{name!r} must be a list, each with {', '.join(columns)}.")
        rows = getattr(row, name)
        rows.all().delete()
        for index, line in enumerate(lines):
            new = rows.model(**{rows.field.name: row})
            if name == "lines":
                new.position = index * 10
            _save_row(new, _columns(new, line, line, columns), line)


def _columns(
    row: models.Model, located: Located, keys: Iterable[str], known: Collection[str]
) -> dict[str, Any]:
    """Return what a file says of a row's columns; raise ContentError for what does not fit."""
    for key in keys:
        if key not in known:
            what = f"{key!r} is not known here. Known: {', '.join(sorted(known))}."
            raise located.error(key, what)
    return {key: _column(row._meta.get_field(key), located, key) for key in keys}


def _column(field: Any, located: Located, key: str) -> Any:
    value = located[key]
    if value is None and isinstance(field, models.IntegerField) and field.null:
        return None
    if isinstance(field, models.TimeField) and type(value) in (str, int):
        try:
            return read_hour(str(value))
        except ValidationError as error:
            raise located.error(key, f"{key}: {' '.join(error.messages)}") from error
    if isinstance(field, models.DateField) and isinstance(value, str):
        with suppress(ValueError):
            value = dt.date.fromisoformat(value)
    wanted = next((kind for column, kind in _TYPES.items() if isinstance(field, column)), str)
    if type(value) is not wanted:
        raise located.error(key, f"{key!r} must be {TYPES_IN_WORDS[wanted]}.")
    if not isinstance(field, models.ForeignKey):
        return value
    picture = Picture.objects.filter(hash=value).first()
    if picture is None:
        raise located.error(key, "no picture of this hash is here. Load its file as well.")
    return picture


_TYPES = {models.BooleanField: bool, models.IntegerField: int, models.DateField: dt.date}


def _picture_columns(located: Located) -> dict[str, Any]:
    """Return the bytes and the size of an exported picture, from HASH.webp beside its file."""
    if not re.fullmatch(r"[0-9a-f]{64}", located.get("hash", "")):
        raise located.error("hash", "'hash' must be the 64 digits of a SHA-256.")
    path = Path(located.path).with_name(f"{located['hash']}.webp")
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content), formats=["WEBP"]) as image:
            size = {"width": image.width, "height": image.height}
    except (OSError, ValueError) as error:
        raise located.error(
            "hash", f"{path.name} beside this file is missing or broken."
        ) from error
    if hashlib.sha256(content).hexdigest() != located["hash"]:
        raise located.error("hash", f"{path.name} is not the picture of this hash.")
    return {"content": content, **size}
