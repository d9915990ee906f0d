"""Content files into the database: all of them, or none."""

import contextlib
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import models, transaction
from PIL import Image

from clinic_site.markdown import cited_keys
from clinic_site.models import Clinic, Notice, Physician, Picture
from clinic_site.text import plain_text
from conditions.content.document import PageDocument
from conditions.content.files import TYPES_IN_WORDS, ContentError, Located, read_yaml
from conditions.models import Condition, Treatment
from conditions.models.revision import LoadedContent
from conditions.publishing.drafts import Unfit, save_row, write_draft
from conditions.publishing.publish import NotPublishable, publish

# In this order, as pages name physicians, and both name pictures.
TYPES = ("picture", "clinic", "notice", "physician", "treatment", "condition")
# What a file's thing goes by; all others by their slug.
KEYS = {"picture": "hash"}
PAGES: dict[str, type[Treatment] | type[Condition]] = {
    "treatment": Treatment,
    "condition": Condition,
}
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
    if kind in PAGES:
        document = PAGES[kind].document_class.from_located(located)
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
    pages: list[tuple[Condition | Treatment, ContentFile]] = []
    seen: dict[tuple[str, str], str] = {}
    for file in sorted(files, key=lambda file: TYPES.index(file.type)):
        key = KEYS.get(file.type, "slug")
        slug = "" if file.type == "clinic" else str(file.located.get(key, ""))
        name = f"{file.type} {slug}".strip()
        if other := seen.get((file.type, slug)):
            raise file.located.error(key, f"{name} stands in {other} as well. Keep one.")
        seen[file.type, slug] = file.located.path
        model: Any = PAGES.get(file.type) or ROWS[file.type]
        keys = {"pk": 1} if file.type == "clinic" else {key: slug}
        row = model.objects.filter(**keys).first()
        if row is not None and not replace:
            say(f"kept    {name} (it is there already; --replace overwrites it)")
            continue
        _loaded, is_new = LoadedContent.objects.get_or_create(type=file.type, slug=slug)
        if not is_new and not replace:
            say(f"left    {name} (it was loaded once, and removed since; --replace brings it back)")
            continue
        row = row or model(**keys)
        with _located(file.located):
            if file.document is None:
                _save_plain_row(row, file.located)
            else:
                save_row(row, file.document.draft_fields(), None)
                pages.append((row, file))
        say(f"loaded  {name}")
    # Only now, as pages name each other.
    for page, file in pages:
        assert file.document is not None
        with _located(file.located):
            write_draft(page=page, document=file.document, by=None)
    for page, file in pages:
        note = f"Loaded from {Path(file.located.path).name}"
        try:
            publish(page=page, by=None, meaning=True, note=note)
        except NotPublishable as error:
            raise ContentError(f"{file.located.path}: {error}") from error


@contextlib.contextmanager
def _located(located: Located) -> Iterator[None]:
    """Turn a value that does not fit into a ContentError that names its line."""
    try:
        yield
    except Unfit as error:
        where = located[error.part[0]][error.part[1]] if error.part else located
        raise where.error(error.field, str(error)) from error


# What a plain file may hold beside the columns of its own row.
_ROWS_OF: dict[str, dict[str, tuple[str, ...]]] = {
    "clinic": {"opening_hours": ("weekday", "opens", "closes"), "closed_days": ("day",)},
    "notice": {"lines": ("language", "text")},
}


def _save_plain_row(row: models.Model, located: Located) -> None:
    """Store a picture, a clinic, a physician or a notice, with the rows that belong to it."""
    parts = _ROWS_OF.get(located["type"], {})
    known = {field.name for field in row._meta.fields}
    known -= {"id", "confirmed", "content", "width", "height", "added_at"}
    values = {key: value for key, value in located.items() if key not in {"type", *parts}}
    for key, value in values.items():
        if key not in known:
            raise located.error(
                key, f"{key!r} is not known here. Known: {', '.join(sorted(known))}."
            )
        wanted = (str,) if key == "photo" else _type_of(row._meta.get_field(key))
        if not isinstance(value, wanted) or (bool not in wanted and isinstance(value, bool)):
            raise located.error(key, f"{key!r} must be {TYPES_IN_WORDS[wanted[0]]}.")
    texts = {k: plain_text(v) if isinstance(v, str) else v for k, v in values.items()}
    if "photo" in texts:
        texts["photo"] = Picture.objects.filter(hash=texts["photo"]).first()
        if texts["photo"] is None:
            raise located.error("photo", "no picture of this hash is here. Load its file as well.")
    if isinstance(row, Picture):
        texts |= _picture_columns(located)
    save_row(row, texts, None)
    for part, names in parts.items():
        if part not in located:
            continue
        lines = located[part]
        if not isinstance(lines, list) or not all(isinstance(line, Located) for line in lines):
            raise located.error(part, f"{part!r} must be a list, each with {', '.join(names)}.")
        rows = getattr(row, part)
        rows.all().delete()
        for index, line in enumerate(lines):
            new = rows.model(**{rows.field.name: row})
            if part == "lines":
                new.position = index * 10
            save_row(new, {name: line.get(name, "") for name in names}, (part, index))


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


def _type_of(field: Any) -> tuple[type, ...]:
    """Return the types that a file may give for a column, the usual one first."""
    if isinstance(field, models.BooleanField):
        return (bool,)
    if isinstance(field, models.IntegerField):
        return (int, type(None)) if field.null else (int,)
    return (str,)
