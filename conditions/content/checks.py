"""What stands against publishing a page: errors, which block it, and warnings, which tell."""

import re
from collections import Counter
from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from markdown_it.token import Token
from phonenumber_field.phonenumber import PhoneNumber

from clinic_site.markdown import BLOCKS, cited_keys, parse, pictures_in
from clinic_site.markdown_blocks import stray_fences
from clinic_site.models import Clinic
from conditions.content.document import ConditionDocument, PageDocument, Section
from conditions.content.figures import (
    CITATION,
    beginning,
    cannot_cite,
    end_of_block,
    exempt_digits,
    line_of,
    needs_source,
    units_of,
)
from conditions.content.findings import Finding, error, warning
from conditions.content.readability import flatten, section_grade
from conditions.models import validate_picture_source
from conditions.rendering.page import CARD_LEVELS

_SAFE_LINK = re.compile(r"/(?![/\\])|#|https://[^/]|tel:|mailto:", re.IGNORECASE)
_UNREAD_LINK = re.compile(r"\]\(\s*<?([^)\s>]*)")
_HTML = re.compile(r"</?[a-z][a-z0-9-]*(?:\s[^<>]*)?/?>|<[!?]", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"\S*\.(?:png|jpe?g|gif|webp|svg|heic|avif|tiff?)|(?:img|dsc|image|photo|picture)[-_ ]?\d*",
    re.IGNORECASE,
)


def check(document: PageDocument, phone: str | None = None) -> list[Finding]:
    """Return all that the checks find in a page, in the page's order.

    `phone` is the clinic's number, which is no figure; without it, the number that it ships with.
    """
    exempt = exempt_digits(PhoneNumber.from_string(str(phone or Clinic().phone)))
    found = [*_check_opening(document, exempt), *_check_key_points(document, exempt)]
    if isinstance(document, ConditionDocument):
        found += _check_emergency(document)
    known = {source.key for source in document.sources}
    kinds = set()
    for section in document.sections:
        if section.kind in kinds:
            found.append(error(section.heading or section.kind, "second"))
        kinds.add(section.kind)
        found += _check_section(section, known, exempt)
    return [*found, *_check_sources(document)]


def _says_nothing(alt: str) -> bool:
    return not alt.strip() or _FILE_NAME.fullmatch(alt.strip()) is not None


def _check_opening(document: PageDocument, exempt: re.Pattern[str]) -> Iterator[Finding]:
    yield from cannot_cite(_("Title"), f"{document.title} {document.name}", exempt)
    yield from cannot_cite(_("Summary"), document.summary, exempt)
    if document.picture is not None:
        if _says_nothing(document.picture.alt):
            yield error(_("Picture"), "no_alt")
        yield from cannot_cite(_("Picture"), document.picture.caption, exempt)


def _check_key_points(document: PageDocument, exempt: re.Pattern[str]) -> Iterator[Finding]:
    where = _("Key points")
    if isinstance(document, ConditionDocument) and not document.key_points:
        yield warning(where, "no_key_points", settings.KEY_POINTS)
    if len(document.key_points) > settings.KEY_POINTS:
        yield warning(where, "many_key_points", len(document.key_points), settings.KEY_POINTS)
    known = {source.key for source in document.sources}
    for point in document.key_points:
        yield from needs_source(where, " ".join(map(line_of, parse(point))), exempt)
        yield from _check_markdown(where, point, known)


def _check_emergency(document: ConditionDocument) -> Iterator[Finding]:
    cards = [section for section in document.sections if section.kind == "emergency"]
    if not cards:
        yield error(_("Emergency"), "no_emergency")
    for card in cards:
        if not any(unit.is_item and unit.text.strip() for unit in units_of(card)):
            yield error(card.heading or card.kind, "empty_emergency")


def _check_section(section: Section, known: set[str], exempt: re.Pattern[str]) -> Iterator[Finding]:
    where = section.heading or section.kind
    if section.kind not in CARD_LEVELS:
        yield from cannot_cite(where, section.heading, exempt)
    for unit in units_of(section):
        if not unit.cited_below:
            yield from needs_source(where, unit.text, exempt)
    yield from _check_markdown(where, section.body, known)
    yield from _check_blocks(where, section, exempt)
    flat = flatten(section.body)
    grade = section_grade(section) or 0
    if not flat:
        yield warning(where, "no_text")
    elif round(grade, 1) > settings.READING_GRADE:
        longest = sorted(flat, key=len, reverse=True)[:2]
        text = ", ".join(f"“{beginning(' '.join(words))}”" for words in longest)
        yield warning(where, "hard", grade, settings.READING_GRADE, text)


def _check_markdown(where: str, text: str, known: set[str]) -> Iterator[Finding]:
    for key in dict.fromkeys(cited_keys(text)):
        if key not in known:
            yield error(where, "unknown_key", key)
    for token in parse(text):
        if token.type == "heading_open" and token.tag not in {"h3", "h4"}:
            yield error(where, "heading", token.markup)
        if token.type == "table_open" and not token.meta["has_caption"]:
            yield warning(where, "no_caption")
        addresses = []
        for child in token.children or []:
            if child.type == "link_open":
                addresses.append(str(child.attrs["href"]))
            elif child.type == "text":  # what the parser took for no link at all is shown as typed
                addresses += [f" {address}" for address in _UNREAD_LINK.findall(child.content)]
        for address in addresses:
            if not _SAFE_LINK.match(address):
                yield error(where, "link", address.strip())
    for source, alt in pictures_in(text):
        try:
            validate_picture_source(source)
        except ValidationError as refused:
            yield Finding("error", where, " ".join(refused.messages))
        if _says_nothing(alt):
            yield error(where, "no_alt")
    if html := _HTML.search(text):
        yield error(where, "html", html[0])


def _check_blocks(where: str, section: Section, exempt: re.Pattern[str]) -> Iterator[Finding]:
    cards = [section.heading] if section.kind in CARD_LEVELS else []
    tokens = parse(section.body)
    inside: list[str] = []
    for i, token in enumerate(tokens):
        if token.type == "container_close":
            inside.pop()
        elif token.type == "container_open":
            name, words = token.meta["name"], token.info
            opened = f"::: {name} {words}".strip()
            if inside and (inside[-1], name) != ("fold", "people"):
                yield error(where, "fence", opened)
            if not token.meta["closed"]:
                yield error(where, "unclosed", opened)
            if not words:
                yield error(where, "no_words", opened)
            if CITATION.search(words):
                yield error(where, "words_cite", opened)
            if name == "people":
                yield from _check_people(where, words, tokens[i + 1 : end_of_block(tokens, i)])
            elif name == "fold":
                yield from cannot_cite(where, words, exempt)
            elif words:
                cards.append(words)
            inside.append(name)
        elif token.type == "inline":
            for line, name in stray_fences(token):
                if name and name not in BLOCKS:
                    yield error(where, "block", name, ", ".join(BLOCKS))
                else:
                    yield error(where, "fence", line)
    for heading in cards:
        if not heading.endswith(":"):
            yield error(where, "colon", heading)


def _check_people(where: str, caption: str, tokens: list[Token]) -> Iterator[Finding]:
    types = [token.type for token in tokens]
    parts = {"list_item_open", "people", "paragraph_open", "inline", "paragraph_close"}
    around = [each for each in types if each not in {*parts, "list_item_close"}]
    is_list = around == ["bullet_list_open", "bullet_list_close"]
    if not is_list or types.count("paragraph_open") != types.count("list_item_open"):
        yield error(where, "people", caption)
        return
    for i, token in enumerate(tokens):
        if token.type == "list_item_open" and types[i + 1] != "people":
            yield error(where, "person", beginning(line_of(tokens[i + 2])))


def _check_sources(document: PageDocument) -> Iterator[Finding]:
    where = _("Sources")
    texts = [*document.key_points, *(section.body for section in document.sections)]
    cited = {key for text in texts for key in cited_keys(text)}
    for key, times in Counter(source.key for source in document.sources).items():
        if times > 1:
            yield error(where, "twice", key)
        if key not in cited:
            yield warning(where, "uncited", key)
    for source in document.sources:
        if source.url and not _SAFE_LINK.match(source.url):
            yield error(where, "address", source.key)
