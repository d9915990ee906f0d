"""The one shape of a page about health: file, draft, revision and preview are all this."""

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings

from clinic_site.text import plain_text
from conditions.content.files import TYPES_IN_WORDS, ContentError, Located, read_yaml, write_yaml
from conditions.content.kinds import CONDITION_KINDS, TREATMENT_KINDS, blank_heading

SCHEMA = 1  # the number of the shape in which documents are stored


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a figure comes from; `key` is what `[^key]` in a body names."""

    key: str
    title: str
    publisher: str = ""
    year: str = ""
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
class Comparison:
    """What a condition's page says of a treatment beside its others, a row of the table each."""

    what: str = ""
    aim: str = ""
    suits: str = ""
    found: str = ""
    harms: str = ""
    like: str = ""
    time: str = ""
    easing: str = ""
    unknown: str = ""


@dataclass(frozen=True, kw_only=True)
class PageDocument:
    """What conditions and treatments share. Other pages name this one by its `ref`, which never
    changes; `slug` is its address, `name` the title for use inside a sentence. Sections are put in
    the order of their kinds. Raises ValueError for two of a kind, or two sources of a key.
    """

    ref: str = ""
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
        in_order = sorted(self.sections, key=lambda section: self.kinds.index(section.kind))
        object.__setattr__(self, "sections", tuple(in_order))
        object.__setattr__(self, "ref", self.ref or self.slug)
        for names in ([each.kind for each in in_order], [each.key for each in self.sources]):
            if len(set(names)) < len(names):
                raise ValueError(f"One of these stands twice: {', '.join(names)}")

    @property
    def shown_sections(self) -> tuple[Section, ...]:
        return tuple(section for section in self.sections if self.is_shown(section))

    def is_shown(self, section: Section) -> bool:
        return bool(section.body.strip()) or section.heading != blank_heading(section.kind)

    def citing(self) -> Iterator[tuple[str, str]]:
        """Each text that may cite sources, with the name of the part in which it stands."""
        yield from (("key_points", point) for point in self.key_points)
        yield from ((f"section-{section.kind}", section.body) for section in self.sections)

    @classmethod
    def from_yaml(cls, text: str, path: str = "<text>") -> Self:
        """Read a content file; raise ContentError where it is not this shape."""
        return cls.from_located(read_yaml(text, path))

    @classmethod
    def from_located(cls, located: Located) -> Self:
        """Build from a parsed file of this type; raise ContentError with its path and line."""
        _refuse_repeated(located, "sections", "kind", cls.kinds)
        _refuse_repeated(located, "sources", "key")
        return typing.cast(Self, normal(_built(cls, located)))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return typing.cast(Self, _built(cls, data))

    def to_json(self) -> dict[str, Any]:
        """Return what JSON holds, tuples as lists; `from_json` takes it back."""
        values = json.loads(json.dumps(dataclasses.asdict(self)))
        return {"type": self.page_type, "schema": SCHEMA, **values}

    def to_yaml(self) -> str:
        return write_yaml(self.to_json())


@dataclass(frozen=True, kw_only=True)
class ConditionDocument(PageDocument):
    """A condition's page. `treatments`, in order, and `related` are refs, `physicians` slugs."""

    emergency_words: tuple[str, ...] = ()
    icd10_code: str = ""
    physicians: tuple[str, ...] = ()
    treatments: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    page_type = "condition"
    kinds = CONDITION_KINDS

    def is_shown(self, section: Section) -> bool:
        # The treatments that it offers show, whether or not something is written above them.
        return super().is_shown(section) or (section.kind == "treatments" and bool(self.treatments))

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "physicians", tuple(sorted(set(self.physicians))))
        object.__setattr__(self, "related", tuple(sorted(set(self.related))))
        object.__setattr__(self, "treatments", tuple(dict.fromkeys(self.treatments)))


@dataclass(frozen=True, kw_only=True)
class TreatmentDocument(PageDocument):
    """A treatment's page, and the facts of how it is done, as fields."""

    uses_needle: bool = False
    uses_balloon: bool = False
    uses_cement: bool = False
    comparison: Comparison = Comparison()

    page_type = "treatment"
    kinds = TREATMENT_KINDS

    @property
    def is_procedure(self) -> bool:
        """Whether the clinic does something; care without a procedure may be anyone's."""
        return self.uses_needle or self.uses_balloon or self.uses_cement

    def citing(self) -> Iterator[tuple[str, str]]:
        yield from super().citing()
        for row, text in dataclasses.asdict(self.comparison).items():
            yield f"comparison-{row}", text


DOCUMENTS: dict[str, type[PageDocument]] = {
    cls.page_type: cls for cls in (ConditionDocument, TreatmentDocument)
}


def document_of(data: Mapping[str, Any]) -> PageDocument:
    """Return the document, of a condition or a treatment, that `to_json` gave."""
    return DOCUMENTS[data["type"]].from_json(data)


@functools.lru_cache(maxsize=settings.PAGES_REMEMBERED)
def document_of_text(text: str) -> PageDocument:
    """Return the document that JSON text holds; the same one for the same text."""
    return document_of(json.loads(text))


def _refuse_repeated(
    located: Located, field: str, name: str, known: tuple[str, ...] | None = None
) -> None:
    """Raise ContentError for an item of a list whose `name` stands twice, or is not known."""
    items = located.get(field)
    seen = set()
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, Located) or not isinstance(item.get(name), str):
            continue  # told with its line as the document is built
        value = normal_value(name, item[name])
        if known and value not in known:
            raise item.error(name, f"{value!r} is not one of {', '.join(known)}.")
        if value in seen:
            raise item.error(name, f"{value!r} stands in {field!r} twice. Join the two.")
        seen.add(value)


def _fault(data: Mapping[str, Any], key: str | None, what: str) -> ContentError:
    return data.error(key, what) if isinstance(data, Located) else ContentError(what)


def _built(cls: type, data: Mapping[str, Any]) -> Any:
    """Return a dataclass of type `cls`, nested ones too; raise ContentError, with the line where
    `data` knows it, for an unknown, missing or mistyped key.
    """
    hints = _hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    of_all = ("type", "schema") if issubclass(cls, PageDocument) else ()
    schema = data.get("schema", SCHEMA)
    if of_all and (type(schema) is not int or schema != SCHEMA):
        what = f"'schema' is {schema!r}, which this release does not know."
        raise _fault(data, "schema", what)
    for key in data:
        if key not in fields and key not in of_all:
            raise _fault(data, key, f"{key!r} is not known here. Known: {', '.join(fields)}.")
    values = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _value(data[name], hints[name], data, name)
        elif field.default is dataclasses.MISSING:
            raise _fault(data, None, f"{name!r} is missing. Add it.")
    return cls(**values)


_hints = functools.cache(typing.get_type_hints)


def _value(value: Any, hint: Any, data: Mapping[str, Any], name: str) -> Any:
    """Return `value`, which stands in `data`, as the type `hint`, or raise ContentError."""
    if isinstance(hint, types.UnionType):  # of a type and None
        if value is None:
            return None
        hint = typing.get_args(hint)[0]
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise _fault(data, name, f"{name!r} must be a list.")
        return tuple(_value(each, typing.get_args(hint)[0], data, name) for each in value)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise _fault(data, name, f"{name!r} must be written as names and values.")
        return _built(typing.cast(type, hint), value)
    if name == "year" and (value is None or type(value) is int):
        return "" if value is None else str(value)  # in files, a year needs no quotes
    if not isinstance(value, hint):
        raise _fault(data, name, f"{name!r} must be {TYPES_IN_WORDS[hint]}.")
    return value


def normal(document: PageDocument) -> PageDocument:
    """Return a document as Save and files store it: a body keeps its lines, anything else is one
    line, and empty lines of a list are gone.
    """
    return document_of(normal_value("", document.to_json()))


def normal_value(name: str, value: Any) -> Any:
    """Return what `normal` makes of a field, or part, of this name."""
    if isinstance(value, dict):
        return {key: normal_value(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [each for each in (normal_value(name, item) for item in value) if each != ""]
    if not isinstance(value, str):
        return value
    text = plain_text(value)
    return text if name == "body" else " ".join(text.split())
