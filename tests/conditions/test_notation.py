"""What an editor writes in the site's notation, as patients, search and checks read it."""

import itertools
import re

import brotli
import html5lib
import pytest
from django.template.loader import render_to_string
from django.test import Client

from clinic_site.markdown import render
from clinic_site.models import Clinic
from clinic_site.plain import plain
from conditions.content.document import Source
from conditions.content.parts import compare
from conditions.publishing.signing import clinical_change
from tests.conditions.test_content_checks import page
from tests.make import edited, make_condition, published

pytestmark = pytest.mark.on_sqlite


@pytest.mark.django_db
def test_a_screen_reader_says_how_urgent_each_card_is(client: Client) -> None:
    body = (
        "- you cannot sleep\n\nWe answer.\n\n::: routine Call us for a visit if:\n\n- it lasts\n:::"
    )
    condition = edited(make_condition(), {"see_doctor": ("Call us today if:", body)})
    published(condition, clinical_change=True)

    page = client.get("/conditions/sore-back/").text

    for words in (
        '<div class="care care-emergency">\n<h2>'
        '<span class="hidden">Emergency: </span>Call 911 if:</h2>',
        '<div class="care care-today">\n<h2>'
        '<span class="hidden">Today: </span>Call us today if:</h2>',
        '</div>\n<p>We answer.</p>\n<div class="care care-routine"><h3>'
        '<span class="hidden">Routine: </span>Call us for a visit if:</h3>',
    ):
        assert words in page


FOLD = """\
::: fold The trials

Few people.

::: people Little pain after two weeks
- 44 in 100 had it with cement[^survey]
- 21 in 100 had it without[^survey]
:::

### More

- So.
:::

It eases.
"""


@pytest.mark.django_db
def test_a_fold_and_people_are_read_by_patients_and_found_by_search(client: Client) -> None:
    condition = edited(make_condition(), {"evidence": ("Studies", FOLD)})
    published(condition, clinical_change=True)

    page = client.get("/conditions/sore-back/").text

    html5lib.HTMLParser(strict=True).parse(page)
    start = page.index('<details class="fold">')
    fold = page[start : page.index("</details>", start)]
    assert "<summary>The trials</summary>\n<p>Few people.</p>" in fold
    assert "<h3>More</h3>\n<ul>\n<li>So.</li>\n</ul>" in fold
    assert "</details>\n<p>It eases.</p>" in page
    assert '<div class="people"><p class="caption">Little pain after two weeks</p>' in fold
    items = re.findall(r"<li>\s*(<svg.*?</svg>)\s*(.*?)</li>", fold)
    assert [re.sub(r"<sup.*</sup>", "", words) for _picture, words in items] == [
        "<strong>44 in 100</strong> had it with cement",
        "<strong>21 in 100</strong> had it without",
    ]
    assert [shown_in(picture) for picture, _words in items] == [(44, 56), (21, 79)]
    assert "had it with <mark>cement</mark>" in client.get("/search/?q=cement").text


def shown_in(picture: str) -> tuple[int, int]:
    """How many people a picture shows as told of, and how many others."""
    assert 'aria-hidden="true"' in picture
    paths = dict(re.findall(r'<path class="(\w+)" d="([^"]+)"', picture))
    yes, no = (paths.get(name, "").count("0 4a") for name in ("yes", "no"))
    return yes, no


@pytest.mark.parametrize("count", [0, 1, 9, 10, 55, 99, 100])
def test_a_picture_shows_100_people_whoever_is_told_of(count: int) -> None:
    html = render(f"::: people Of 100\n- {count} in 100 are well\n:::")

    assert shown_in(html) == (count, 100 - count)


def test_one_more_picture_of_people_costs_a_page_at_most_400_bytes() -> None:
    page = render_to_string("404.html", {"clinic": Clinic()}).partition("</main>")
    figures = ["44", "21", "7", "53"]

    def size(count: int) -> int:
        items = "".join(f"- {n} in 100 had pain\n" for n in figures[:count])
        html = page[0] + render(f"::: people Of 100\n{items}:::" if items else "") + page[2]
        return len(brotli.compress(html.encode()))

    sizes = [size(count) for count in range(5)]
    costs = [after - before for before, after in itertools.pairwise(sizes)]

    assert max(costs) <= 400, costs


@pytest.mark.parametrize(
    "text",
    [
        '<span class="people-44"></span>',
        '![<span class="people-44"></span>](drawing:spine)',
        '[a](/b "<span class=people-44></span>")',
        '::: people <span class="people-44"></span>\n- <span class="people-44"></span>\n:::',
        '::: fold <span class="people-44"></span>\n<span class="people-44"></span>\n:::',
        '| <span class="people-44"></span> |\n|---|\n| &lt;span class="people-44"> |',
        "::: people-44\n:::",
    ],
)
def test_no_text_can_stand_for_a_picture_of_people(text: str) -> None:
    assert "<svg" not in render(text)


@pytest.mark.django_db
def test_a_changed_figure_of_people_is_shown_and_takes_the_signature_away() -> None:
    condition = edited(make_condition(), {"recovery": ("After", FOLD)})
    first = published(condition, clinical_change=True)
    body = FOLD.replace("21 in 100", "22 in 100")

    edited(condition, {"recovery": body})
    second = published(condition)

    assert clinical_change(first.page_document, second.page_document)
    (change,) = compare(first.page_document, second.page_document)
    assert "<del>21</del><ins>22</ins> in 100" in change.html


@pytest.mark.parametrize(
    ("signed", "changed", "changes"),
    [
        ("::: fold More\n\nIt is rare.\n:::", "::: fold More\n\nIt is quite rare.\n:::", False),
        ("::: fold More\n\n5 do.\n:::", "::: fold More\n\n6 do.\n:::", True),
        ("::: people A\n- 5 in 100 do\n:::", "::: people B\n- 5 in 100 do\n:::", True),
    ],
)
def test_a_fold_is_text_as_any_other_and_people_are_evidence(
    signed: str, changed: str, changes: bool
) -> None:
    old, new = (page(body) for body in (signed, changed))

    assert clinical_change(old, new) == changes


def test_a_block_ends_where_its_colons_say() -> None:
    html = render("Before\n::: fold A\none\n\n- two\n:::\nafter")

    assert html == (
        '<p>Before</p>\n<details class="fold"><summary>A</summary>\n<p>one</p>\n<ul>\n'
        "<li>two</li>\n</ul>\n</details>\n<p>after</p>\n"
    )


CITED = """\
It hurts 5 people.[^survey] Most ease.[^other] It is 1 in 7.[^survey]

- 2 do[^other]
- 3 do[^survey][^other]
  1. 4 do[^other]

| A | B |
|---|---|
| 1[^survey] | 2[^survey] |

::: fold More

It was 8.[^survey]

::: people Of 100
- 5 in 100 do[^survey][^survey]
- 6 in 100 do[^other][^survey]
:::
:::
"""


@pytest.mark.django_db
def test_a_source_is_linked_once_in_each_place_and_numbered_as_it_is_met(client: Client) -> None:
    sources = [Source(key=key, title=f"The {key} one") for key in ("other", "third")]
    condition = make_condition(
        key_points=["It is new.[^third]", "It hurts.[^survey] It ends.[^third]"],
        sources=[Source(key="survey", title="A survey", year="2020"), *sources],
    )
    edited(condition, {"overview": CITED})
    published(condition, clinical_change=True)

    page = client.get("/conditions/sore-back/").text

    html5lib.HTMLParser(strict=True).parse(page)
    # survey is 1, as the key points link it before the third source.
    body = page[page.index('id="overview"') : page.index('id="sources"')]
    shown = re.sub(r"<sup[^>]*>.*?>(\d)</a></sup>", r"[\1]", body)
    shown = " ".join(re.sub(r"<[^>]+>", " ", shown).split())
    assert "It hurts 5 people. Most ease.[3] It is 1 in 7.[1] 2 do 3 do[1] 4 do[3]" in shown
    assert "1 2[1] More It was 8.[1] Of 100 5 in 100 do 6 in 100 do[3][1]" in shown
    assert re.findall(r">(\d)</a></sup>", page[: page.index('id="overview"')]) == ["1", "2"]
    assert re.findall(r'<li id="source-(\d)">\s*(.*?)[,.\n]', page) == [
        *(("1", "A survey"), ("2", "The third one"), ("3", "The other one")),
    ]
    # Each place leads to its source, and each source back to its places.
    places = re.findall(r'<a id="(cite-\d-\d+)"', page)
    assert places == [
        *("cite-1-1", "cite-2-1", "cite-3-1", "cite-1-2", "cite-1-3", "cite-3-2"),
        *("cite-1-4", "cite-1-5", "cite-3-3", "cite-1-6"),
    ]
    assert sorted(re.findall(r'href="#(cite-\d-\d+)"', page)) == sorted(places)
    assert page.count("cite-more") == 1


def test_two_sources_stay_parted_where_one_between_them_is_linked_later() -> None:
    assert render("A[^a][^b][^c]. B[^b]").count("cite-more") == 1
    assert render("A[^a][^b]. B[^a]").count("cite-more") == 0


def test_a_table_stands_under_its_caption_and_scrolls_only_where_it_is_wide() -> None:
    rows = "|{0}\n|{1}\n|{2}\n"

    def table(columns: int) -> str:
        return "Table: What **eases** it[^a]\n" + rows.format(
            *(" a |" * columns, "---|" * columns, " b[^a] |" * columns)
        )

    narrow, wide = render(table(4)), render(table(5))

    assert narrow.startswith("<table><caption>What <strong>eases</strong> it</caption><thead>")
    assert narrow.count("<sup") == 1
    assert "tabindex" not in narrow
    assert wide.startswith('<div class="table" tabindex="0"><table><caption>What ')
    assert wide.endswith("</table></div>\n")
    assert "region" not in wide
    assert plain(table(1)).splitlines() == ["What eases it", "a", "b"]
