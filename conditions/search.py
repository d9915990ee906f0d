"""Search over published pages and active physicians, ranked and stemmed; logs no query."""

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from clinic_site.clinic import Remembered, active_physicians
from clinic_site.models import SiteVersion
from clinic_site.plain import plain
from clinic_site.text import all_spellings, folded_words, plain_text, spellings
from conditions.content.document import ConditionDocument, PageDocument
from conditions.rendering import page_text

# Words that say nothing about a page; those that PostgreSQL's English leaves out are among them.
_COMMON = re.compile(
    "a|about|above|after|again|against|all|am|an|and|any|are|as|at|be|because"
    "|been|before|being|below|between|both|but|by|can|cant|could|did|do|does|doing|don"
    "|dont|down|during|each|few|for|from|further|get|got|had|has|have|having|he|her|here"
    "|hers|herself|him|himself|his|how|i|if|im|in|into|is|it|its|itself|just|me"
    "|more|most|my|myself|no|nor|not|now|of|off|on|once|only|or|other|our|ours"
    "|ourselves|out|over|own|s|same|she|should|so|some|such|t|than|that|the"
    "|their|theirs|them|themselves|then|there|these|they|this|those|through|to|too"
    "|under|until|up|very|was|we|were|what|when|where|which|while|who|whom|why"
    "|will|with|would|you|your|yours|yourself|yourselves"
)
# Signs on no page of ours, and those that take two words to tell.
_EMERGENCY = re.compile(
    r"\b(911|9-1-1|emergenc(y|ies)|ambulances?|heart attacks?|strokes?|suicid(e|al)|kill myself"
    "|unconscious|unresponsive|faint(s|ed|ing)?|pass(ed|ing)? out|seizures?|overdosed?|chok(ed|ing)"
    r"|(cant|cannot|can not|unable to) (walk|move|feel|breathe))\b"
)
# What no page tells, in the forms that people type.
_MONEY = re.compile(
    "(un|pre|co-?)?(afford|authoriz|bill|cash|charg|cost|cover|deductible|dollar|expens|fee|insur|medicaid"
    "|medicare|money|paid|pay|pocket|pric|referr?)"
    "(s|e|es|ed|er|ers|ing|al|als|able|age|ance|ation|ations|ive|ment|ments)?"
)

_FOUND = {
    "sqlite": """
        SELECT rowid AS page_id, rank AS score,
            rowid IN (SELECT rowid FROM conditions_search WHERE title MATCH %(query)s) AS in_title
        FROM conditions_search WHERE conditions_search MATCH %(query)s""",
    "postgresql": """
        SELECT rowid AS page_id, -ts_rank(words, query, 1) AS score,
            to_tsvector('english', title) @@ query AS in_title
        FROM conditions_search, to_tsquery('english', %(query)s) query WHERE words @@ query""",
}
# In the order of the alphabet, conditions stand before treatments.
_BEST = """
    WITH found AS ({found}), best AS (
        SELECT in_title, found.page_id, page.kind, page.slug, live.title, live.summary,
            ROW_NUMBER() OVER (
                PARTITION BY page.kind
                ORDER BY in_title DESC, score, live.title
            ) AS place
        FROM found JOIN conditions_page page ON page.id = found.page_id
        JOIN conditions_revision live ON live.id = page.live_id
    )
    SELECT in_title, best.title, kind, best.slug, best.summary, original
    FROM best JOIN conditions_search ON conditions_search.rowid = best.page_id
    WHERE place <= %(most)s ORDER BY in_title DESC, kind, place"""
_IS_EMERGENCY = {
    "sqlite": "emergency MATCH %(query)s",
    "postgresql": "emergency_words @@ to_tsquery('english', %(query)s)",
}
_EMERGENCIES = """
    SELECT live.title, page.slug FROM conditions_search
    JOIN conditions_page page ON page.id = conditions_search.rowid
    JOIN conditions_revision live ON live.id = page.live_id
    WHERE {is_emergency} ORDER BY live.title LIMIT %(most)s"""

# Words as they stand in a text, in any script, with what may stand inside one.
_LETTER = r"[^\s!-/:-@\[-`{-~\u00a1-\u00bf\u2000-\u200b\u2010-\u206f\u3000-\u303f\uff00-\uff0f]"
_TOKEN = re.compile(rf"({_LETTER}+(?:[-.'\u00ad\u200b\u2010-\u2013\u2019]{_LETTER}+)*)")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\bDr\.)(?<!\b[A-Z]\.)\s+|(?<=[。！？।])|\n+")
# Near enough to the databases' stems for marks, and for physicians, who are in no index.
_ENDING = re.compile(r"(?<=.{3})(?:ies|ing|ness|ed|es|(?<!s)s|y|e)$")


# Tells which words of a query a word of a text stands for.
Matcher = Callable[[str], frozenset[str]]


@dataclass(frozen=True)
class Result:
    """One page that was found; its passage is HTML with `<mark>` around what matched."""

    in_title: bool
    title: str
    kind: str  # condition, treatment or physician
    address: str
    passage: SafeString


def index_page(page_id: int, document: PageDocument | None) -> None:
    """Have the search find a page by its live `document`; by nothing where that is None."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM conditions_search WHERE rowid = %s", [page_id])
        if document is None:
            return
        text = page_text(document)
        title, body = all_spellings(document.title), all_spellings(text)
        # "compressi" begins "compression", but not its stem, "compress". A word that ends in a
        # digit has none.
        whole = " ".join(f"{word}0" for word in sorted({*title.split(), *body.split()}))
        emergency = document.emergency_words if isinstance(document, ConditionDocument) else ()
        cursor.execute(
            "INSERT INTO conditions_search (rowid, title, body, whole, emergency, original)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [page_id, title, body, whole, all_spellings(" ".join(emergency)), text],
        )


def clean_query(query: str) -> str:
    """Return what was typed, on one line of at most SEARCH_CHARACTERS plain ones."""
    return " ".join(plain_text(query).split())[: settings.SEARCH_CHARACTERS].strip()


def search(query: str) -> list[Result]:
    """Return what was found, title matches first; at most 2 queries."""
    words = _telling_words(query)
    if not words:
        return []
    which = _matcher(words)
    best = _BEST.format(found=_FOUND[connection.vendor])
    rows = _rows(best, words, " AND ", settings.SEARCH_RESULTS)
    found = []
    for in_title, title, kind, slug, summary, text in rows:
        passage = _passage(text, summary, words, which)
        found.append(Result(in_title, title, kind, reverse(kind, args=[slug]), passage))
    return sorted([*found, *_physicians(words, which)], key=lambda result: not result.in_title)


def near(query: str) -> tuple[str, list[Result]]:
    """Return a query whose unknown words are those of the pages that are spelt most like them, and
    what is found for it; "" and nothing where that is nothing.
    """
    here, words = _words_here(SiteVersion.newest()), _telling_words(query)
    read = [_nearest(word, here) if _is_unknown(word, here) else word for word in words]
    found = search(" ".join(read)) if read != words else []
    return (" ".join(read), found) if found else ("", [])


def _is_unknown(word: str, here: frozenset[str]) -> bool:
    """Whether a word, in each of its spellings, is none of those that stand on a page."""
    return not any(here.issuperset(each.split()) for each in spellings(word))


def _nearest(word: str, those: Iterable[str]) -> str:
    """Return the word of `those` that is spelt most like an unknown one, or that one itself.

    >>> _nearest("weekness", ["numb", "weakness"]), _nearest("heart", ["hear"])
    ('weakness', 'heart')
    """
    # Not "hear" for "heart": a word that only lacks its end is another one.
    near = [each for each in those if each[0] == word[0] and not word.startswith(each)]
    found = get_close_matches(word, near, 1, settings.SEARCH_NEARNESS)
    return found[0] if found else word


@functools.lru_cache(maxsize=1)
def _words_here(_version: UUID | None) -> frozenset[str]:
    """Return the words that stand in this version of the pages, and the names of physicians."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT whole FROM conditions_search")
        pages = cursor.fetchall()
    whole = {word.removesuffix("0") for (words,) in pages for word in words.split()}
    names = {word for who in active_physicians() for word in all_spellings(who.name).split()}
    every = whole | _read_emergency_words() | names
    return frozenset(word for word in every if not _COMMON.fullmatch(word))


def _read_emergency_words() -> frozenset[str]:
    """Return each word that means an emergency on a page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT emergency FROM conditions_search")
        return frozenset(word for (words,) in cursor.fetchall() for word in words.split())


emergency_words = Remembered(_read_emergency_words, default=frozenset[str])


def says_emergency(query: str) -> bool:
    """Whether a query tells of an emergency, whatever the pages are about.

    >>> says_emergency("Heart attack?"), says_emergency("I can't walk"), says_emergency("heart")
    (True, True, False)
    """
    return bool(_EMERGENCY.search(" ".join(folded_words(query))))


def emergencies(query: str) -> list[tuple[str, str]]:
    """Return title and address of pages for which a word of the query means an emergency, or one
    that is spelt nearly like it.
    """
    typed, known = _telling_words(query), emergency_words()
    long = [word for word in known if len(word) >= settings.SEARCH_NEAR_LETTERS]
    meant = {
        word: _nearest(word, long)
        for word in typed
        if word not in known and not _MONEY.fullmatch(word)
    }
    slips = [word for word in meant if meant[word] != word]
    if slips:  # seldom, as the list of all words is long
        here = _words_here(SiteVersion.newest())
        slips = [word for word in slips if _is_unknown(word, here)]
    words = [*({meant[word] for word in slips} - {*typed}), *typed]
    sql = _EMERGENCIES.format(is_emergency=_IS_EMERGENCY[connection.vendor])
    found = _rows(sql, words, " OR ", settings.SEARCH_EMERGENCIES) if words else []
    return [(title, reverse("condition", args=[slug])) for title, slug in found]


def is_about_money(query: str) -> bool:
    """Whether a query asks for what no page tells: insurance, cost, a referral.

    >>> is_about_money("Medicare?"), is_about_money("how much it costs"), is_about_money("bone")
    (True, True, False)
    """
    return any(map(_MONEY.fullmatch, folded_words(query)))


def _telling_words(query: str) -> list[str]:
    words = folded_words(clean_query(query))
    telling = dict.fromkeys(each for each in words if not _COMMON.fullmatch(each))
    return list(telling)[: settings.SEARCH_WORDS]


def _rows(sql: str, words: list[str], glue: str, most: int) -> list[Any]:
    """Return what `sql` finds for words as they were typed; the last may be a beginning."""

    def term(word: str) -> str:
        star = "*" if word == words[-1] and len(word) > 2 else ""
        return "(" + " OR ".join(f'"{each}"{star}' for each in spellings(word)) + ")"

    query = glue.join(map(term, words))
    if connection.vendor == "postgresql":
        for old, new in {'"*': "':*", '"': "'", " AND ": " & ", " OR ": " | "}.items():
            query = query.replace(old, new)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"query": query, "most": most})
        return cursor.fetchall()


def _physicians(words: list[str], which: Matcher) -> list[Result]:
    sought, found = set(words), []
    for who in active_physicians():
        facts = (who.title, who.specialty, who.certifications, who.interests)
        text = "\n".join((*facts, plain(who.bio)))
        in_name = {word for token in _TOKEN.findall(who.name) for word in which(token)}
        if in_name.union(*map(which, _TOKEN.findall(text))) >= sought:
            passage = _passage(text, who.specialty, words, which)
            address = who.get_absolute_url()
            found.append(Result(in_name >= sought, who.name, "physician", address, passage))
    return found[: settings.SEARCH_RESULTS]


def _matcher(words: list[str]) -> Matcher:
    """Return what tells for which of `words`, folded, a word of a text stands.

    It does where it is another form of the word, or begins with it (of three letters and more).

    >>> which = _matcher(["bone", "weight-bearing", "mr"])
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
    begins = len(word) > 2 and form.startswith(word)
    return begins or _ENDING.sub("", form) == _ENDING.sub("", word)


def _passage(text: str, otherwise: str, words: list[str], which: Matcher) -> SafeString:
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
    shown = _widened(text, start, end) if end else otherwise
    pieces = [
        format_html("<mark>{}</mark>", piece) if place % 2 and which(piece) else piece
        for place, piece in enumerate(_TOKEN.split(shown))  # between any two words, what parts them
    ]
    return format_html_join("", "{}", ((piece,) for piece in pieces))


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
    line = end + len(text[end:].partition("\n")[0])
    stops = [*(match.start() for match in _SENTENCE_END.finditer(text, end, line)), line]
    fitting = [stop for stop in stops if len(before) + stop - start <= most]
    found = before + text[start : max(fitting, default=stops[0])].replace("\n", " · ")
    if len(found) > most:
        found = (found[:most].rpartition(" ")[0] or found[:most]) + " …"
    return found
