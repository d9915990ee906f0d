"""The school grade: sentences and syllables as conditions.content.readability writes them down."""

import pytest

from conditions.content.document import ConditionDocument, Illustration, PageDocument, Section
from conditions.content.readability import (
    flatten,
    page_grade,
    section_grade,
    sentences,
    syllables,
)
from conditions.publishing.loading import files_in, read_file
from tests.conditions.test_load_content import SHIPPED

pytestmark = pytest.mark.on_sqlite

PAGES = [file.document for file in map(read_file, files_in([SHIPPED])) if file.document]

KNOWN = {
    # In cmudict.
    "pain": 1,
    "bone": 1,
    "doctor": 2,
    "doctor's": 2,
    "needle": 2,
    "cement": 2,
    "spinal": 2,
    "fracture": 2,
    "balloon": 2,
    "vertebra": 3,
    "vertebrae": 3,
    "medicine": 3,
    "numbness": 2,
    "osteoporosis": 6,
    "anesthesia": 4,
    "emergency": 4,
    "X-ray": 2,
    "Dr": 2,
    # Not in cmudict: by pyphen and runs of vowels.
    "vertebroplasty": 5,
    "kyphoplasty": 4,
    "sacroplasty": 4,
    "kyphosis": 3,
    "sacrum": 2,
    "myeloma": 3,
    "cauda": 2,
    "equina": 3,
    "Khurana": 3,
    "VERTOS": 2,
    "VAPOUR": 2,
    "interventional": 5,
    "weight-bearing": 3,
    # By letter.
    "CT": 2,
    "MRI": 3,
    "DXA": 3,
    "US": 2,
    "U.S.": 2,
    "ASBMR": 5,
    "WHO": 1,
    "WXYZQ": 7,
    # Numbers, as spoken.
    "0": 2,
    "7": 2,
    "12": 1,
    "17": 3,
    "20": 2,
    "21": 3,
    "70": 3,
    "77": 5,
    "100": 2 + 1,
    "1,000": 3,
    "3,175": 10,
    "700,000": 6,
    "8.3": 3,
    "0.7%": 7,
    "53%": 5,
    "1,000,000": 3,
    "1900": 4,
    "1905": 4,
    "2000": 3,
    "2009": 4,
    "2016": 4,
    "20th": 2,
    "T12": 2,
    "911": 3,
    "605-217-5617": 13,
    "&": 1,
}


@pytest.mark.parametrize(("word", "count"), KNOWN.items(), ids=KNOWN.keys())
def test_syllables_are_counted_as_spoken(word: str, count: int) -> None:
    assert syllables(word) == count


def test_nothing_that_someone_may_paste_in_breaks_the_count() -> None:
    for word in ("9" * 6000, "١٢", "½", "x" * 5000, "naïve", "脊椎", "e", "1.2.3", "A1C", "’s", ""):
        assert syllables(word) >= 1


SENTENCES = {
    "It fell from 8.3 to 3.6. It rose.": 2,
    "Dr. Neal J. Khurana saw you. He is kind.": 2,
    "A U.S. survey found 7 in 1,000. Few knew.": 2,
    "They are common in the U.S. Most do no harm.": 2,
    "Take vitamin D. Eat well.": 2,
    "Come at 5 p.m. today, e.g. by car.": 1,
    "Is it new? Yes! So call us (now). Do.": 4,
    "See no. 5 vs. no. 6.": 1,
    "No. Not now.": 2,
    "It eases.[^a][^b] Most does. [^c] 7 in 10 are well.": 3,
    'Doctors say "not blinded." That is so.': 2,
}


@pytest.mark.parametrize(("line", "count"), SENTENCES.items(), ids=SENTENCES.keys())
def test_points_end_sentences_only_where_a_reader_would_stop(line: str, count: int) -> None:
    found = sentences(line)

    assert len(found) == count, found
    assert " ".join(found) == line


def test_a_citation_belongs_to_the_sentence_that_it_follows() -> None:
    assert sentences("It eases.[^a] Most does. [^b] So wait.") == [
        "It eases.[^a]",
        "Most does. [^b]",
        "So wait.",
    ]


def test_every_heading_item_cell_and_care_card_heading_ends_a_sentence() -> None:
    body = """\
### How common

It is **not** rare[^a]
and/or [new](/x-y/ "A title").

1. one
2. two parts

| Who | What |
|---|---|
| A man | Yes |

::: today Call us if:

- fever &amp; chills
:::
"""
    assert flatten(body) == [
        ["How", "common"],
        ["It", "is", "not", "rare", "and", "or", "new"],
        ["one"],
        ["two", "parts"],
        ["Who"],
        ["What"],
        ["A", "man"],
        ["Yes"],
        ["Call", "us", "if"],
        ["fever", "&", "chills"],
    ]


GRADES = {
    # 3 words, 1 sentence, 3 syllables: 0.39 * 3 + 11.8 * 1 - 15.59
    "You lie down.": -2.62,
    # Cement(2) can(1) leak(1). Vertebroplasty(5) is(1) a(1) treatment(2).
    # 7 words, 2 sentences, 13 syllables: 0.39 * 3.5 + 11.8 * 13 / 7 - 15.59
    "Cement can leak. Vertebroplasty is a treatment.": 1.365 + 21.9142857 - 15.59,
    # Osteoporosis(6) | weak(1) bones(1) | 7(2) in(1) 1,000(3): 6 words, 3 sentences, 14 syllables:
    # 0.39 * 2 + 11.8 * 14 / 6 - 15.59
    "### Osteoporosis\n\n- weak bones[^a]\n- 7 in 1,000.[^b]": 0.78 + 27.5333333 - 15.59,
}


def section(body: str, heading: str = "") -> Section:
    return Section(kind="overview", heading=heading, body=body)


@pytest.mark.parametrize(("text", "grade"), GRADES.items())
def test_the_grade_is_kincaids_formula(text: str, grade: float) -> None:
    page = ConditionDocument(slug="x", title="", name="", summary="", sections=(section(text),))

    assert page_grade(page) == pytest.approx(grade, abs=1e-6)


@pytest.mark.parametrize("text", ["", "   \n", "[^a]", "…"])
def test_a_text_without_words_has_no_grade(text: str) -> None:
    assert section_grade(section(text)) is None


def test_a_section_counts_its_heading_and_a_page_all_that_it_says() -> None:
    lying = section("You lie down.", "Osteoporosis")
    page = ConditionDocument(
        slug="x",
        title="Rest",
        name="rest",
        summary="You lie down.",
        key_points=("It **helps**.[^a]",),
        picture=Illustration(source="drawing:spine", alt="Interventional", caption="A bed."),
        sections=(lying,),
    )

    # 4 words, 2 sentences, 9 syllables.
    assert section_grade(lying) == pytest.approx(0.39 * 2 + 11.8 * 9 / 4 - 15.59)
    # Rest | You lie down | A bed | It helps | Osteoporosis | You lie down: 12 words, 17 syllables.
    assert page_grade(page) == pytest.approx(0.39 * 12 / 6 + 11.8 * 17 / 12 - 15.59)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_the_shipped_pages_read_at_grade_8_or_lower(page: PageDocument) -> None:
    grades = {section.heading: section_grade(section) for section in page.sections}

    assert {heading for heading, grade in grades.items() if grade is None or grade > 8} == set()
    assert page_grade(page) <= 6.5
