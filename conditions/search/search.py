"""Search over published pages and active physicians, ranked and stemmed; logs no query."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils.safestring import SafeString

from clinic_site.clinic import active_physicians
from clinic_site.plain import plain
from clinic_site.text import all_spellings, folded_words, plain_text, spellings
from conditions.content.document import ConditionDocument, PageDocument
from conditions.rendering.page import page_text
from conditions.search.passages import Matcher, matcher, passage, words_found

# Words that say nothing about a page; those that PostgreSQL's English leaves out are among them.
_COMMON = re.compile(
    "a|about|above|after|again|against|all|am|an|and|any|are|as|at|be|because"
    "|been|before|being|below|between|both|but|by|can|cant|did|do|does|doing|don"
    "|dont|down|during|each|few|for|from|further|had|has|have|having|he|her|here"
    "|hers|herself|him|himself|his|how|i|if|im|in|into|is|it|its|itself|just|me"
    "|more|most|my|myself|no|nor|not|now|of|off|on|once|only|or|other|our|ours"
    "|ourselves|out|over|own|s|same|she|should|so|some|such|t|than|that|the"
    "|their|theirs|them|themselves|then|there|these|they|this|those|through|to|too"
    "|under|until|up|very|was|we|were|what|when|where|which|while|who|whom|why"
    "|will|with|you|your|yours|yourself|yourselves"
)
# What no page tells, in the forms that people type.
_MONEY = re.compile(
    "(un|pre|co-?)?(afford|authoriz|bill|charg|cost|cover|deductible|dollar|expens|fee|insur|medicaid"
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
_BEST = """
    WITH found AS ({found}), best AS (
        SELECT in_title, found.page_id, page.slug, live.title, live.summary,
            page.kind = 'condition' AS is_condition,
            ROW_NUMBER() OVER (
                PARTITION BY page.kind
                ORDER BY in_title DESC, score, live.title
            ) AS place
        FROM found JOIN conditions_page page ON page.id = found.page_id
        JOIN conditions_revision live ON live.id = page.live_id
    )
    SELECT in_title, is_condition, best.slug, best.title, best.summary, original
    FROM best JOIN conditions_search ON conditions_search.rowid = best.page_id
    WHERE place <= %(most)s ORDER BY in_title DESC, is_condition DESC, place"""
_IS_EMERGENCY = {
    "sqlite": "emergency MATCH %(query)s",
    "postgresql": "emergency_words @@ to_tsquery('english', %(query)s)",
}
_EMERGENCIES = """
    SELECT live.title, page.slug FROM conditions_search
    JOIN conditions_page page ON page.id = conditions_search.rowid
    JOIN conditions_revision live ON live.id = page.live_id
    WHERE {is_emergency} ORDER BY live.title LIMIT %(most)s"""


@dataclass(frozen=True)
class Result:
    """One page that was found; its passage is HTML with `<mark>` around what matched."""

    title: str
    address: str
    kind: str  # condition, treatment or physician
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


def _words(query: str) -> list[str]:
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


def search(query: str) -> list[Result]:
    """Return what was found, title matches first; at most 2 queries."""
    words = _words(query)
    if not words:
        return []
    which = matcher(words)
    best = _BEST.format(found=_FOUND[connection.vendor])
    found = []
    rows = _rows(best, words, " AND ", settings.SEARCH_RESULTS)
    for in_title, is_condition, slug, title, summary, text in rows:
        kind = "condition" if is_condition else "treatment"
        link = reverse(kind, args=[slug])
        found.append((in_title, Result(title, link, kind, passage(text, summary, words, which))))
    found += _physicians(words, which)
    return [result for in_title, result in sorted(found, key=lambda each: not each[0])]


def emergencies(query: str) -> list[tuple[str, str]]:
    """Return title and address of pages for which a word of the query means an emergency."""
    words = _words(query)
    sql = _EMERGENCIES.format(is_emergency=_IS_EMERGENCY[connection.vendor])
    found = _rows(sql, words, " OR ", settings.SEARCH_EMERGENCIES) if words else []
    return [(title, reverse("condition", args=[slug])) for title, slug in found]


def is_about_money(query: str) -> bool:
    """Whether a query asks for what no page tells: insurance, cost, a referral.

    >>> is_about_money("Medicare?"), is_about_money("how much it costs"), is_about_money("bone")
    (True, True, False)
    """
    return any(map(_MONEY.fullmatch, folded_words(query)))


def _physicians(words: list[str], which: Matcher) -> list[tuple[bool, Result]]:
    found = []
    for who in active_physicians():
        facts = (who.title, who.specialty, who.certifications, who.interests)
        text = "\n".join((*facts, plain(who.bio)))
        in_name = words_found(who.name, which)
        if in_name | words_found(text, which) >= set(words):
            told = passage(text, who.specialty, words, which)
            link = who.get_absolute_url()
            found.append((in_name >= set(words), Result(who.name, link, "physician", told)))
    return found[: settings.SEARCH_RESULTS]
