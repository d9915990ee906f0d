"""A finding of the checks: what is wrong, where, and what to do."""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from conditions.content.parts import part_label

_MESSAGES = {
    "cannot_cite": _("“%s” is a figure, which needs a source. Say it in a section's text."),
    "no_source": _("“%s” has no source. Cite one, as [^key], in: %s"),
    "no_alt": _("Say in a sentence what it shows, for people who cannot see it."),
    "no_key_points": _("There are none. Say in at most %d lines what matters most."),
    "many_key_points": _("There are %d. Keep the %d that matter most."),
    "no_emergency": _(
        "The page does not say yet when to call 911. List it: a line for each sign, “- ” before it."
    ),
    "empty_emergency": _("List when to call 911: a line for each sign, “- ” before it."),
    "itself": _("The page is related to itself. Take it out of the list."),
    "lacks": _("A treatment's page should say this, too. Write it."),
    "no_sections": _("The page has no text yet. Write this section, or another."),
    "no_sources": _("There are none. Say where what the page states is from."),
    "no_text": _("There is no text. Write some, or remove the section."),
    "hard": _("It reads at school grade %.1f; the most is %d. Shorten %s."),
    "no_caption": _(
        "A table has no caption. Say what it shows on a line above it: “Table: What it shows”."
    ),
    "unknown_key": _("[^%s] is not among the sources. Add it, or correct the key."),
    "heading": _("Headings inside a text start with ### or ####, not with %s."),
    "link": _("The link to “%s” is not safe. Use /…, #…, https:, tel: or mailto:."),
    "html": _("“%s” is HTML, which patients would see as typed. Remove it."),
    "block": _("“%s” is no kind of block. Use one of: %s."),
    "fence": _(
        "“%s” stands where it cannot. Open each block, then close it with ::: (only people can "
        "stand inside another block, a fold)."
    ),
    "unclosed": _("The block “%s” is not closed. Put ::: on a line below it."),
    "no_words": _("“%s” has no words. Write behind it what it holds."),
    "words_cite": _("“%s” cannot cite a source. Cite it in the text below."),
    "people": _(
        "The people “%s” are a list and nothing else: a line for each figure, as “- 44 in 100 …”."
    ),
    "person": _("“%s” must begin with a whole number in 100, as “44 in 100 …”."),
    "uncited": _("“%s” is never cited. Cite it as [^key], or remove it."),
    "empty": _("There is nothing here. Write it."),
    "long": _("It has %d characters; the most is %d. Shorten it."),
    "slug": _("“%s” is no address. Use letters, digits and -: sore-back."),
    "icd10": _("“%s” is no such code. Write it as in A12.3 or A12.345A."),
    "picture": _("%s is not a picture of this site."),
    "several_words": _("“%s” is more than one word. Write one word a line."),
    "key": _("“%s” is no key. Use letters, digits and -, at most %d: aafp-2016."),
    "year": _("“%s” is no year. Write it in four digits, or leave it out."),
    "url": _("“%s” is no web address. Write it as https://…"),
    "no_row": _(
        "“%s” says nothing yet under “Beside other treatments”: “%s”. Write it there, as the page "
        "“%s” shows it."
    ),
    "two_counts": _(
        "The row “%s” on the page “%s” counts in two ways: “%s” (%s) and “%s” (%s). Say both out "
        "of the same number, such as 100, or leave one out."
    ),
    "two_sources": _(
        "The source %s is not the same on “%s” and “%s”, which one page shows together. Write it "
        "alike on both, or give one of the two another key."
    ),
    "taken": _("Another page has, or had, the address “%s”. Choose another."),
    "no_place": _("They show in a section of the kind “Treatments”. Add one."),
    "gone": _("There is no page “%s” any more. Remove it."),
    "unpublished": _("“%s” is not published, so it does not show. Publish it."),
    "no_physician": _("No physician “%s” is shown to patients. Remove the name."),
    "unsigned": _("No clinician has signed what patients see. Ask one to."),
    "overdue": _("The clinician's review is overdue. Ask for a new one."),
    "no_space": _("Patients would see the mark of “%s”. Type it anew as “%s”, with a plain space."),
    "bullet": _("“%s” is no list. Begin each line with a hyphen and a space: “%s”."),
    "stray_mark": _(
        "Patients would see the mark in “%s”. Put it right before the first letter and right after "
        "the last, with a space behind; or remove it."
    ),
    "year_list": _(
        "“%s” becomes a line of a numbered list. Put words before the number, as “In …”."
    ),
    "cite_in_link": _("“%s” has a source inside its brackets. Write “%s”."),
    "open_cite": _("“%s” cites nothing. Write the source's key as [^key]."),
    "no_link": _("“%s” is no link. Write it as [words](/address/), without a space."),
    "table": _(
        "“%s” is no table. Put a line such as |---|---| below its first line, with as many parts."
    ),
    "no_effect": _("The mark of “%s” does nothing here. Remove it."),
    "as_typed": _("Patients would see the marks of “%s”. Remove them."),
}


class Place(NamedTuple):
    """Where something is wrong: the part (see content.parts), and what people call it."""

    part: str
    where: str


def at(part: str) -> Place:
    """Return the place of a part, by the name that all parts of its kind have."""
    return Place(part, part_label(part))


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, and what to do; `level` is "error" or "warning"."""

    level: str
    part: str
    where: str
    message: str


def error(place: Place, name: str, *values: object) -> Finding:
    """Return an error with the message `name`, filled with `values`."""
    return Finding("error", *place, str(_MESSAGES[name]) % values)


def warning(place: Place, name: str, *values: object) -> Finding:
    """Return a warning with the message `name`, filled with `values`."""
    return Finding("warning", *place, str(_MESSAGES[name]) % values)
