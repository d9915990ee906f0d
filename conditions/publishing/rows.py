"""A clinic, a physician, a notice or a picture as a content file, and back."""

import datetime as dt
import hashlib
import io
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from PIL import Image

from clinic_site.forms import read_hour
from clinic_site.models import Clinic, Notice, Physician, Picture
from conditions.content.files import TYPES_IN_WORDS, Located, write_yaml

ROWS: dict[str, type[models.Model]] = {
    "picture": Picture,
    "clinic": Clinic,
    "notice": Notice,
    "physician": Physician,
}
_NOT_IN_FILES = {"id", "confirmed", "content", "width", "height", "added_at"}
# What a file may hold beside the columns of its own row: lists of rows.
_LISTS: dict[str, dict[str, tuple[str, ...]]] = {
    "clinic": {"opening_hours": ("weekday", "opens", "closes"), "closed_days": ("day",)},
    "notice": {"lines": ("language", "text")},
}
# Columns of any other kind hold text.
_TYPES = {models.BooleanField: bool, models.IntegerField: int, models.DateField: dt.date}


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


def save_file(row: models.Model, located: Located) -> None:
    """Store what a file says of a row and its lists; raise ContentError where it does not fit."""
    lists = _LISTS.get(located["type"], {})
    own = [key for key in located if key not in {"type", *lists}]
    values = _read(row, located, own, sorted(_columns(row)))
    if isinstance(row, Picture):
        values |= _picture(located)
    _save(row, values, located)
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
            _save(new, _read(new, line, line, columns), line)


def _save(row: models.Model, values: dict[str, Any], located: Located) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        told = " ".join(messages)
        raise located.error(field, told if field == "__all__" else f"{field}: {told}") from error
    row.save()


def _read(
    row: models.Model, located: Located, keys: Iterable[str], known: Iterable[str]
) -> dict[str, Any]:
    for key in keys:
        if key not in known:
            raise located.error(key, f"{key!r} is not known here. Known: {', '.join(known)}.")
    return {key: _column(row._meta.get_field(key), located, key) for key in keys}


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


def _picture(located: Located) -> dict[str, Any]:
    """Return the bytes and the size of an exported picture, from HASH.webp beside its file."""
    if not re.fullmatch(r"[0-9a-f]{64}", located.get("hash", "")):
        raise located.error("hash", "'hash' must be the 64 digits of a SHA-256.")
    path = Path(located.path).with_name(f"{located['hash']}.webp")
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content), formats=["WEBP"]) as image:
            size = {"width": image.width, "height": image.height}
    except (OSError, ValueError) as error:
        what = f"{path.name} beside this file is missing or broken."
        raise located.error("hash", what) from error
    if hashlib.sha256(content).hexdigest() != located["hash"]:
        raise located.error("hash", f"{path.name} is not the picture of this hash.")
    return {"content": content, **size}
