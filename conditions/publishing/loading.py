"""Content files into the database, all of them or none; clinic, physicians, notices and pictures
as such files.
"""

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
from conditions.content.checks import SLUG
from conditions.content.document import DOCUMENTS, ConditionDocument, PageDocument
from conditions.content.files import TYPES_IN_WORDS, ContentError, Located, read_yaml, write_yaml
from conditions.models import Condition, LoadedContent, Page, Treatment
from conditions.publishing.drafts import create_page, replace_draft
from conditions.publishing.publish import NotPublishable, publish

ROWS = {str(model._meta.model_name): model for model in (Picture, Clinic, Notice, Physician)}
_NOT_IN_FILES = {"id", "confirmed", "content", "width", "height", "added_at"}
# What a file may hold beside the columns of its own row: lists of rows.
_LISTS: dict[str, dict[str, tuple[str, ...]]] = {
    "clinic": {"opening_hours": ("weekday", "opens", "closes"), "closed_days": ("day",)},
    "notice": {"lines": ("language", "text")},
}
# Columns of any other kind hold text.
_TYPES = {models.BooleanField: bool, models.IntegerField: int, models.DateField: dt.date}
# In this order, as pages name physicians, and both name pictures.
TYPES = (*ROWS, "treatment", "condition")


@dataclass(frozen=True)
class ContentFile:
    """One file, read; if it is a page's, found to be of its shape."""

    type: str
    located: Located
    document: PageDocument | None

    @property
    def key(self) -> tuple[str, Any]:
        """The column by which what it holds is known, and its value there."""
        if self.document is not None:
            return "ref", self.document.ref
        if self.type == "clinic":
            return "pk", 1
        key = "hash" if self.type == "picture" else "slug"
        return key, str(self.located.get(key, ""))


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and for a folder those in it, by name; itself where it has none."""
    return [each for path in paths for each in sorted(path.glob("*.yaml")) or [path]]


def read_file(path: Path) -> ContentFile:
    """Read and check one file; raise ContentError with file, line and what to do."""
    if path.is_dir():
        raise ContentError(f"{path}: no .yaml file in this folder.")
    try:
        located = read_yaml(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path}: is not UTF-8 text. Save it as UTF-8.") from error
    kind = located.get("type")
    if kind not in TYPES:
        raise located.error("type", f"'type' must be one of {', '.join(TYPES)}.")
    if kind not in DOCUMENTS:
        return ContentFile(kind, located, None)
    document = DOCUMENTS[kind].from_located(located)
    known = {source.key for source in document.sources}
    for part, text in document.citing():
        for cited in cited_keys(text):
            if cited not in known:
                where, key = place_of(part, located)
                key = "body" if part.startswith("section-") else key
                raise where.error(key, f"[^{cited}] is cited, but not among the sources. Add it.")
    return ContentFile(kind, located, document)


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
    """Store files, publish pages, and `say` a line on each; keep what is there unless `replace`.
    Raises ContentError, and stores nothing, where one file cannot be stored.
    """
    pages: list[tuple[Page, ContentFile]] = []
    seen: dict[tuple[str, Any], str] = {}
    for file in sorted(files, key=lambda file: TYPES.index(file.type)):
        key, value = file.key
        slug = "" if key == "pk" else value
        name = f"{file.type} {slug}".strip()
        if other := seen.get((file.type, value)):
            raise file.located.error(key, f"{name} stands in {other} as well. Keep one.")
        seen[file.type, value] = file.located.path
        model: Any = Page if file.document else ROWS[file.type]
        row = model.objects.filter(**{key: value}).first()
        if row is not None and not replace:
            say(f"kept    {name} (it is there already; --replace overwrites it)")
            continue
        _loaded, is_new = LoadedContent.objects.get_or_create(type=file.type, slug=slug)
        if not is_new and not replace:
            say(f"left    {name} (it was loaded once, and removed since; --replace brings it back)")
            continue
        if file.document is None:
            _save_file(row or model(**{key: value}), file.located)
        else:
            pages.append((_save_page(row, file.document, file.located), file))
        say(f"loaded  {name}")
    beside = {page.ref: file.document for page, file in pages}
    for _page, file in pages:  # only now, as pages name each other
        _check_refs(file)
    for page, file in pages:
        page.refresh_from_db()
        assert page.draft is not None
        try:
            publish(page=page, revision=page.draft, by=None, clinical_change=True, beside=beside)
        except NotPublishable as error:
            where, line = place_of(error.findings[0].part, file.located)
            raise where.error(line, str(error)) from error


def _save_page(page: Page | None, document: PageDocument, located: Located) -> Page:
    ref, note = document.ref, f"Loaded from {Path(located.path).name}"
    if not SLUG.fullmatch(ref):
        what = f"{ref!r} is no address. Use letters, digits and -: sore-back."
        raise located.error("ref" if "ref" in located else "slug", what)
    if page is None:
        return create_page(document=document, by=None, note=note)
    if page.kind != document.page_type:
        raise located.error("type", f"{ref} is a {page.kind} here. Choose another ref.")
    replace_draft(page=page, document=document, by=None, note=note)
    return page


def _check_refs(file: ContentFile) -> None:
    if not isinstance(file.document, ConditionDocument):
        return
    named: dict[str, tuple[Any, str]] = {
        "physicians": (Physician, "slug"),
        "treatments": (Treatment, "ref"),
        "related": (Condition, "ref"),
    }
    for field, (model, key) in named.items():
        for name in getattr(file.document, field):
            if not model.objects.filter(**{key: name}).exists():
                what = f"no {model._meta.model_name} {name!r} is here. Load its file as well."
                raise file.located.error(field, what)


def _columns(row: models.Model) -> list[str]:
    return [field.name for field in row._meta.fields if field.name not in _NOT_IN_FILES]


def row_file(row: models.Model) -> str:
    """Return the content file of a row. A picture's bytes are a file beside it, HASH.webp."""
    kind = str(row._meta.model_name)
    data = {"type": kind, **_values(row, _columns(row))}
    for name, columns in _LISTS.get(kind, {}).items():
        if rows := getattr(row, name).all():
            data[name] = [_values(each, columns) for each in rows]
    return write_yaml(data)


def _values(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {
        name: value if isinstance(value, str | int | None) else getattr(value, "hash", str(value))
        for name, value in values.items()
    }


def _save_file(row: models.Model, located: Located) -> None:
    lists = _LISTS.get(located["type"], {})
    if isinstance(row, Picture):
        _read_picture(row, located)
    own = [key for key in located if key not in {"type", *lists}]
    _save(row, located, own, sorted(_columns(row)))
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
            _save(new, line, line, columns)


def _save(row: models.Model, located: Located, keys: Iterable[str], known: Collection[str]) -> None:
    for key in keys:
        if key not in known:
            raise located.error(key, f"{key!r} is not known here. Known: {', '.join(known)}.")
        setattr(row, key, _column(row._meta.get_field(key), located, key))
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        told = " ".join(messages)
        raise located.error(field, told if field == "__all__" else f"{field}: {told}") from error
    row.save()


def _column(field: Any, located: Located, key: str) -> Any:
    value = located[key]
    if value is None and field.null:
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
    if picture := Picture.objects.filter(hash=value).first():
        return picture
    raise located.error(key, "no picture of this hash is here. Load its file as well.")


def _read_picture(picture: Picture, located: Located) -> None:
    if not re.fullmatch(r"[0-9a-f]{64}", str(located.get("hash"))):
        raise located.error("hash", "'hash' must be the 64 digits of a SHA-256.")
    path = Path(located.path).with_name(f"{located['hash']}.webp")
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content), formats=["WEBP"]) as image:
            picture.width, picture.height = image.size
    except (OSError, ValueError) as error:
        what = f"{path.name} beside this file is missing or broken."
        raise located.error("hash", what) from error
    if hashlib.sha256(content).hexdigest() != located["hash"]:
        raise located.error("hash", f"{path.name} is not the picture of this hash.")
    picture.content = content
