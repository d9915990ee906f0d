"""What stands against publishing a page: errors, which block it, and warnings, which tell.

A figure is a digit, a written fraction ("half", "two thirds", "one in five") or "percent", except
911, the clinic's phone number, and digits inside a name ("COVID-19", "T12"). It needs a source in
its own sentence, list item, key point or table row, or, in a care card, below the card.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from markdown_it.token import Token
from phonenumber_field.phonenumber import PhoneNumber

from clinic_site.markdown import CARE_LEVELS, cited_keys, parse, pictures_in
from clinic_site.models import Clinic
from conditions.document import ConditionDocument, PageDocument, Section
from conditions.models import validate_picture_source
from conditions.readability import flatten, section_grade, sentences
from conditions.rendering import CARD_LEVELS, end_of_card

HIGHEST_GRADE = 8

_CITATION = re.compile(r"\[\^[^\]]*\]")
_PARTS = "third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|hundredth|thousandth"
_NUMBER = (
    "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty"
    "|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million)"
)
_FIGURE = re.compile(
    r"\d[\d.,]*(?<=\d)%?|[¼-¾⅐-⅞]|\bhal(?:f|ves)\b"
    rf"|\b(?:{_PARTS})s\b|\b(?:an?|one|two|three|every)[ -](?:{_PARTS})\b"
    rf"|\b{_NUMBER}(?: \w+)?[ -](?:in|out of)[ -](?:(?:every|each|an?)[ -])?{_NUMBER}\b"
    rf"|\b(?!one ){_NUMBER} of (?:every )?{_NUMBER}\b"
    r"|\bper ?(?:cent|hundred|thousand|million)\b",
    re.IGNORECASE,
)
# Digits that belong to a name: COVID-19, SARS-CoV-2, T12, T11-12, L4/5, H1N1, type 2 diabetes.
_NAME = r"\b(?:[A-Z]+(?:-[A-Z]\w*)*-|[A-Z]+)\d+(?:[A-Z]\d*)*(?:[-–/]\d+)?\b|\b[Tt]ype [12](?= diab)"
_SAFE_LINK = re.compile(r"/(?![/\\])|#|https://[^/]|tel:|mailto:", re.IGNORECASE)
_UNREAD_LINK = re.compile(r"\]\(\s*<?([^)\s>]*)")
_FENCE = re.compile(r"^\s*:{3,}(.*)$", re.MULTILINE)
_HTML = re.compile(r"</?[a-z][a-z0-9-]*(?:\s[^<>]*)?/?>|<[!?]", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"\S*\.(?:png|jpe?g|gif|webp|svg|heic|avif|tiff?)|(?:img|dsc|image|photo|picture)[-_ ]?\d*",
    re.IGNORECASE,
)
_MESSAGES = {
    "cannot_cite": gettext_noop(
        "“%s” is a figure, which needs a source. Say it in a section's text."
    ),
    "no_source": gettext_noop("“%s” has no source. Cite one, as [^key], in: %s"),
    "no_alt": gettext_noop("Say in a sentence what it shows, for people who cannot see it."),
    "no_key_points": gettext_noop("There are none. Say in three to six lines what matters most."),
    "no_emergency": gettext_noop("The page has no such section. Add one: when to call 911."),
    "empty_emergency": gettext_noop("List when to call 911: a line for each sign, “- ” before it."),
    "second": gettext_noop("Another section has its kind. Join the two, or choose another kind."),
    "no_text": gettext_noop("There is no text. Write some, or remove the section."),
    "hard": gettext_noop("It reads at school grade %.1f; the most is %d. Shorten %s."),
    "unknown_key": gettext_noop("[^%s] is not among the sources. Add it, or correct the key."),
    "heading": gettext_noop("Headings inside a text start with ### or ####, not with %s."),
    "link": gettext_noop("The link to “%s” is not safe. Use /…, #…, https:, tel: or mailto:."),
    "html": gettext_noop("“%s” is HTML, which patients would see as typed. Remove it."),
    "level": gettext_noop("“%s” is not a level of care. Use one of: %s."),
    "fence": gettext_noop(
        "“%s” stands where it cannot. Open each care card, then close it with :::"
    ),
    "unclosed": gettext_noop("The care card “%s” is not closed. Put ::: on a line below it."),
    "colon": gettext_noop("The care card's heading “%s” must end in a colon."),
    "twice": gettext_noop("“%s” is defined twice. Keep one of them."),
    "uncited": gettext_noop("“%s” is never cited. Cite it as [^key], or remove it."),
    "address": gettext_noop("The address of “%s” is not safe. Use one that starts with https:."),
}


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, and what to do; `level` is "error" or "warning"."""

    level: str
    where: str
    message: str


class _Unit(NamedTuple):
    """What one source can stand for: a sentence, a list item (as a whole), a table row."""

    text: str
    is_item: bool
    cited_below: bool


def _error(where: str, name: str, *values: object) -> Finding:
    return Finding("error", where, _(_MESSAGES[name]) % values)


def _warning(where: str, name: str, *values: object) -> Finding:
    return Finding("warning", where, _(_MESSAGES[name]) % values)


def check(document: PageDocument, phone: str | None = None) -> list[Finding]:
    """Return all that the checks find in a page, in the page's order.

    `phone` is the clinic's number, which is no figure; without it, the number that it ships with.
    """
    exempt = _exempt(PhoneNumber.from_string(str(phone or Clinic().phone)))
    found = [*_check_opening(document, exempt), *_check_key_points(document, exempt)]
    if isinstance(document, ConditionDocument):
        found += _check_emergency(document)
    known = {source.key for source in document.sources}
    kinds = set()
    for section in document.sections:
        if section.kind in kinds:
            found.append(_error(section.heading or section.kind, "second"))
        kinds.add(section.kind)
        found += _check_section(section, known, exempt)
    return [*found, *_check_sources(document)]


def _exempt(phone: PhoneNumber) -> re.Pattern[str]:
    """Return a pattern of digits that are no figures."""
    digits = r"[\s().\-\u2010-\u2013]*".join(str(phone.national_number))
    extension = rf"(?:[,;\s]*(?:ext?\.?|x)[\s=]*{phone.extension})?" if phone.extension else ""
    number = rf"(?:\+?{phone.country_code}[\s.(-]*)?{digits}{extension}"
    return re.compile(rf"(?<![\d.,])(?:{number}|911)(?![\d%]|[.,]\d)|{_NAME}")


def _figure(text: str, exempt: re.Pattern[str]) -> str:
    """Return the first figure of a text, or ""."""
    found = _FIGURE.search(exempt.sub(" ", _CITATION.sub("", text)))
    return found[0] if found else ""


def _beginning(text: str) -> str:
    words = _CITATION.sub("", text).split()
    return " ".join(words[:7]) + ("…" if len(words) > 7 else "")


def _cannot_cite(where: str, text: str, exempt: re.Pattern[str]) -> Iterator[Finding]:
    if figure := _figure(text, exempt):
        yield _error(where, "cannot_cite", figure)


def _needs_source(where: str, text: str, exempt: re.Pattern[str]) -> Iterator[Finding]:
    if not _CITATION.search(text):
        for sentence in sentences(text):
            if figure := _figure(sentence, exempt):
                yield _error(where, "no_source", figure, _beginning(sentence))


def _says_nothing(alt: str) -> bool:
    return not alt.strip() or _FILE_NAME.fullmatch(alt.strip()) is not None


def _check_opening(document: PageDocument, exempt: re.Pattern[str]) -> Iterator[Finding]:
    yield from _cannot_cite(_("Title"), f"{document.title} {document.name}", exempt)
    yield from _cannot_cite(_("Summary"), document.summary, exempt)
    if document.picture is not None:
        if _says_nothing(document.picture.alt):
            yield _error(_("Picture"), "no_alt")
        yield from _cannot_cite(_("Picture"), document.picture.caption, exempt)


def _check_key_points(document: PageDocument, exempt: re.Pattern[str]) -> Iterator[Finding]:
    where = _("Key points")
    if isinstance(document, ConditionDocument) and not document.key_points:
        yield _warning(where, "no_key_points")
    known = {source.key for source in document.sources}
    for point in document.key_points:
        yield from _needs_source(where, " ".join(map(_line, parse(point))), exempt)
        yield from _check_markdown(where, point, known)


def _check_emergency(document: ConditionDocument) -> Iterator[Finding]:
    cards = [section for section in document.sections if section.kind == "emergency"]
    if not cards:
        yield _error(_("Emergency"), "no_emergency")
    for card in cards:
        if not any(unit.is_item and unit.text.strip() for unit in _units(card)):
            yield _error(card.heading or card.kind, "empty_emergency")


def _check_section(section: Section, known: set[str], exempt: re.Pattern[str]) -> Iterator[Finding]:
    where = section.heading or section.kind
    if section.kind not in CARD_LEVELS:
        yield from _cannot_cite(where, section.heading, exempt)
    for unit in _units(section):
        if not unit.cited_below:
            yield from _needs_source(where, unit.text, exempt)
    yield from _check_markdown(where, section.body, known)
    yield from _check_care_cards(where, section)
    flat = flatten(section.body)
    grade = section_grade(section) or 0
    if not flat:
        yield _warning(where, "no_text")
    elif round(grade, 1) > HIGHEST_GRADE:
        longest = sorted(flat, key=len, reverse=True)[:2]
        text = ", ".join(f"“{_beginning(' '.join(words))}”" for words in longest)
        yield _warning(where, "hard", grade, HIGHEST_GRADE, text)


def _line(token: Token) -> str:
    """Return a block token's words, its citations as [^key], without other markup."""
    parts = []
    for child in token.children or []:
        if child.type == "image":
            continue
        if child.type == "citation":
            parts.append(f"[^{child.meta['key']}]")
        else:
            parts.append(child.content.replace("[^", "") or " " * child.type.endswith("break"))
    return "".join(parts)


def _units(section: Section) -> Iterator[_Unit]:
    tokens = parse(section.body)
    cited = [i for i, token in enumerate(tokens) if _CITATION.search(_line(token))]
    last_cited = max(cited, default=-1)
    card_end = -1
    if section.kind in CARD_LEVELS:
        card_end = end_of_card(tokens) - 1
        yield _Unit(_CITATION.sub("", section.heading), False, last_cited > card_end)
    units: list[list[str]] = []
    for i, token in enumerate(tokens):
        if token.type.startswith("container_") and token.nesting == 1:
            closes = token.type.replace("open", "close")
            end = next(j for j in range(i, len(tokens)) if tokens[j].type == closes)
            card_end = max(card_end, end)
            yield _Unit(_CITATION.sub("", token.info), False, last_cited > card_end)
        elif token.type in {"list_item_open", "tr_open"}:
            units.append([])
        elif token.type in {"list_item_close", "tr_close"}:
            is_item = token.type == "list_item_close"
            text = " ".join(units.pop())
            for part in sentences(text) if is_item else [text]:
                yield _Unit(part, is_item, i <= card_end < last_cited)
        elif token.type == "inline" and units:
            units[-1].append(_line(token))
        elif token.type == "inline":
            yield from (_Unit(sentence, False, False) for sentence in sentences(_line(token)))


def _check_markdown(where: str, text: str, known: set[str]) -> Iterator[Finding]:
    for key in dict.fromkeys(cited_keys(text)):
        if key not in known:
            yield _error(where, "unknown_key", key)
    for token in parse(text):
        if token.type == "heading_open" and token.tag not in {"h3", "h4"}:
            yield _error(where, "heading", token.markup)
        addresses = []
        for child in token.children or []:
            if child.type == "link_open":
                addresses.append(str(child.attrs["href"]))
            elif child.type == "text":  # what the parser took for no link at all is shown as typed
                addresses += [f" {address}" for address in _UNREAD_LINK.findall(child.content)]
        for address in addresses:
            if not _SAFE_LINK.match(address):
                yield _error(where, "link", address.strip())
    for source, alt in pictures_in(text):
        try:
            validate_picture_source(source)
        except ValidationError as error:
            yield Finding("error", where, " ".join(error.messages))
        if _says_nothing(alt):
            yield _error(where, "no_alt")
    if html := _HTML.search(text):
        yield _error(where, "html", html[0])


def _check_care_cards(where: str, section: Section) -> Iterator[Finding]:
    headings = [section.heading] if section.kind in CARD_LEVELS else []
    is_open = False
    for fence in _FENCE.findall(section.body):
        level, _space, heading = fence.strip().partition(" ")
        if level and level not in CARE_LEVELS:
            yield _error(where, "level", level, ", ".join(CARE_LEVELS))
        if is_open == bool(level):
            yield _error(where, "fence", f":::{fence}")
        is_open = bool(level)
        headings += [heading] if level else []
    if is_open:
        yield _error(where, "unclosed", headings[-1])
    for heading in headings:
        if not heading.rstrip().endswith(":"):
            yield _error(where, "colon", heading)


def _check_sources(document: PageDocument) -> Iterator[Finding]:
    where = _("Sources")
    texts = [*document.key_points, *(section.body for section in document.sections)]
    cited = {key for text in texts for key in cited_keys(text)}
    for key, times in Counter(source.key for source in document.sources).items():
        if times > 1:
            yield _error(where, "twice", key)
        if key not in cited:
            yield _warning(where, "uncited", key)
    for source in document.sources:
        if source.url and not _SAFE_LINK.match(source.url):
            yield _error(where, "address", source.key)
