"""Figures in a text, each of which needs a source in its own sentence, item, point or table row."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from markdown_it.token import Token
from phonenumber_field.phonenumber import PhoneNumber

from clinic_site.markdown import CARE_LEVELS, parse
from conditions.content.document import Section
from conditions.content.findings import Finding, Place, error
from conditions.content.readability import sentences
from conditions.rendering import CARD_LEVELS, end_of_card

CITATION = re.compile(r"\[\^[^\]]*\]")
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
_WORDS = "two three four five six seven eight nine ten twelve twenty fifty hundred thousand million"
_DIGITS = "2 3 4 5 6 7 8 9 10 12 20 50 100 1000 1000000"
_SPELLED = dict(zip(_WORDS.split(), _DIGITS.split(), strict=True))
_COUNT = rf"\d[\d.,]*(?<=\d)|{'|'.join(_SPELLED)}"
_PEOPLE = "people|persons?|patients?|adults?|women|men|bones?|vertebrae"
_NO_PEOPLE = "points?|minutes|hours|days|weeks|months|years|trials|studies"
# "44 in 100", "one out of every ten", "57 of 95 people", "5%"; "3.6 of 10" is a scale.
_COUNTED = re.compile(
    rf"\b(?:one|{_COUNT})(?: (?:{_PEOPLE}))?[ -](?:in|out of)[ -](?:(?:every|each|an?|one)[ -])?"
    rf"(?!(?:1[89]|20)\d\d\b)({_COUNT})\b(?! (?:{_NO_PEOPLE})\b)"
    rf"|\b(?:one|{_COUNT}) of (?:the )?({_COUNT}) (?:\w+ )?(?:{_PEOPLE})\b"
    r"|\b\d[\d.,]* ?(?:%|per ?cent\b)",
    re.IGNORECASE,
)
# Digits that belong to a name: COVID-19, SARS-CoV-2, T12, T11-12, L4/5, H1N1, type 2 diabetes.
_NAME = r"\b(?:[A-Z]+(?:-[A-Z]\w*)*-|[A-Z]+)\d+(?:[A-Z]\d*)*(?:[-–/]\d+)?\b|\b[Tt]ype [12](?= diab)"


Exempt = re.Pattern[str]  # of digits that are no figures


class Unit(NamedTuple):
    """What one source can stand for: a sentence, a list item (as a whole), a table row."""

    text: str
    is_item: bool
    cited_below: bool


def exempt_digits(phone: PhoneNumber) -> Exempt:
    """Return what finds the digits of the clinic's phone, of 911, and of names."""
    digits = r"[\s().\-\u2010-\u2013]*".join(str(phone.national_number))
    extension = rf"(?:[,;\s]*(?:ext?\.?|x)[\s=]*{phone.extension})?" if phone.extension else ""
    number = rf"(?:\+?{phone.country_code}[\s.(-]*)?{digits}{extension}"
    return re.compile(rf"(?<![\d.,])(?:{number}|911)(?![\d%]|[.,]\d)|{_NAME}")


def _figure(text: str, exempt: Exempt) -> str:
    found = _FIGURE.search(exempt.sub(" ", CITATION.sub("", text)))
    return found[0] if found else ""


def counted(text: str) -> Iterator[tuple[str, str]]:
    """Return each figure that counts people: the number out of which, in digits, and its words."""
    for figure in _COUNTED.finditer(text):
        said = (figure[1] or figure[2] or "hundred").lower()
        yield _SPELLED.get(said, said.replace(",", "")), figure[0]


def beginning(text: str) -> str:
    """Return the first words of a text, to name it by."""
    words = CITATION.sub("", text).split()
    return " ".join(words[:7]) + ("…" if len(words) > 7 else "")


def cannot_cite(place: Place, text: str, exempt: Exempt) -> Iterator[Finding]:
    """Find a figure in a text that has no place for a source; `exempt` digits are none."""
    if figure := _figure(text, exempt):
        yield error(place, "cannot_cite", figure)


def needs_source(place: Place, text: str, exempt: Exempt) -> Iterator[Finding]:
    """Find each figure of a text that cites nothing; `exempt` digits are none."""
    if not CITATION.search(text):
        for sentence in sentences(text):
            if figure := _figure(sentence, exempt):
                yield error(place, "no_source", figure, beginning(sentence))


def line_of(token: Token) -> str:
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


def end_of_block(tokens: list[Token], start: int) -> int:
    """Return the index of the token that closes the block opened at `start`."""
    return next(
        i
        for i in range(start, len(tokens))
        if tokens[i].type == "container_close" and tokens[i].level == tokens[start].level
    )


def units_of(section: Section) -> Iterator[Unit]:
    """Return the parts of a section, each of which needs a source of its own for its figures."""
    tokens = parse(section.body)
    cited = [i for i, token in enumerate(tokens) if CITATION.search(line_of(token))]
    last_cited = max(cited, default=-1)
    card_end = -1
    if section.kind in CARD_LEVELS:
        card_end = end_of_card(tokens) - 1
        yield Unit(CITATION.sub("", section.heading), False, last_cited > card_end)
    units: list[list[str]] = []
    for i, token in enumerate(tokens):
        if token.type == "container_open" and token.meta["name"] in CARE_LEVELS:
            card_end = max(card_end, end_of_block(tokens, i))
            yield Unit(CITATION.sub("", token.info), False, last_cited > card_end)
        elif token.type in {"list_item_open", "tr_open"}:
            units.append([])
        elif token.type in {"list_item_close", "tr_close"}:
            is_item = token.type == "list_item_close"
            text = " ".join(units.pop())
            for part in sentences(text) if is_item else [text]:
                yield Unit(part, is_item, i <= card_end < last_cited)
        elif token.type == "inline" and units:
            units[-1].append(line_of(token))
        elif token.type == "inline":
            yield from (Unit(sentence, False, False) for sentence in sentences(line_of(token)))
