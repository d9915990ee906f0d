"""A finding of the checks: what is wrong, where, and what to do."""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_MESSAGES = {
    "cannot_cite": gettext_noop(
        "“%s” is a figure, which needs a source. Say it in a section's text."
    ),
    "no_source": gettext_noop("“%s” has no source. Cite one, as [^key], in: %s"),
    "no_alt": gettext_noop("Say in a sentence what it shows, for people who cannot see it."),
    "no_key_points": gettext_noop("There are none. Say in at most %d lines what matters most."),
    "many_key_points": gettext_noop("There are %d. Keep the %d that matter most."),
    "no_emergency": gettext_noop(
        "The page does not say yet when to call 911. List it: a line for each sign, “- ” before it."
    ),
    "empty_emergency": gettext_noop("List when to call 911: a line for each sign, “- ” before it."),
    "itself": gettext_noop("The page is related to itself. Take it out of the list."),
    "lacks": gettext_noop("A treatment's page should say this, too. Write it."),
    "no_sources": gettext_noop("There are none. Say where what the page states is from."),
    "no_text": gettext_noop("There is no text. Write some, or remove the section."),
    "hard": gettext_noop("It reads at school grade %.1f; the most is %d. Shorten %s."),
    "no_caption": gettext_noop(
        "A table has no caption. Say what it shows on a line above it: “Table: What it shows”."
    ),
    "unknown_key": gettext_noop("[^%s] is not among the sources. Add it, or correct the key."),
    "heading": gettext_noop("Headings inside a text start with ### or ####, not with %s."),
    "link": gettext_noop("The link to “%s” is not safe. Use /…, #…, https:, tel: or mailto:."),
    "html": gettext_noop("“%s” is HTML, which patients would see as typed. Remove it."),
    "block": gettext_noop("“%s” is no kind of block. Use one of: %s."),
    "fence": gettext_noop(
        "“%s” stands where it cannot. Open each block, then close it with ::: (only people can "
        "stand inside another block, a fold)."
    ),
    "unclosed": gettext_noop("The block “%s” is not closed. Put ::: on a line below it."),
    "no_words": gettext_noop("“%s” has no words. Write behind it what it holds."),
    "words_cite": gettext_noop("“%s” cannot cite a source. Cite it in the text below."),
    "people": gettext_noop(
        "The people “%s” are a list and nothing else: a line for each figure, as “- 44 in 100 …”."
    ),
    "person": gettext_noop("“%s” must begin with a whole number in 100, as “44 in 100 …”."),
    "uncited": gettext_noop("“%s” is never cited. Cite it as [^key], or remove it."),
    "empty": gettext_noop("There is nothing here. Write it."),
    "long": gettext_noop("It has %d characters; the most is %d. Shorten it."),
    "slug": gettext_noop("“%s” is no address. Use letters, digits and -: sore-back."),
    "icd10": gettext_noop("“%s” is no such code. Write it as in A12.3 or A12.345A."),
    "picture": gettext_noop("%s is not a picture of this site."),
    "several_words": gettext_noop("“%s” is more than one word. Write one word a line."),
    "key": gettext_noop("“%s” is no key. Use letters, digits and -, at most %d: aafp-2016."),
    "year": gettext_noop("“%s” is no year. Write it in four digits, or leave it out."),
    "url": gettext_noop("“%s” is no web address. Write it as https://…"),
    "no_row": gettext_noop(
        "“%s” says nothing yet under “Beside other treatments”: “%s”. Write it there, as the page "
        "“%s” shows it."
    ),
    "two_counts": gettext_noop(
        "The row “%s” on the page “%s” counts in two ways: “%s” (%s) and “%s” (%s). Say both out "
        "of the same number, such as 100, or leave one out."
    ),
    "two_sources": gettext_noop(
        "The source %s is not the same on “%s” and “%s”, which one page shows together. Write it "
        "alike on both, or give one of the two another key."
    ),
    "address": gettext_noop("The address of “%s” is not safe. Use one that starts with https:."),
}


class Place(NamedTuple):
    """Where something is wrong: the part (see content.parts), and what people call it."""

    part: str
    where: str


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, and what to do; `level` is "error" or "warning"."""

    level: str
    part: str
    where: str
    message: str


def error(place: Place, name: str, *values: object) -> Finding:
    """Return an error with the message `name`, filled with `values`."""
    return Finding("error", *place, _(_MESSAGES[name]) % values)


def warning(place: Place, name: str, *values: object) -> Finding:
    """Return a warning with the message `name`, filled with `values`."""
    return Finding("warning", *place, _(_MESSAGES[name]) % values)
