"""The part of a text that shows why it was found, with the words marked."""

import functools
import re
from collections.abc import Callable

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from clinic_site.text import all_spellings

# Words as they stand in a text, in any script, with what may stand inside one.
_LETTER = r"[^\s!-/:-@\[-`{-~\u00a1-\u00bf\u2000-\u200b\u2010-\u206f\u3000-\u303f\uff00-\uff0f]"
_TOKEN = re.compile(rf"{_LETTER}+(?:[-.'\u00ad\u200b\u2010-\u2013\u2019]{_LETTER}+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\bDr\.)(?<!\b[A-Z]\.)\s+|(?<=[。！？।])|\n+")
# Near enough to the databases' stems for marks, and for physicians, who are in no index.
_ENDING = re.compile(r"(?<=.{3})(?:ies|ing|ness|ed|es|(?<!s)s|y|e)$")

# Tells which words of a query a word of a text stands for.
Matcher = Callable[[str], frozenset[str]]


def matcher(words: list[str]) -> Matcher:
    """Return what tells for which of `words`, folded, a word of a text stands.

    It does where it is another form of the word, or begins with it (of three letters and more).

    >>> which = matcher(["bone", "weight-bearing", "mr"])
    >>> [sorted(which(token)) for token in ("Bones", "weightbearing", "MRI", "MR")]
    [['bone'], ['weight-bearing'], [], ['mr']]
    """
    parts = [(part, word) for word in words for part in all_spellings(word).split()]

    @functools.cache
    def which(token: str) -> frozenset[str]:
        forms = all_spellings(token).split()
        return frozenset(word for part, word in parts if any(_like(form, part) for form in forms))

    return which


def _like(form: str, word: str) -> bool:
    if len(word) > 2 and form.startswith(word):
        return True
    return _ENDING.sub("", form) == _ENDING.sub("", word)


def words_found(text: str, which: Matcher) -> set[str]:
    """Return the words of a query that a text holds."""
    return {word for match in _TOKEN.finditer(text) for word in which(match[0])}


def passage(text: str, otherwise: str, words: list[str], which: Matcher) -> SafeString:
    """Return the part of `text` with the most of the words, or `otherwise`: marked, escaped. Of
    equal ones it is the first, and rather one sentence than two.
    """
    best, start, end = (0, False), 0, 0
    near: list[tuple[int, int, frozenset[str]]] = []  # what was found last
    for match in _TOKEN.finditer(text):
        if not (found := which(match[0])):
            continue
        near.append((*match.span(), found))
        while len(near) > 1 and (
            match.end() - near[0][0] > settings.SEARCH_PASSAGE or near[0][2] <= _words_in(near[1:])
        ):
            del near[0]
        key = len(_words_in(near)), not _SENTENCE_END.search(text, near[0][0], match.end())
        if key > best:
            best, start, end = key, near[0][0], match.end()
        if best == (len(words), True):
            break
    if end:
        otherwise = _widened(text, start, end)
    parts: list[str] = []
    at = 0
    for match in _TOKEN.finditer(otherwise):
        if which(match[0]):
            parts += [otherwise[at : match.start()], format_html("<mark>{}</mark>", match[0])]
            at = match.end()
    return format_html_join("", "{}", ((part,) for part in [*parts, otherwise[at:]]))


def _words_in(hits: list[tuple[int, int, frozenset[str]]]) -> frozenset[str]:
    return frozenset().union(*(found for _start, _end, found in hits))


def _widened(text: str, start: int, end: int) -> str:
    """Return text[start:end] from where its sentence begins, and on to where one ends."""
    most = settings.SEARCH_PASSAGE
    room = max(most - (end - start), 0) // 2
    near = max(start - most, 0)
    begin = max((match.end() for match in _SENTENCE_END.finditer(text, near, start)), default=near)
    before = text[begin:start]
    if len(before) > room:
        before = "… " + before[len(before) - room :].partition(" ")[2]
    line = text.find("\n", end) if "\n" in text[end:] else len(text)
    stops = [*(match.start() for match in _SENTENCE_END.finditer(text, end, line)), line]
    fitting = [stop for stop in stops if len(before) + stop - start <= most]
    found = before + text[start : max(fitting, default=stops[0])].replace("\n", " · ")
    if len(found) > most:
        found = (found[:most].rpartition(" ")[0] or found[:most]) + " …"
    return found
