"""The treatments of a condition side by side: what blocks it, and what the page shows."""

import dataclasses
import re
from typing import Any

import pytest
from django.test import Client

from conditions.content.checks import option_findings
from conditions.content.document import Comparison, Section, Source
from conditions.content.findings import Finding
from conditions.content.parts import comparison_rows
from conditions.models import Condition, Page
from conditions.publishing.drafts import draft_document
from conditions.publishing.publish import NotPublishable, findings_of, unpublish
from tests.make import edited, make_condition, make_treatment, published

pytestmark = pytest.mark.sqlite_first

TRIAL = Source(key="trial", title="A trial", year="2020")
FULL = {row: f"It is said: {label.lower()}." for row, label in comparison_rows().items()}


def rows(**cells: str) -> Comparison:
    """All rows of a treatment, with these instead of the usual ones."""
    return Comparison(**FULL | cells)


def make_two(comparison: Comparison | None = None) -> tuple[Condition, Page, Page]:
    """A condition that offers rest and a walk; the walk says what is given of it, or all."""
    rest = make_treatment(comparison=rows())
    walk = make_treatment(
        slug="walk", title="A walk", name="a walk", comparison=comparison or rows()
    )
    condition = make_condition(treatments=["rest", "walk"])
    edited(condition, {"treatments": ("Rest, or walk?", "You choose.")})
    return condition, rest, walk


def stops(page: Page) -> list[Finding]:
    """What stops the draft of a page from being published."""
    with pytest.raises(NotPublishable) as stopped:
        published(page)
    return stopped.value.findings


@pytest.mark.django_db
def test_a_condition_waits_until_each_of_its_treatments_says_each_row() -> None:
    condition, rest, walk = make_two(rows(harms=" "))
    published(rest)
    published(condition)  # which shows one treatment, and no table

    # The second one would stand beside it, and says nothing of harms.
    (stopped,) = stops(walk)
    assert stopped.part == "comparison-harms"
    assert "“A walk” says nothing yet under “Beside other treatments”: “Harms”" in stopped.message
    assert "as the page “Sore back”" in stopped.message

    # Whoever has no live page that shows both can be published, but then the condition cannot.
    unpublish(page=condition, by=None)
    published(walk)
    (stopped,) = stops(edited(condition, summary="It still hurts."))
    assert (stopped.part, stopped.where) == ("treatments", "Treatments")
    assert "“A walk” says nothing yet under “Beside other treatments”: “Harms”" in stopped.message

    published(edited(walk, comparison=rows()))
    published(condition)
    (stopped,) = stops(edited(rest, comparison=rows(time="")))
    assert stopped.part == "comparison-time"


@pytest.mark.django_db
def test_a_key_means_one_source_on_the_page_that_shows_it() -> None:
    condition, rest, walk = make_two()
    other = dataclasses.replace(TRIAL, year="2021")
    cited = rows(found="5 in 100 felt better.[^trial]")
    published(edited(rest, comparison=cited, sources=(TRIAL,)))
    # On its own page a treatment may call another source so, until a row cites it.
    walk = edited(walk, {"benefits": "It helped 5 in 100.[^trial]"}, sources=(other,))
    published(walk)
    published(condition)

    (stopped,) = stops(edited(walk, comparison=cited))
    assert stopped.part == "source-trial"
    assert "The source trial is not the same on “Rest” and “A walk”" in stopped.message

    published(edited(walk, comparison=cited, sources=(TRIAL,)))
    survey = draft_document(condition).sources[0]
    found = stops(edited(condition, sources=(survey, other)))  # than on either treatment
    assert [each.part for each in found] == ["source-trial"] * 2


COUNTS = {  # what two cells of a row say; whether they count people in two numbers
    "alike": ("44 in 100 felt better", "about 21 of 100 people did", False),
    "percent": ("44% felt better", "21 in 100 did", False),
    "words": ("One in ten felt better", "one out of every hundred did", True),
    "thousands": ("3 in 1,000 needed surgery", "fewer than 1 in 100 did", True),
    "one in": ("1 in 5 felt better", "44 in 100 did", True),
    "hyphens": ("1-in-5 felt better", "44 in 100 did", True),
    "a raw count": ("57 of 95 people felt better", "44 in 100 did", True),
    "older people": ("57 of the 95 older people did", "44 in 100 did", True),
    "bones": ("73 in 100 bones leaked", "164 of 201 bones did", True),
    "a scale": ("from 8.3 to 3.6 of 10", "44 in 100 felt better", False),
    "points": ("less than 1 point of 10", "44 in 100 felt better", False),
    "a year": ("it was better in 2 trials in 2017", "44 in 100 felt better", False),
    "a time": ("low pain in 3 in 12 weeks", "44 in 100 felt better", False),
    "trials": ("better in 4 in 5 trials", "44 in 100 felt better", False),
    "in one cell": ("1 in 5, or 44 in 100", "It helps", True),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("one", "other", "differ"), COUNTS.values(), ids=COUNTS.keys())
def test_a_row_counts_people_in_one_number(one: str, other: str, differ: bool) -> None:
    condition, rest, walk = make_two()
    offers: Any = draft_document(condition)
    first: Any = edited(rest, comparison=rows(found=f"{one}.")).draft
    second: Any = edited(walk, comparison=rows(found=f"{other}.")).draft
    documents = [first.page_document, second.page_document]

    found = list(option_findings(offers, documents, of=documents[1]))

    assert [each.part for each in found] == ["comparison-found"] * differ
    assert all("“What studies found”" in each.message for each in found)


@pytest.mark.django_db
def test_a_cell_is_checked_as_a_text_is(client: Client) -> None:
    walk = make_treatment(
        comparison=rows(found="It helped 5 in 100.", harms="It hurts.[^who]", like="**It is")
    )

    found = {each.part for each in findings_of(walk, draft_document(walk)) if each.level == "error"}

    assert found == {"comparison-found", "comparison-harms", "comparison-like"}


@pytest.mark.django_db
def test_the_page_lays_them_side_by_side_each_row_with_its_own_sources(client: Client) -> None:
    condition, rest, walk = make_two()
    published(edited(rest, comparison=rows(harms="It is dull.[^dull]"), sources=(
        Source(key="dull", title="On being dull"),
    )))  # fmt: skip
    published(edited(walk, comparison=rows(found="It helps.[^trial]"), sources=(TRIAL,)))
    published(condition)

    page = client.get("/conditions/sore-back/").text

    table, folded = re.findall(r'<table class="options".*?</table>', page, re.DOTALL)
    assert 'href="/treatments/rest/">Rest</a>' in table
    assert [label for label in FULL if FULL[label] in table] == [
        "what",
        "found",
        "harms",
        "unknown",
    ]
    inside = ["aim", "suits", "like", "time", "easing"]
    assert [label for label in FULL if FULL[label] in folded] == inside
    # The survey is cited above them, in the page's own text; then in the order of reading.
    assert re.findall(r'aria-label="Source (\d)"', table) == ["2", "3"]
    sources = page[page.index('<ol class="sources">') :]
    assert sources.index("A survey") < sources.index("A trial") < sources.index("On being dull")


@pytest.mark.django_db
def test_one_treatment_alone_stands_on_a_card(client: Client) -> None:
    condition, rest, _walk = make_two()
    published(rest)
    published(condition)

    page = client.get("/conditions/sore-back/").text

    assert '<table class="options"' not in page
    assert '<h3><a href="/treatments/rest/">Rest</a></h3>' in page


@pytest.mark.django_db
def test_the_clinic_says_that_it_offers_what_is_a_procedure(client: Client) -> None:
    condition, rest, walk = make_two()
    for page in (rest, walk):
        published(edited(page, {"evidence": "It is so."}, uses_needle=page == walk))
    published(edited(condition, sections=(
        *draft_document(condition).sections,
        Section(kind="evidence", heading="Studies", body="They differ."),
    )))  # fmt: skip

    assert "offers this treatment" in client.get("/treatments/walk/").text
    assert "offers this treatment" not in client.get("/treatments/rest/").text
    assert client.get("/conditions/sore-back/").text.count(" offers these ") == 1
