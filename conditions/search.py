"""Search over published conditions and treatments, and active physicians; logs no query.

PostgreSQL: full text with English word forms (migration 0002). SQLite: words that begin alike.
What is marked follows one rule on both: a word that begins as a word of the query does.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value, Window
from django.db.models.expressions import RawSQL
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from clinic_site.models import Physician
from clinic_site.people import plain_text
from clinic_site.plain import plain
from conditions.models import Page

MOST_OF_A_KIND = 20
PASSAGE = 200  # characters, about

# What words are made of, in any script: all but spaces, punctuation and ASCII symbols.
_LETTER = r"[^\s!-/:-@\[-`{-~\u00a1-\u00bf\u2000-\u200b\u2010-\u206f\u3000-\u303f\uff00-\uff0f]"
_WORD = re.compile(rf"{_LETTER}+(?:\.{_LETTER}+|-\d+)*")
# How bones, masses, arteries and artery end; what is left is how all forms of the word begin.
_ENDING = re.compile(r"(?<=.{4})(?:ies|y|(?<=[sxz])es|(?<=[cs]h)es)$|(?<=.{3})(?<!s)s$", re.I)
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\bDr\.)(?<!\b[A-Z]\.)\s+|(?<=[。！？।])|\n+")
# Words that say nothing about a page; PostgreSQL leaves them out by itself.
_COMMON = re.compile(
    "(?i)an?|and|are|as|at|be|by|can|do|does|for|from|has|have|how|i|if|in|is|it|me|my|not?|of|on"
    "|or|s|t|that|the|this|to|was|what|when|which|who|why|will|with|you|your"
)


@dataclass(frozen=True)
class Result:
    """One page that was found; its passage is HTML with `<mark>` around what matched."""

    title: str
    address: str
    kind: str  # condition, treatment or physician
    passage: SafeString


def clean_query(query: str) -> str:
    """Return what was typed, on one line of at most 100 plain characters."""
    return " ".join(plain_text(query).split())[:100].strip()


def words_in(query: str) -> list[str]:
    """Return the words of a query, without operators and other punctuation."""
    return [word for word in _WORD.findall(clean_query(query)) if re.search(r"[^\W_]", word)]


def _pattern(*words: str) -> str:
    """Any word that begins with the stem of one of these; one or two letters stand alone."""
    forms = (re.escape(_ENDING.sub("", w)) + f"{_LETTER}*" * (len(w) > 2) for w in words)
    return rf"(?<!{_LETTER})(?:{'|'.join(forms)})(?!{_LETTER})"


def _has_all(text: str, words: list[str]) -> bool:
    return all(re.search(_pattern(word), text, re.IGNORECASE) for word in words)


def _best(matches: Any, in_title: Any, rank: Any) -> QuerySet[Any, Any]:
    """The best conditions and the best treatments, in one query."""
    order = ["-in_title", "-rank", "live__title"]
    is_treatment = ExpressionWrapper(Q(treatment__isnull=False), BooleanField())
    place = Window(RowNumber(), partition_by=[is_treatment], order_by=order)
    pages = Page.objects.filter(matches, live__isnull=False).annotate(in_title=in_title, rank=rank)
    pages = pages.annotate(place=place).filter(place__lte=MOST_OF_A_KIND).order_by(*order)
    return pages.values("treatment", "search_text", "live__title", "live__slug", "live__summary")


def _in_postgresql(words: list[str]) -> QuerySet[Any, Any]:
    """Pages with all words; where there are none, those with the beginning of the last one."""

    def best(tsquery: str, *typed: str) -> QuerySet[Any, Any]:
        found = RawSQL(f"search_vector @@ ({tsquery})", typed, BooleanField())  # noqa: S611
        in_title = RawSQL(f"to_tsvector('english', search_title) @@ ({tsquery})", typed)  # noqa: S611
        return _best(found, in_title, RawSQL(f"ts_rank(search_vector, {tsquery})", typed))  # noqa: S611

    query = "websearch_to_tsquery('english', %s)"
    found = best(query, " ".join(words))
    if found or not words[-1].isalnum():
        return found
    return best(f"{query} && to_tsquery('english', %s)", " ".join(words[:-1]), f"{words[-1]}:*")


def _in_sqlite(words: list[str]) -> QuerySet[Any, Any]:
    """Pages with words that begin as these do, those with all of them in the title first."""

    def has(column: str, word: str) -> Q:
        # LIKE spares most pages the slower pattern, but it knows capitals of ASCII only.
        quick = Q((f"{column}__icontains", _ENDING.sub("", word))) if word.isascii() else Q()
        return quick & Q((f"{column}__iregex", _pattern(word)))

    matches = Q(*(has("search_title", word) | has("search_text", word) for word in words))
    in_title = Q(*(has("search_title", word) for word in words))
    return _best(matches, ExpressionWrapper(in_title, BooleanField()), Value(0))


def _passage(text: str, otherwise: str, words: list[str]) -> SafeString:
    """The first sentence of `text` with one of the words, or `otherwise`: cut, marked, escaped."""
    pattern = re.compile(f"({_pattern(*words)})", re.IGNORECASE)
    if found := pattern.search(text):
        start, end = found.span()
        before = _SENTENCE_END.split(text[max(start - PASSAGE, 0) : start])[-1]
        if len(before) > PASSAGE // 2:
            before = "… " + before[-PASSAGE // 4 :].partition(" ")[2]
        otherwise = before + _SENTENCE_END.split(text[start : end + PASSAGE])[0]
    if len(otherwise) > PASSAGE:
        otherwise = (otherwise[:PASSAGE].rpartition(" ")[0] or otherwise[:PASSAGE]) + " …"
    parts = enumerate(pattern.split(otherwise))
    marked = ((format_html("<mark>{}</mark>", part) if i % 2 else part,) for i, part in parts)
    return format_html_join("", "{}", marked)


def _physicians(words: list[str]) -> list[Result]:
    """The active physicians with all words in what their page says."""
    found = []
    for who in Physician.objects.active():
        facts = (who.title, who.specialty, who.certifications, who.interests)
        text = "\n".join((*facts, plain(who.bio)))
        if _has_all(f"{who.name}\n{text}", words):
            passage = _passage(text, who.specialty, words)
            found.append(Result(who.name, who.get_absolute_url(), "physician", passage))
    return found[:MOST_OF_A_KIND]


def search(query: str) -> list[Result]:
    """Return what was found, title matches first, at most 20 of each kind; at most 3 queries."""
    words = [word for word in words_in(query) if not _COMMON.fullmatch(word)][:8]
    if not words:
        return []
    found = []
    for page in (_in_postgresql if connection.vendor == "postgresql" else _in_sqlite)(words):
        kind = "treatment" if page["treatment"] else "condition"
        passage = _passage(page["search_text"], page["live__summary"], words)
        link = reverse(kind, args=[page["live__slug"]])
        found.append(Result(page["live__title"], link, kind, passage))
    found += _physicians(words)
    return sorted(found, key=lambda result: not _has_all(result.title, words))
