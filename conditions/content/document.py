"""The one shape of a page about health: file, draft, published revision and preview are all this.

Frozen dataclasses; the public templates render them and nothing else. Bodies are in the Markdown
subset of clinic_site.markdown.
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from clinic_site.text import plain_text
from conditions.content.files import (
    TYPES_IN_WORDS,
    ContentError,
    Located,
    read_yaml,
    write_yaml,
)

# The kinds of section of each type of page, in the order in which the page shows them.
CONDITION_KINDS = (
    *("emergency", "see_doctor", "overview", "symptoms", "treatments", "suits", "diagnosis"),
    *("recovery", "prevention", "causes", "risk_factors", "evidence", "questions", "next_steps"),
)
TREATMENT_KINDS = (
    *("overview", "suits", "not_suited", "benefits", "risks", "preparing", "procedure"),
    *("afterwards", "evidence", "questions"),
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a figure comes from; `key` is what `[^key]` in a body names."""

    key: str
    title: str
    publisher: str = ""
    year: int | None = None
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of a page: its kind, its heading, its Markdown body."""

    kind: str
    heading: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Illustration:
    """A page's picture: `drawing:NAME` (static/img/NAME.svg) or `picture:HASH` (a Picture)."""

    source: str
    alt: str
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class PageDocument:
    """What conditions and treatments share. `name` is the title for use inside a sentence.

    The sections stand in the order of their kinds, whatever order they were given in.
    """

    slug: str
    title: str
    name: str
    summary: str
    key_points: tuple[str, ...] = ()
    picture: Illustration | None = None
    sections: tuple[Section, ...]
    sources: tuple[Source, ...] = ()

    page_type: typing.ClassVar[str]
    kinds: typing.ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        in_order = sorted(self.sections, key=lambda section: self._place(section.kind))
        object.__setattr__(self, "sections", tuple(in_order))

    @classmethod
    def _place(cls, kind: str) -> int:
        return cls.kinds.index(kind) if kind in cls.kinds else len(cls.kinds)

    @classmethod
    def from_yaml(cls, text: str, path: str = "<text>") -> Self:
        """Read a content file; raise ContentError with path and line where it is not this shape."""
        return cls.from_located(read_yaml(text, path))

    @classmethod
    def from_located(cls, located: Located) -> Self:
        """Build from a parsed file (its `type` already looked at); raise ContentError."""
        document = build(cls, _without_type(located), located)
        for raw in located["sections"]:
            if raw["kind"] not in cls.kinds:
                raise raw.error("kind", f"{raw['kind']!r} is not one of {', '.join(cls.kinds)}.")
        # As in the document, so that one index finds a section in both.
        located["sections"].sort(key=lambda raw: cls._place(raw["kind"]))
        return document

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `to_json` gave."""
        return build(cls, _without_type(data), None)

    def to_json(self) -> dict[str, Any]:
        """Return lists, dicts, strings, numbers, booleans and None; `from_json` takes it back."""
        return {"type": self.page_type, **_plain(dataclasses.asdict(self))}

    def to_yaml(self) -> str:
        """Return the content file that `from_yaml` takes back without loss."""
        return write_yaml(self.to_json())

    def draft_fields(self) -> dict[str, Any]:
        """Return the values of the draft's own columns (sections and sources are rows)."""
        picture = self.picture or Illustration(source="", alt="")
        return {
            "slug": self.slug,
            "title": self.title,
            "name": self.name,
            "summary": self.summary,
            "key_points": "\n".join(self.key_points),
            "picture_source": picture.source,
            "picture_alt": picture.alt,
            "picture_caption": picture.caption,
        }


# The address that patients use; a draft may have another that is not published yet.


@dataclass(frozen=True, kw_only=True)
class ConditionDocument(PageDocument):
    """A condition's page.

    `emergency_words` are what a search answers with when to call 911. `treatments`, in the order
    shown, `physicians` and related conditions, in that of the alphabet, are slugs.
    """

    emergency_words: tuple[str, ...] = ()
    icd10_code: str = ""
    physicians: tuple[str, ...] = ()
    treatments: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    page_type = "condition"
    kinds = CONDITION_KINDS

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "physicians", tuple(sorted(set(self.physicians))))
        object.__setattr__(self, "related", tuple(sorted(set(self.related))))

    def draft_fields(self) -> dict[str, Any]:
        """Return the values of the draft's own columns."""
        return {
            **super().draft_fields(),
            "emergency_words": "\n".join(self.emergency_words),
            "icd10_code": self.icd10_code,
        }


@dataclass(frozen=True, kw_only=True)
class TreatmentDocument(PageDocument):
    """A treatment's page, and the facts of how it is done, as fields."""

    body_site: str
    uses_needle: bool
    uses_balloon: bool
    uses_cement: bool

    page_type = "treatment"
    kinds = TREATMENT_KINDS

    def draft_fields(self) -> dict[str, Any]:
        """Return the values of the draft's own columns."""
        return {
            **super().draft_fields(),
            "body_site": self.body_site,
            "uses_needle": self.uses_needle,
            "uses_balloon": self.uses_balloon,
            "uses_cement": self.uses_cement,
        }


def _without_type(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "type"}


def _plain(value: Any) -> Any:
    """Return `value` with tuples as lists, as JSON has them."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def build(cls: type, data: Mapping[str, Any], located: Located | None) -> Any:
    """Return a dataclass of type `cls` from a mapping; nested ones too.

    Raises ContentError for an unknown, missing or mistyped key, with the line where `located`
    (the mapping as it stands in a file) knows it.
    """

    def fault(key: str | None, what: str) -> ContentError:
        return located.error(key, what) if located is not None else ContentError(what)

    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key in data:
        if key not in fields:
            raise fault(key, f"{key!r} is not known here. Known: {', '.join(fields)}.")
    values = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _value(data[name], hints[name], functools.partial(fault, name), name)
        elif field.default is dataclasses.MISSING:
            raise fault(None, f"{name!r} is missing. Add it.")
    return cls(**values)


def _value(value: Any, hint: Any, fault: typing.Callable[[str], ContentError], name: str) -> Any:
    """Return `value` as the type `hint`, or raise what `fault` makes of the complaint."""
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        hint = next(option for option in typing.get_args(hint) if option is not type(None))
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise fault(f"{name!r} must be a list.")
        item = typing.get_args(hint)[0]
        return tuple(_value(each, item, fault, name) for each in value)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise fault(f"{name!r} must be written as names and values.")
        return build(typing.cast(type, hint), value, value if isinstance(value, Located) else None)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise fault(f"{name!r} must be {TYPES_IN_WORDS[hint]}.")
    return normal_text(value, name) if isinstance(value, str) else value


def normal_text(text: str, name: str) -> str:
    """Return a text in its normal form, in which file, draft and revision are alike.

    A body keeps its lines; anything else is one line.
    """
    text = plain_text(text)
    return text if name == "body" else " ".join(text.split())
