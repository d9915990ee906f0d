"""What an editor mistypes or pastes is told before patients see it; what is meant is left alone."""

import re
from html import unescape
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.markdown import parse, render
from conditions.content.findings import at, error
from conditions.content.marks import Slip, cites_in_link, slips, slips_of_line
from tests.generated import many

pytestmark = pytest.mark.on_sqlite


def message(slip: Slip) -> str:
    return error(at("title"), slip.code, *slip.words).message


def codes(text: str) -> list[str]:
    return [slip.code for slip in slips(parse(text))]


# A slip, its code, what names it, and three texts that are near it and none.
SLIPS = [
    ("###Heading", "no_space", "###Heading", ["### Heading", "#5 bone", "The C#Heading"]),
    ("It eases.\n\n#Pain", "no_space", "#Pain", ["#1 of all", "It is #Pain", r"\#Pain"]),
    ("###\u00a0Pain", "no_space", "### Pain", ["###\tPain", "#### Pain", "### Pain ###"]),
    ("####### Pain", "no_space", "####### Pain", ["#### Pain", "#### #5", "####"]),
    ("##5 days", "no_space", "##5 days", ["## 5 days", "#5 days", "On day #5"]),
    ("-pain", "no_space", "-pain", ["- pain", "-5 degrees", "on-pain"]),
    ("+pain", "no_space", "+pain", ["+ pain", "+1 605-217-5617", "Vitamin D +calcium"]),
    ("-**Pain**", "no_space", "-Pain", ["- **Pain**", "It is -**Pain**", r"\-**Pain**"]),
    ("So:\n-pain", "no_space", "-pain", ["So:\n- pain", "So: -pain", "So:\n-5 is"]),
    ("-\u00a0pain", "no_space", "- pain", ["-  pain", "-\tpain", "- pain\u00a0now"]),
    ("*\u202fpain", "no_space", "* pain", ["* pain", "5\u202f*\u202f3", "pain\u202f- now"]),
    ("\u200b- pain", "no_space", "- pain", ["- \u200bpain", " - pain", "pain\u200b- now"]),
    ("\u00a0- pain", "no_space", "- pain", ["   - pain", "pain\u00a0- now", "\u00a0pain"]),
    ("1)pain", "no_space", "1)pain", ["1) pain", "1)", "(see 1)pain"]),
    ("2.Rest", "no_space", "2.Rest", ["2. Rest", "2.5 mg", "Step 2.Rest"]),
    ("2.\u00a0Rest", "no_space", "2. Rest", ["2.\tRest", "### 2.\u00a0Rest", "Type 2.\u00a0Rest"]),
    ("**pain", "stray_mark", "**pain", ["**pain**", "5 * 3 * 2", r"\*\*pain"]),
    ("Much pain** now", "stray_mark", "pain** now", ["Much **pain** now", "`pain**`", "pain * now"]),
    ("**Note:**rest", "stray_mark", "**Note:**rest", ["**Note:** rest", "**Note**:rest", "**No**te"]),
    ("** pain **", "stray_mark", "** pain **", ["**pain, now**", "* pain", "**pain\nnow**"]),
    ("****", "stray_mark", "****", ["**no**", r"\*\*\*\*", "* *"]),
    ("***pain**", "stray_mark", "*pain", ["***pain***", "**\\*pain**", "**a * b**"]),
    ("__init", "stray_mark", "__init", ["__init__", "Name: ____", "jane__doe@x.example"]),
    ("~~old~~", "stray_mark", "~~old~~ ", ["~5 mg", "a ~ b", "/~jane"]),
    ("*pain", "stray_mark", "*pain", ["*pain*", "* pain", "5*3"]),
    ("no pain_ now", "stray_mark", "no pain_ now", ["no _pain_ now", "IMG_2041", "a _ b"]),
    ("(*pain)", "stray_mark", "(*pain)", ["(*pain*)", "(*)", r"(\*pain)"]),
    ("pain*[^a]", "stray_mark", "pain*", ["*pain*[^a]", "*pain[^a]*", r"pain\*[^a]"]),
    ("| A |\n|---|\n| **x |", "stray_mark", "**x", ["| A |\n|---|\n| **x** |", "| A |\n|---|\n| * |", "| A |\n|---|\n| -x |"]),
    ("• pain\n• more", "bullet", "• pain", ["- pain", "5 • 3", r"It eases • more"]),
    ("You feel:\n●pain", "bullet", "●pain", ["You feel: ●", "| A |\n|---|\n| ● |", "### ● Pain"]),
    ("- • pain", "bullet", "• pain", ["- pain •", "- pain", "- pain·more"]),
    ("&bull; pain", "bullet", "• pain", ["5 &bull; 3", "&amp; pain", "`&bull; pain`"]),
    ("\uf0b7\tpain", "bullet", "\uf0b7 pain", ["- \tpain", "pain \uf0b7", "→ pain"]),
    ("o\tpain", "bullet", "o pain", ["o pain", "of\tpain", "no\tpain"]),
    ("– pain", "bullet", "– pain", ["It eases\n– often – now", "–5 degrees", "— Jane Doe"]),
    ("You feel:\n– pain", "bullet", "– pain", ["You feel – pain", "### – Pain", "It is 5\n– 3"]),
    ("2016. A trial.", "year_list", "2016. A trial.", ["In 2016. A trial.", "In\n2016. A trial.", "2016 was it."]),
    ("1. Rest\n2016. Walk", "year_list", "2016. Walk", ["1. Rest\n1. Walk", "99. Walk", "1. In 2016. Walk"]),
    ("- 911) Call", "year_list", "911) Call", ["- 911 Call", "- Call 911) now", r"- 911\) Call"]),
    ("[see[^a] this](/x)", "cite_in_link", "[see[^a] this](/x)", ["[see this](/x)[^a]", "It eases.[^a](Or so)", "[see] this[^a] (x)"]),
    ("[a [b][^a][^b]](/x)", "cite_in_link", "[a [b][^a][^b]](/x)", ["[a [b]](/x)[^a][^b]", "[a][^a] [b](/x)", "[a](/x)[^a] [b](/x)"]),
    ("![A bone[^a]](drawing:spine)", "cite_in_link", "![A bone[^a]](drawing:spine)", ["![A bone](drawing:spine)[^a]", "![A bone](drawing:spine) [^a]", "[^a]![A bone](drawing:spine)"]),
    ("It eases.[^a", "open_cite", "It eases.[^a", ["It eases.[^a]", "It eases.[a]", "[5] ^"]),
    ("It eases.[ ^a]", "open_cite", "It eases.[ ^a]", ["It eases. [^a]", "[x ^a]", r"It eases.\[^a"]),
    ("[us] (/contact/)", "no_link", "[us] (/contact/)", ["[us](/contact/)", "[us] (or not)", r"\[us](/contact/)"]),
    ("(us)[/contact/]", "no_link", "(us)[/contact/]", ["(us)[^a]", "(us) [us](/contact/)", "(us)[or not]"]),
    ("<https://x.example/>", "no_link", "<https://x.example/>", ["https://x.example/", "a <b", "[x](<https://x.example/>)"]),
    ("| a | b |\n| c | d |", "table", "| a | b |", ["| a | b |\n|---|---|", "a | b", "|x| is 5"]),
    ("::: fold **More**\nSo.\n:::", "as_typed", "**More**", ["::: fold More\n**So.**\n:::", "::: fold 2. More\n:::", "::: fold More[^a]\n:::"]),
    ("> so", "no_effect", "> so", ["> 50 years", "5 > so", r"\> so"]),
    ("So\n---", "no_effect", "---", ["So --- now", "- - -", "Name:\n____"]),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "code", "words", "near"), SLIPS, ids=lambda each: str(each)[:20])
def test_a_slip_is_told_and_what_is_near_it_is_none(
    typed: str, code: str, words: str, near: list[str]
) -> None:
    [slip] = slips(parse(typed))

    assert slip.code == code
    assert words.strip() in slip.words[0].strip("\u200b")
    assert f"“{slip.words[0]}”" in message(slip)
    assert len(near) == 3
    assert [codes(each) for each in near] == [[], [], []]


@pytest.mark.parametrize(
    "typed", [typed for typed, *_rest in SLIPS if codes(typed) != ["year_list"]]
)
def test_what_is_told_is_what_patients_would_see(typed: str) -> None:
    """No slip is told of a mark that took effect: what names it stands in the page's words."""
    seen = unescape(re.sub(r"<[^>]*>", "", str(render(typed))))

    for slip in slips(parse(typed)):
        if slip.code != "cite_in_link":
            assert " ".join(slip.words[0].split()) in " ".join(seen.split())


@pytest.mark.parametrize(
    "typed", [slip[0] for slip in SLIPS if slip[1] in {"no_space", "bullet", "cite_in_link"}]
)
def test_what_a_message_says_to_write_is_no_slip(typed: str) -> None:
    [slip] = slips(parse(typed))
    _start, _quote, mended = message(slip).rpartition("“")

    assert codes(mended.partition("”")[0]) == []


def test_each_paragraph_names_each_of_its_slips_once() -> None:
    body = "• pain\n• **more\n• yet more\n\nIt **eases.\n\n- -5\n- -pain"

    assert codes(body) == ["bullet", "stray_mark", "stray_mark", "no_space"]


@pytest.mark.parametrize("code", ["a\u00a0\u200b**", "*", "- x", "[^", "# "])
def test_what_stands_as_code_or_behind_a_backslash_is_meant(code: str) -> None:
    escaped = re.sub(r"([-*#\[])", r"\\\1", code)

    assert codes(f"It is `{code}` so.") == []
    assert codes(f"{escaped} it is") == []
    assert codes(f"{escaped} it is, **so") == ["stray_mark"]


@pytest.mark.parametrize(
    "text", ["It eases.[^a]", "**It** eases.", "2. Rest", "2016. A trial", "5 * 3", "See [us](/x)"]
)
def test_a_key_point_takes_marks_within_its_line(text: str) -> None:
    assert [*slips_of_line(text, takes_marks=True)] == []


@pytest.mark.parametrize(
    "text", ["- It eases.[^a]", "### Pain", "• It eases", "-It eases", "| a |\n|---|", "::: fold x"]
)
def test_a_key_point_is_no_list_and_no_heading(text: str) -> None:
    [slip] = slips_of_line(text, takes_marks=True)

    assert slip.code == "as_typed"
    assert slip.words[0] in text.replace("\n", " ")


@pytest.mark.parametrize("text", ["**It eases", "It eases.[^a", "[see[^a] this](/x)"])
def test_a_key_points_other_slips_are_told_by_their_names(text: str) -> None:
    assert [slip.code for slip in slips_of_line(text, takes_marks=True)] == codes(text)


@pytest.mark.parametrize(
    "text",
    ["**Pain**", "Pain[^a]", "### Pain", "[Pain](/x)", "- Pain", "Pain**", "• Pain", "_Pain_"],
)
def test_a_heading_and_a_summary_take_no_marks(text: str) -> None:
    [slip] = slips_of_line(text, takes_marks=False)

    assert slip.code == "as_typed"
    assert f"“{text}”" in message(slip)


@pytest.mark.parametrize(
    "text", ["", "Pain", "2. Rest", "T11-12 & L4/5", "5 * 3", "#5 bone", "Do I need it?", "5 < 6"]
)
def test_a_plain_heading_is_left_alone(text: str) -> None:
    assert [*slips_of_line(text, takes_marks=False)] == []


def test_a_source_in_a_links_words_is_known_from_the_unsafe_address_it_looks_like() -> None:
    def faulty(text: str) -> list[bool]:
        return [bool(cites_in_link(token)) for token in parse(text) if token.type == "inline"]

    assert faulty("[see[^a] this](/x)\n\n[us](javascript:x)[^a]") == [True, False]


def _texts(data: object) -> list[str]:
    """Every body of a content file, however deep."""
    if isinstance(data, list):
        return [text for each in data for text in _texts(each)]
    if isinstance(data, dict):
        own = [data["body"]] if isinstance(data.get("body"), str) else []
        return own + [text for each in data.values() for text in _texts(each)]
    return []


@pytest.mark.parametrize(
    "path",
    sorted((settings.BASE_DIR / "conditions/content").glob("*.yaml")),
    ids=lambda path: path.stem,
)
def test_the_shipped_files_have_no_slip(path: Path) -> None:
    data = yaml.safe_load(path.read_text())

    assert [slip for body in _texts(data) for slip in slips(parse(body))] == []
    for point in data.get("key_points", []):
        assert [*slips_of_line(point, takes_marks=True)] == []
    headings = [section["heading"] for section in data.get("sections", [])]
    for line in [*headings, *(data.get(name) or "" for name in ("title", "name", "summary"))]:
        assert [*slips_of_line(line, takes_marks=False)] == []


PIECES = [
    *("**", "*", "__", "_", "~~", "#", "###", "- ", "-", "+", "1.", "2016. ", "1)", "•", "–", "o\t", "\u00a0"),
    *("\u200b", "\ufeff", "\ufffc", "[", "]", "(", ")", "[^a]", "[^", "](/x)", "![", "](drawing:spine)", "\\", "`"),
    *("| a | b |", "|---|---|", "\n", "\n\n", "  \n", "    ", "::: fold x", ":::", "::: people P", "- 44 in 100"),
    *(">", "---", "===", "Table: x", "&bull;", "&#10;", "&#0;", "\0", "<https:", "%s", "%", "pain", "§", "\u2028"),
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=14).map("".join))
@many(5000, sample=50)
def test_hostile_text_is_told_of_in_words(text: str) -> None:
    found = [*slips(parse(text)), *slips_of_line(text, takes_marks=True)]
    found += slips_of_line(text, takes_marks=False)

    for slip in found:
        assert slip.code
        assert slip.words[0] in message(slip)


@given(
    st.lists(
        st.sampled_from([*"abc", "b-c", "T12", "5", "911,", "so.", "(or", "not)", "5%", "a/b"]),
        min_size=1,
    ).map(" ".join)
)
@many(2000, sample=50)
def test_words_without_marks_are_never_told_of(text: str) -> None:
    assert codes(text) == []
    assert [*slips_of_line(text, takes_marks=False)] == []
