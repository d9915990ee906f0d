"""What stands against laying a condition's treatments side by side."""

import re
from collections.abc import Iterator, Sequence

from clinic_site.markdown import cited_keys
from conditions.content.document import ConditionDocument, PageDocument, TreatmentDocument
from conditions.content.findings import Finding, at, error
from conditions.content.parts import comparison_rows

_WORDS = "two three four five six seven eight nine ten twelve twenty fifty hundred thousand million"
_DIGITS = "2 3 4 5 6 7 8 9 10 12 20 50 100 1000 1000000"
_NUMBERS = dict(zip(_WORDS.split(), _DIGITS.split(), strict=True))
_NUMBER = rf"\d[\d.,]*(?<=\d)|{'|'.join(_NUMBERS)}"
_PEOPLE = "people|persons?|patients?|adults?|women|men|bones?|vertebrae"
_NO_PEOPLE = "points?|minutes|hours|days|weeks|months|years|trials|studies"
# "44 in 100", "one out of every ten", "57 of 95 people", "5%"; "3.6 of 10" is a scale.
_COUNTED = re.compile(
    rf"\b(?:one|{_NUMBER})(?: (?:{_PEOPLE}))?[ -](?:in|out of)[ -](?:(?:every|each|an?|one)[ -])?"
    rf"(?!(?:1[89]|20)\d\d\b)({_NUMBER})\b(?! (?:{_NO_PEOPLE})\b)"
    rf"|\b(?:one|{_NUMBER}) of (?:the )?({_NUMBER}) (?:\w+ )?(?:{_PEOPLE})\b"
    r"|\b\d[\d.,]* ?(?:%|per ?cent\b)",
    re.IGNORECASE,
)


def option_findings(
    condition: ConditionDocument, treatments: Sequence[TreatmentDocument], *, of: PageDocument
) -> Iterator[Finding]:
    """Find what stands against showing these treatments on the page of this condition; `of` is the
    one among them all that is about to be published.
    """
    if len(treatments) < 2:
        return

    lacking: dict[str, list[str]] = {}
    for row, label in comparison_rows().items():
        part = f"comparison-{row}" if isinstance(of, TreatmentDocument) else "treatments"
        place = at(part)
        counts: dict[str, tuple[str, str]] = {}
        for each in treatments:
            cell = getattr(each.comparison, row)
            if not cell.strip():
                lacking.setdefault(each.title, []).append(label)
                if of is each:
                    yield error(place, "no_row", each.title, label, condition.title)
            for figure in _COUNTED.finditer(cell):
                counts.setdefault(_number(figure), (figure[0], each.title))
        if len(counts) > 1:
            (one, first), (other, second), *_more = counts.values()
            values = (label, condition.title, one, first, other, second)
            yield error(place, "two_counts", *values)
    lacking.pop(of.title, None)
    for title, labels in lacking.items():
        yield error(at("treatments"), "no_row", title, "”, “".join(labels), condition.title)
    seen: dict[str, tuple[object, str]] = {}
    for page in (condition, *treatments):
        for source in page.sources:
            if page is condition or source.key in _cited_in_rows(page):
                known, title = seen.setdefault(source.key, (source, page.title))
                if known != source:
                    here = any(each.key == source.key for each in of.sources)
                    part = f"source-{source.key}" if here else "sources"
                    yield error(at(part), "two_sources", source.key, title, page.title)


def _cited_in_rows(document: PageDocument) -> set[str]:
    rows = (text for part, text in document.citing() if part.startswith("comparison-"))
    return {key for text in rows for key in cited_keys(text)}


def _number(figure: re.Match[str]) -> str:
    """Return out of how many a figure counts, in digits."""
    said = (figure[1] or figure[2] or "hundred").lower()
    return _NUMBERS.get(said, said.replace(",", ""))
