"""What stands against publishing a page: errors, which block it, and warnings, which tell."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from markdown_it.token import Token
from phonenumber_field.phonenumber import PhoneNumber

from clinic_site.markdown import BLOCKS, cited_keys, parse, pictures_in
from clinic_site.markdown_blocks import stray_fences
from clinic_site.models import Clinic
from clinic_site.pictures import picture_size
from conditions.content import figures
from conditions.content.document import ConditionDocument, PageDocument, Section, TreatmentDocument
from conditions.content.figures import Exempt
from conditions.content.findings import Finding, Place, at, error, warning
from conditions.content.kinds import blank_heading
from conditions.content.marks import Slip, cites_in_link, slips, slips_of_line
from conditions.content.parts import comparison_rows
from conditions.content.readability import flatten, section_grade
from conditions.rendering import CARD_LEVELS

_SAFE_LINK = re.compile(r"/(?![/\\])|#|https://[^/]|tel:|mailto:", re.IGNORECASE)
_UNREAD_LINK = re.compile(r"\]\(\s*<?([^)\s>]*)")
SLUG = re.compile(r"[-a-zA-Z0-9_]{1,80}")
_KEY = re.compile(rf"[-a-zA-Z0-9_]{{1,{settings.SOURCE_KEY}}}")
_ICD10 = re.compile(r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?")
_HTML = re.compile(r"</?[a-z][a-z0-9-]*(?:\s[^<>]*)?/?>|<[!?]", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"\S*\.(?:png|jpe?g|gif|webp|svg|heic|avif|tiff?)|(?:img|dsc|image|photo|picture)[-_ ]?\d*",
    re.IGNORECASE,
)


def check(document: PageDocument, phone: str | None = None) -> list[Finding]:
    """Return what the checks find in a page, in its order; the clinic's `phone` is no figure."""
    exempt = figures.exempt_digits(PhoneNumber.from_string(str(phone or Clinic().phone)))
    known = {source.key for source in document.sources}
    found = [*_check_opening(document, exempt), *_check_key_points(document, known, exempt)]
    if isinstance(document, ConditionDocument):
        found += _check_emergency(document)
    else:
        found += _check_balance(document)
    for part, text in document.citing():
        if part.startswith("comparison-"):
            found += _check_line(at(part), text, known, exempt)
    for section in document.shown_sections:
        found += _check_section(section, known, exempt)
    return [*found, *_check_sources(document)]


def _place(section: Section) -> Place:
    return Place(f"section-{section.kind}", section.heading or blank_heading(section.kind))


def _check_marks(place: Place, found: Iterable[Slip]) -> Iterator[Finding]:
    for slip in found:
        yield error(place, slip.code, *slip.words)


def _check_text(place: Place, text: str, most: int, *, needed: bool = True) -> Iterator[Finding]:
    if needed and not text.strip():
        yield error(place, "empty")
    if len(text) > most:
        yield error(place, "long", len(text), most)


def _check_opening(document: PageDocument, exempt: Exempt) -> Iterator[Finding]:
    for part, most in (
        ("title", settings.PAGE_TITLE),
        ("name", settings.PAGE_TITLE),
        ("summary", settings.PAGE_SUMMARY),
    ):
        text = getattr(document, part)
        yield from _check_text(at(part), text, most)
        yield from figures.cannot_cite(at(part), text, exempt)
        yield from _check_marks(at(part), slips_of_line(text, takes_marks=False))
    if not SLUG.fullmatch(document.slug):
        yield error(at("slug"), "slug", document.slug)
    if picture := document.picture:
        place = at("picture")
        yield from _check_picture(place, picture.source, picture.alt)
        yield from _check_text(place, picture.alt, settings.PICTURE_WORDS, needed=False)
        yield from figures.cannot_cite(place, picture.caption, exempt)


def _check_picture(place: Place, source: str, alt: str) -> Iterator[Finding]:
    if picture_size(source) is None:
        yield error(place, "picture", source or "“”")
    if not alt.strip() or _FILE_NAME.fullmatch(alt.strip()):
        yield error(place, "no_alt")


def _check_key_points(document: PageDocument, known: set[str], exempt: Exempt) -> Iterator[Finding]:
    place, count = at("key_points"), len(document.key_points)
    if isinstance(document, ConditionDocument) and not count:
        yield warning(place, "no_key_points", settings.KEY_POINTS)
    if count > settings.KEY_POINTS:
        yield warning(place, "many_key_points", count, settings.KEY_POINTS)
    for point in document.key_points:
        yield from _check_line(place, point, known, exempt)


def _check_line(place: Place, text: str, known: set[str], exempt: Exempt) -> Iterator[Finding]:
    yield from figures.needs_source(place, " ".join(map(figures.line_of, parse(text))), exempt)
    yield from _check_markdown(place, text, known)
    yield from _check_marks(place, slips_of_line(text, takes_marks=True))


def _check_emergency(document: ConditionDocument) -> Iterator[Finding]:
    cards = [section for section in document.shown_sections if section.kind == "emergency"]
    if not cards:
        yield error(Place("section-emergency", _("Emergency")), "no_emergency")
    for card in cards:
        if not any(unit.is_item and unit.text.strip() for unit in figures.units_of(card)):
            yield error(_place(card), "empty_emergency")
    for word in document.emergency_words:  # each word of a line would raise the alarm alone
        if " " in word:
            yield error(at("emergency_words"), "several_words", word)
    if document.icd10_code and not _ICD10.fullmatch(document.icd10_code):
        yield error(at("icd10_code"), "icd10", document.icd10_code)
    if document.ref in document.related:
        yield error(at("related"), "itself")


def _check_balance(document: PageDocument) -> Iterator[Finding]:
    there = {section.kind for section in document.shown_sections}
    for kind in ("benefits", "risks"):
        if kind not in there:
            yield warning(Place(f"section-{kind}", blank_heading(kind)), "lacks")
    if not there:
        yield error(Place("section-overview", blank_heading("overview")), "no_sections")
    if not document.sources:
        yield warning(Place("sources", _("Sources")), "no_sources")


def _check_section(section: Section, known: set[str], exempt: Exempt) -> Iterator[Finding]:
    place = _place(section)
    yield from _check_text(place, section.heading, settings.PAGE_TITLE)
    if section.kind not in CARD_LEVELS:
        yield from figures.cannot_cite(place, section.heading, exempt)
    for unit in figures.units_of(section):
        if not unit.cited_below:
            yield from figures.needs_source(place, unit.text, exempt)
    yield from _check_markdown(place, section.body, known)
    yield from _check_marks(place, slips_of_line(section.heading, takes_marks=False))
    yield from _check_marks(place, slips(parse(section.body)))
    yield from _check_blocks(place, section, exempt)
    flat = flatten(section.body)
    grade = section_grade(section) or 0
    if not flat:
        yield warning(place, "no_text")
    elif round(grade, 1) > settings.READING_GRADE:
        longest = sorted(flat, key=len, reverse=True)[:2]
        text = ", ".join(f"“{figures.beginning(' '.join(words))}”" for words in longest)
        yield warning(place, "hard", grade, settings.READING_GRADE, text)


def _check_markdown(place: Place, text: str, known: set[str]) -> Iterator[Finding]:
    for key in dict.fromkeys(cited_keys(text)):
        if key not in known:
            yield error(place, "unknown_key", key)
    for token in parse(text):
        if token.type == "heading_open" and token.tag not in {"h3", "h4"}:
            yield error(place, "heading", token.markup)
        if token.type == "table_open" and not token.meta["has_caption"]:
            yield warning(place, "no_caption")
        addresses = []
        for child in token.children or []:
            if child.type == "link_open":
                addresses.append(str(child.attrs["href"]))
            # What the parser took for no link at all is shown as typed.
            elif child.type == "text" and not cites_in_link(token):
                addresses += [f" {address}" for address in _UNREAD_LINK.findall(child.content)]
        for address in addresses:
            if not _SAFE_LINK.match(address):
                yield error(place, "link", address.strip())
    for source, alt in pictures_in(text):
        yield from _check_picture(place, source, alt)
    if html := _HTML.search(text):
        yield error(place, "html", html[0])


def _check_blocks(place: Place, section: Section, exempt: Exempt) -> Iterator[Finding]:
    tokens = parse(section.body)
    inside: list[str] = []
    for i, token in enumerate(tokens):
        if token.type == "container_close":
            inside.pop()
        elif token.type == "container_open":
            name, words = token.meta["name"], token.info
            opened = f"::: {name} {words}".strip()
            if inside and (inside[-1], name) != ("fold", "people"):
                yield error(place, "fence", opened)
            if not token.meta["closed"]:
                yield error(place, "unclosed", opened)
            if not words:
                yield error(place, "no_words", opened)
            if figures.CITATION.search(words):
                yield error(place, "words_cite", opened)
            if name == "people":
                inner = tokens[i + 1 : figures.end_of_block(tokens, i)]
                yield from _check_people(place, words, inner)
            elif name == "fold":
                yield from figures.cannot_cite(place, words, exempt)
            inside.append(name)
        elif token.type == "inline":
            for line, name in stray_fences(token):
                if name and name not in BLOCKS:
                    yield error(place, "block", name, ", ".join(BLOCKS))
                else:
                    yield error(place, "fence", line)


def _check_people(place: Place, caption: str, tokens: list[Token]) -> Iterator[Finding]:
    types = [token.type for token in tokens]
    parts = {"list_item_open", "people", "paragraph_open", "inline", "paragraph_close"}
    around = [each for each in types if each not in {*parts, "list_item_close"}]
    is_list = around == ["bullet_list_open", "bullet_list_close"]
    if not is_list or types.count("paragraph_open") != types.count("list_item_open"):
        yield error(place, "people", caption)
        return
    for i, token in enumerate(tokens):
        if token.type == "list_item_open" and types[i + 1] != "people":
            yield error(place, "person", figures.beginning(figures.line_of(tokens[i + 2])))


def _check_sources(document: PageDocument) -> Iterator[Finding]:
    cited = {key for _part, text in document.citing() for key in cited_keys(text)}
    for source in document.sources:
        place = at(f"source-{source.key}")
        if not _KEY.fullmatch(source.key):
            yield error(place, "key", source.key, settings.SOURCE_KEY)
        if source.key not in cited:
            yield warning(place, "uncited", source.key)
        yield from _check_text(place, source.title, settings.SOURCE_TITLE)
        if source.year and not re.fullmatch(r"(?:1[89]|2[01])\d\d", source.year):
            yield error(place, "year", source.year)
        if source.url:
            try:
                URLValidator(schemes=["https"])(source.url)
            except ValidationError:
                yield error(place, "url", source.url)


def option_findings(
    condition: ConditionDocument, treatments: Sequence[TreatmentDocument], *, of: PageDocument
) -> Iterator[Finding]:
    """Find what stands against laying these treatments side by side on the page of this condition;
    `of` is the one among them all that is about to be published.
    """
    if len(treatments) < 2:
        return
    lacking: dict[str, list[str]] = {}
    for row, label in comparison_rows().items():
        part = f"comparison-{row}" if isinstance(of, TreatmentDocument) else "treatments"
        place = at(part)
        counts: dict[str, tuple[str, str]] = {}
        for each in treatments:
            cell = getattr(each.comparison, row)
            if not cell.strip():
                lacking.setdefault(each.title, []).append(label)
                if of is each:
                    yield error(place, "no_row", each.title, label, condition.title)
            for number, figure in figures.counted(cell):
                counts.setdefault(number, (figure, each.title))
        if len(counts) > 1:
            (one, first), (other, second), *_more = counts.values()
            values = (label, condition.title, one, first, other, second)
            yield error(place, "two_counts", *values)
    lacking.pop(of.title, None)
    for title, labels in lacking.items():
        yield error(at("treatments"), "no_row", title, "”, “".join(labels), condition.title)
    together = [(source, condition.title) for source in condition.sources]
    for each in treatments:
        cited = {key for cell in astuple(each.comparison) for key in cited_keys(cell)}
        together += [(source, each.title) for source in each.sources if source.key in cited]
    first_said: dict[str, tuple[object, str]] = {}
    for source, title in together:
        known, elsewhere = first_said.setdefault(source.key, (source, title))
        if known != source:
            here = any(each.key == source.key for each in of.sources)
            part = f"source-{source.key}" if here else "sources"
            yield error(at(part), "two_sources", source.key, elsewhere, title)
