"""The checks before publishing: what an editor breaks is found, named, and gone when mended."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from clinic_site.markdown import CARE_LEVELS
from conditions.content.checks import check
from conditions.content.document import (
    ConditionDocument,
    Illustration,
    PageDocument,
    Section,
    Source,
    TreatmentDocument,
)
from conditions.content.findings import Finding
from tests.conditions.test_load_content import GOOD, write
from tests.conditions.test_readability import PAGES, SHIPPED
from tests.generated import SOAK

pytestmark = pytest.mark.on_sqlite

EMERGENCY = Section(kind="emergency", heading="Call 911 if:", body="- your legs are numb")


def page(body: str = "It eases.[^a]", **values: Any) -> ConditionDocument:
    """A page that has nothing wrong, with `body` as its section "What it is"."""
    plain = ConditionDocument(
        slug="sore-back",
        title="Sore back",
        name="a sore back",
        summary="A back that hurts.",
        key_points=("It eases.[^a]",),
        picture=Illustration(source="drawing:spine", alt="Four bones of the spine."),
        sections=(EMERGENCY, Section(kind="overview", heading="What it is", body=body)),
        sources=(Source(key="a", title="A survey"),),
    )
    return dataclasses.replace(plain, **values)


def section(kind: str, heading: str, body: str) -> tuple[Section, ...]:
    others = () if kind == "emergency" else (EMERGENCY,)
    return (*others, Section(kind=kind, heading=heading, body=body))


def errors(document: PageDocument, phone: str | None = None) -> list[Finding]:
    return [each for each in check(document, phone) if each.level == "error"]


# What breaks a page, where that is said, a word of the message, and the same mended.
BROKEN = {
    "no emergency": (
        page(sections=page().sections[1:]),
        "Emergency",
        "does not say yet when to call 911",
        page(),
    ),
    "emergency without a list": (
        page(sections=section("emergency", "Go now if:", "your legs are numb")),
        "Go now if:",
        "List when to call",
        page(sections=section("emergency", "Go now if:", "- your legs are numb")),
    ),
    "empty list": (
        page(sections=section("emergency", "Go now if:", "- ")),
        "Go now if:",
        "List when to call",
        page(),
    ),
    "figure": (page("It hurts 1 in 5."), "What it is", "“1” has no source", page("It hurts.")),
    "source in the next sentence": (
        page("It hurts 5 people. It eases.[^a]"),
        "What it is",
        "in: It hurts 5 people.",
        page("It hurts 5 people.[^a] It eases."),
    ),
    "source in the next item": (
        page("- It hurts 5%\n- It eases[^a]"),
        "What it is",
        "“5%”",
        page("- It hurts 5%.[^a] It eases.\n- It lasts"),
    ),
    "source in the next row": (
        page("Table: Do\n| A | B |\n|---|---|\n| 5 | no |\n| x | y[^a] |"),
        "What it is",
        "“5”",
        page("Table: Do\n| A | B |\n|---|---|\n| 5 | no[^a] |\n| x | y |"),
    ),
    "figure in a caption of a table": (
        page("Table: After 5 weeks\n| A |\n|---|\n| x[^a] |"),
        "What it is",
        "“5”",
        page("Table: After 5 weeks[^a]\n\n| A |\n|---|\n| x |"),
    ),
    "source above the card": (
        page("It eases.[^a]\n\n::: today Call us if:\n\n- it lasts 6 weeks\n:::"),
        "What it is",
        "“6”",
        page("::: today Call us if:\n\n- it lasts 6 weeks\n:::\n\nIt eases.[^a]"),
    ),
    "no source below the section's card": (
        page(sections=section("see_doctor", "Call if:", "- over 50\n- in pain[^a]")),
        "Call if:",
        "“50”",
        page(sections=section("see_doctor", "Call if:", "- over 50\n- in pain\n\nIt is.[^a]")),
    ),
    "figure in the summary": (page(summary="It hurts half."), "Summary", "“half”", page()),
    "figure in the title": (page(title="5 facts"), "Title", "“5”", page()),
    "figure in a heading": (
        page(sections=section("overview", "In 6 weeks", "It eases.")),
        "In 6 weeks",
        "“6”",
        page(sections=section("overview", "In weeks", "It eases.")),
    ),
    "figure in a caption": (
        page(picture=Illustration(source="drawing:spine", alt="Bones.", caption="1 in 5")),
        "Picture",
        "“1”",
        page(),
    ),
    "figure in a key point": (
        page(key_points=("It hurts 7.", "It eases.[^a]")),
        "Key points",
        "“7”",
        page(key_points=("It hurts 7. It eases.[^a]",)),
    ),
    "no title": (page(title=" "), "Title", "nothing here", page()),
    "long summary": (
        page(summary="So. " * 80),
        "Summary",
        "320 characters; the most is 300",
        page(),
    ),
    "address": (page(slug="sore back"), "Address", "“sore back” is no address", page()),
    "code": (
        page(icd10_code="M4"),
        "ICD-10-CM code",
        "“M4” is no such code",
        page(icd10_code="M48.5"),
    ),
    "words of an emergency": (
        page(emergency_words=("chest pain",)),
        "Words of an emergency",
        "“chest pain” is more than one word",
        page(emergency_words=("chest", "pain")),
    ),
    "picture of another site": (
        page(picture=Illustration(source="drawing:../../etc/passwd", alt="Bones.")),
        "Picture",
        "is not a picture of this site",
        page(),
    ),
    "section without a heading": (
        page(sections=section("overview", "", "It eases.")),
        "What it is",
        "nothing here",
        page(),
    ),
    "key of a source": (
        page("It eases.[^a b]", key_points=(), sources=(Source(key="a b", title="A"),)),
        "Source a b",
        "“a b” is no key",
        page(),
    ),
    "year": (
        page(sources=(Source(key="a", title="A", year="20"),)),
        "Source a",
        "“20” is no year",
        page(sources=(Source(key="a", title="A", year="2020"),)),
    ),
    "no web address": (
        page(sources=(Source(key="a", title="A", url="https://a b"),)),
        "Source a",
        "“https://a b” is no web address",
        page(sources=(Source(key="a", title="A", url="https://a.example/b"),)),
    ),
    "unknown key": (page("It eases.[^b]"), "What it is", "[^b] is not among", page()),
    "unknown key in a key point": (page(key_points=("So.[^b]",)), "Key points", "[^b]", page()),
    "source's address": (
        page(sources=(Source(key="a", title="A", url="http://a.example/"),)),
        "Source a",
        "“http://a.example/” is no web address",
        page(sources=(Source(key="a", title="A", url="https://a.example/"),)),
    ),
    "heading too high": (page("## Pain\n\nIt."), "What it is", "not with ##", page("### A\n\nIt.")),
    "related to itself": (
        page(ref="sore-back", related=("sore-back",)),
        "Related conditions",
        "related to itself",
        page(ref="sore-back", related=("stiff-back",)),
    ),
    "bullets of a word processor": (
        page("Signs:\n\n• pain\n• fever"),
        "What it is",
        "- pain",
        page("Signs:\n\n- pain\n- fever"),
    ),
    "card never closed": (
        page("::: today Call us:\n\n- fever"),
        "What it is",
        "“::: today Call us:” is not closed",
        page("::: today Call us:\n\n- fever\n\n:::"),
    ),
    "card in a card": (
        page("::: today A:\n\n- x\n\n::: routine B:\n\n- y\n:::"),
        "What it is",
        "“::: routine B:” stands where it cannot",
        page("::: today A:\n\n- x\n:::\n\n::: routine B:\n\n- y\n:::"),
    ),
    "card closed twice": (page("So.\n\n:::"), "What it is", "stands where it cannot", page("So.")),
    "unknown level": (
        page("::: urgent Call us:\n\n- fever\n:::"),
        "What it is",
        "“urgent” is no kind of block. Use one of: emergency, today, routine, fold, people.",
        page("::: routine Call us:\n\n- fever\n:::"),
    ),
    "card in a fold": (
        page("::: fold More\n\n::: today Call us:\n\n- fever\n:::\n:::"),
        "What it is",
        "“::: today Call us:” stands where it cannot",
        page("::: fold More\n\nSo.\n:::\n\n::: today Call us:\n\n- fever\n:::"),
    ),
    "fold in a fold": (
        page("::: fold More\n\n::: fold Yet more\n\nSo.\n:::\n:::"),
        "What it is",
        "“::: fold Yet more” stands where it cannot",
        page("::: fold More\n\n### Yet more\n\nSo.\n:::"),
    ),
    "people in a card": (
        page("::: today Call us:\n\n::: people Pain\n\n- 5 in 100[^a]\n:::\n:::"),
        "What it is",
        "“::: people Pain” stands where it cannot",
        page("::: people Pain\n\n- 5 in 100[^a]\n:::"),
    ),
    "fold never closed": (
        page("::: fold More\n\nSo.\n\n### What\n\nSo."),
        "What it is",
        "“::: fold More” is not closed",
        page("::: fold More\n\nSo.\n:::\n\n### What\n\nSo."),
    ),
    "people in a fold never closed": (
        page("::: fold More\n\n::: people Pain\n\n- 5 in 100[^a]\n:::"),
        "What it is",
        "“::: fold More” is not closed",
        page("::: fold More\n\n::: people Pain\n\n- 5 in 100[^a]\n:::\n:::"),
    ),
    "fold without a heading": (
        page("::: fold\n\nSo.\n:::"),
        "What it is",
        "“::: fold” has no words",
        page(":::fold More\nSo.\n:::"),
    ),
    "figure in a fold": (
        page("It eases.[^a]\n\n::: fold More\n\nIt hurts 5 people.\n:::"),
        "What it is",
        "“5” has no source",
        page("::: fold More\n\nIt hurts 5 people.[^a]\n:::"),
    ),
    "figure in a fold's heading": (
        page("::: fold All 5 trials\n\nIt eases.[^a]\n:::"),
        "What it is",
        "“5” is a figure",
        page("::: fold All trials\n\nIt eases.[^a]\n:::"),
    ),
    "source in a fold's heading": (
        page("::: fold More[^a]\n\nIt eases.[^a]\n:::"),
        "What it is",
        "“::: fold More[^a]” cannot cite",
        page("::: fold More\n\nIt eases.[^a]\n:::"),
    ),
    "people without a source": (
        page("::: people Pain\n\n- 44 in 100 with cement[^a]\n- 21 in 100 without\n:::"),
        "What it is",
        "“21” has no source",
        page("::: people Pain\n\n- 44 in 100 with cement[^a]\n- 21 in 100 without[^a]\n:::"),
    ),
    "people of another denominator": (
        page("::: people Pain\n\n- 44 in 100[^a]\n- 7 in 1,000[^a]\n:::"),
        "What it is",
        "“7 in 1,000” must begin with a whole number in 100",
        page("::: people Pain\n\n- 44 in 100[^a]\n- 7 in 100[^a]\n:::"),
    ),
    "people that are no list": (
        page("::: people Pain\n\nOf those:\n\n- 44 in 100[^a]\n:::"),
        "What it is",
        "The people “Pain” are a list and nothing else",
        page("Of those:\n\n::: people Pain\n\n- 44 in 100[^a]\n:::"),
    ),
    "people with no list": (
        page("::: people Pain\n:::"),
        "What it is",
        "The people “Pain” are a list",
        page("::: people Pain\n- 44 in 100[^a]\n:::"),
    ),
    "people in numbered steps": (
        page("::: people Pain\n\n1. 44 in 100[^a]\n:::"),
        "What it is",
        "a line for each figure",
        page("::: people Pain\n\n- 44 in 100[^a]\n\n- 5 in 100[^a]\n:::"),
    ),
    "people without words": (
        page("::: people\n\n- 44 in 100[^a]\n:::"),
        "What it is",
        "“::: people” has no words",
        page("::: people Of 100 people\n\n- 44 in 100[^a]\n:::"),
    ),
}


@pytest.mark.parametrize(("broken", "where", "word", "mended"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_named_and_gone_when_mended(
    broken: PageDocument, where: str, word: str, mended: PageDocument
) -> None:
    found = errors(broken)

    assert [each for each in found if each.where == where and word in each.message], found
    assert errors(mended) == []


FIGURES = [
    *("About half do.", "Two thirds do.", "A third do.", "One-third do.", "A quarter do."),
    *("Three quarters do.", "One in five do.", "Nine out of ten do.", "One in every ten do."),
    *("One person in ten does.", "Nine of ten do.", "Ten percent do.", "Ten per cent do."),
    *("About ½ do.", "&frac12; of it.", "7 in 1,000 do.", "We answer 24/7.", "It was 1,911.", "911% do."),
    *("In 2019 it fell.", "**8**.3 points.", "Call 605-217-5618.", "One in a hundred do.", "Every third does."),
]  # fmt: skip


@pytest.mark.parametrize("text", FIGURES)
def test_a_figure_in_any_writing_needs_a_source(text: str) -> None:
    assert errors(page(text))
    assert errors(page(f"- {text}"))
    assert errors(page(text.removesuffix(".") + ".[^a]")) == []


NO_FIGURES = [
    *("Call 911.", "Call 911, or come.", "Call 605-217-5617.", "Call (605) 217-5617.", "Call 6052175617."),
    *("Call +1 605 217 5617.", "Call 1-605-217-5617.", "Call [605.217.5617](tel:+16052175617)."),
    *("COVID-19 is new.", "SARS-CoV-2 too.", "T12 and L1 broke.", "T11-12, L4/L5.", "VERTOS IV ran."),
    *("Type 2 diabetes counts.", "Vitamin B12 and D3.", "One of them is new.", "The third bone broke."),
    *("1. You lie down.\n2. You rest.", "Numbness in one or both legs.", "[See](https://x.example/2019/)."),
    *("One of two ways.", "The cement goes in within a second.", "Headquarters.", "Behalf of you."),
]  # fmt: skip


@pytest.mark.parametrize("text", NO_FIGURES)
def test_a_name_a_phone_number_and_an_ordinal_are_no_figures(text: str) -> None:
    assert errors(page(text)) == []


def test_the_clinics_own_phone_number_can_be_another() -> None:
    assert errors(page("Call 605-555-0142 ext. 12."), phone="+16055550142;ext=12") == []
    assert errors(page("Call 605-217-5617."), phone="+16055550142")


@pytest.mark.parametrize("alt", ["", "  ", "spine.png", "IMG_2041", "my-scan.JPEG", "photo 3"])
def test_a_picture_needs_words_for_people_who_cannot_see_it(alt: str) -> None:
    found = errors(page(picture=Illustration(source="drawing:spine", alt=alt)))

    assert [(each.where, each.message[:6]) for each in found] == [("Picture", "Say in")]
    assert errors(page(picture=None)) == []


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert()", "JavaScript:alert", "data:text/html,x", "http://x.example/"),
        *(
            "//x.example/",
            "ftp://x.example/",
            "contact/",
            "",
            "https:x",
            "vbscript:x",
        ),
    ],
)
def test_an_unsafe_link_is_refused(address: str) -> None:
    assert [each.where for each in errors(page(f"See [**us**]({address})."))] == ["What it is"]
    assert [each.where for each in errors(page(key_points=(f"[us]({address})[^a]",)))] == [
        "Key points"
    ]


@pytest.mark.parametrize("address", ["/", "/contact/", "#causes", "https://x.example/", "tel:911", "mailto:a@x.example"])  # fmt: skip
def test_a_safe_link_is_taken(address: str) -> None:
    assert errors(page(f"See [us]({address}).")) == []


@pytest.mark.parametrize("html", ["<b>now</b>", "<!-- note -->", "<br/>", "</p>", "<a\nhref='x'>", "<?php", "<IMG SRC=x>"])  # fmt: skip
def test_html_in_a_text_is_refused(html: str) -> None:
    assert [each.where for each in errors(page(f"Call {html} us."))] == ["What it is"]


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        ("![](drawing:spine)", "for people who cannot see it"),
        ("![IMG_2041.jpg](drawing:spine)", "for people who cannot see it"),
        ("![A bone](drawing:nowhere)", "drawing:nowhere is not a picture of this site."),
        ("![A bone](https://elsewhere.example/a.png)", "is not a picture of this site."),
    ],
)
def test_a_picture_in_a_text_is_ours_and_has_words(picture: str, said: str) -> None:
    assert [said in each.message for each in errors(page(f"It eases. {picture}"))] == [True]
    assert errors(page("It eases. ![One bone of 4 is lower.](drawing:spine)")) == []


def test_signs_and_entities_are_no_html() -> None:
    assert errors(page("a < b, b > a, &lt;b&gt; &amp; x<y")) == []


PEOPLE = ["0 in 100", "1 in 100 had pain", "100 in 100 had pain", "44 in 100, or so, had *pain*"]
NO_PEOPLE = [
    *("44 of 100", "About 44 in 100", "101 in 100", "007 in 100", "4.4 in 100", "-4 in 100", "44"),
    *("44 in 1000", "44 in 100,000", "44 in 100.5", "44 in 100%", "Some", "", "**44 in 100** had"),
]


@pytest.mark.parametrize("item", [*PEOPLE, *NO_PEOPLE])
def test_people_are_a_whole_number_in_100(item: str) -> None:
    found = errors(page(f"::: people Pain\n\n- {item}[^a]\n:::"))

    assert ["must begin with" in each.message for each in found] == [True] * (item in NO_PEOPLE)


def warnings(document: PageDocument) -> list[tuple[str, str]]:
    return [(each.where, each.message) for each in check(document) if each.level == "warning"]


NO_CAPTION = "A table has no caption. Say what it shows on a line above it: “Table: What it shows”."


@pytest.mark.parametrize(
    ("above", "found"),
    [
        *(("Table: What *eases* it\n", []), ("Table: What eases it\n\n", [])),
        *(("", [NO_CAPTION]), ("Table:\n", [NO_CAPTION]), ("So.\n\n", [NO_CAPTION])),
        *(("Tables: What\n", [NO_CAPTION]), ("Table: What\n\nSo.\n\n", [NO_CAPTION])),
        ("::: fold More\nSo.\n:::\n", [NO_CAPTION]),
    ],
)
def test_a_table_needs_a_caption(above: str, found: list[str]) -> None:
    body = f"It eases.[^a]\n\n{above}| A | B |\n|---|---|\n| x | y |"

    assert [message for _where, message in warnings(page(body))] == found


def test_warnings_tell_and_do_not_block() -> None:
    hard = "Percutaneous vertebral augmentation necessitates radiological visualization of anatomy."
    found = warnings(
        page(
            f"{hard} It eases.",
            key_points=(),
            sections=(
                *page(f"{hard} It eases.").sections,
                Section(kind="causes", heading="Why", body=""),
            ),
        )
    )

    assert [where for where, _message in found] == ["Key points", "What it is", "Why", "Source a"]
    assert re.search(
        r"grade \d+\.\d; the most is 8\. Shorten “Percutaneous .*…”, “It eases”", found[1][1]
    )
    assert found[3][1].startswith("“a” is never cited")
    assert check(page()) == []


def test_a_treatment_that_tells_of_no_good_no_harm_and_no_source_is_told() -> None:
    bare = TreatmentDocument(
        slug="rest", title="Rest", name="rest", summary="Lying down.", sections=()
    )
    both = tuple(Section(kind=k, heading=k, body="It is so.") for k in ("benefits", "risks"))

    assert [where for where, _message in warnings(bare)] == ["Benefits", "Risks", "Sources"]
    assert [where for where, _message in warnings(dataclasses.replace(bare, sections=both))] == [
        "Sources"
    ]


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.slug)
def test_the_shipped_pages_have_nothing_wrong(document: PageDocument) -> None:
    assert check(document) == []


# One place that may cite, as it is written: a list item, a table row, or a sentence.
PLACE = re.compile(r"^ *(?:-|\d+\.) .*(?:\n +.*)*|^\|.*|(?=\S)(?:[^.?!\n]|\.(?=\d)|\n(?!\n))+[.?!:]*(?:\[\^[\w-]+\])*", re.M)  # fmt: skip
CITES = re.compile(r"\s*\[\^[\w-]+\]")


@pytest.mark.parametrize("document", PAGES[:: 1 if SOAK else 2], ids=lambda document: document.slug)
def test_a_citation_taken_away_from_a_figure_is_found(document: PageDocument) -> None:
    taken = 0
    for index, part in enumerate(document.sections):
        if part.kind in ("emergency", "see_doctor"):
            continue  # may cite below the card
        for place in PLACE.finditer(part.body):
            fences = re.findall(r"(?m)^:{3,} *(\w*)", part.body[: place.start()])
            if fences and fences[-1] in CARE_LEVELS:
                continue  # likewise
            without = CITES.sub("", place[0])
            numbers = re.sub(r"^ *\d+\. |\b[A-Z]\d+|(?s:!\[.*?\]\(.*?\))", "", without)
            if without == place[0] or not re.search(r"\d|two thirds", numbers):
                continue
            body = part.body[: place.start()] + without + part.body[place.end() :]
            sections = list(document.sections)
            sections[index] = dataclasses.replace(part, body=body)
            found = errors(dataclasses.replace(document, sections=tuple(sections)))
            assert [each.where for each in found if "no source" in each.message], place[0]
            assert {each.where for each in found} == {part.heading}
            taken += 1
    for index, point in enumerate(document.key_points):
        without = CITES.sub("", point)
        if without != point and re.search(r"\d|two thirds", without):
            points = list(document.key_points)
            points[index] = without
            found = errors(dataclasses.replace(document, key_points=tuple(points)))
            assert {each.where for each in found} == {"Key points"}, point
            taken += 1
    assert taken >= 5


def test_the_command_says_nothing_wrong_with_the_shipped_files(capsys) -> None:
    call_command("check_content", str(SHIPPED))

    last = capsys.readouterr().out.splitlines()[-1]
    assert re.match(
        r"\d+ files: 0 errors, 0 warnings\. School grade: care-without-a-procedure \d\.\d, ", last
    )


def test_the_command_names_file_and_line_and_goes_on_after_a_bad_file(
    tmp_path: Path, capsys
) -> None:
    bad = write(tmp_path, "a-bad.yaml", "title: [\n")
    more = "".join(
        f"      - kind: {kind}\n        heading: Some\n        body: It is so.\n"
        for kind in ("benefits", "risks")
    )
    good = GOOD.replace("    sources:\n", f"{more}    sources:\n")
    broken = write(tmp_path, "b-broken.yaml", good.replace("[^survey]", ""))
    write(tmp_path, "c-good.yaml", good)
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(SystemExit) as ended:
        call_command("check_content", str(tmp_path), str(empty), str(tmp_path / "none.yaml"))

    assert ended.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{bad}, line 2: error: not readable as YAML")
    assert lines[1].startswith(f"{broken}, line 10: error: What it is: “1” has no source.")
    assert lines[2].startswith(
        f"{broken}, line 21: warning: Source survey: “survey” is never cited."
    )
    assert lines[3] == f"{empty}: error: no .yaml file in this folder."
    assert lines[4].startswith(f"{tmp_path}/none.yaml: error: cannot be read")
    assert lines[5].startswith("4 files: 4 errors, 1 warnings. School grade: rest ")
