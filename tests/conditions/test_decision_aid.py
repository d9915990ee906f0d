"""The shipped page, signed, as a decision aid: what of docs/decision-aid.md a program can tell."""

import copy
import datetime as dt
import re

import html5lib
import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from conditions.content.parts import comparison_rows
from conditions.models import Page
from conditions.publishing.signing import sign
from tests.make import make_account, make_signer
from tests.running import Visitor

# Not that the stories ask the database: so they run before a browser is started in this process.
pytestmark = [pytest.mark.django_db, pytest.mark.on_sqlite]

PATH = "/conditions/spinal-compression-fractures/"
CARE = "Care without a procedure"


class Signed:
    """The page that patients see once a clinician has signed it and its treatments."""

    def __init__(self) -> None:
        call_command("load_content", "conditions/content", verbosity=0)
        clinician = make_signer(make_account("clinician", "clinician"))
        self.due = timezone.localdate() + dt.timedelta(days=365)
        for page in Page.objects.published():
            sign(revision=page.live, by=clinician, next_due=self.due)
        self.root = html5lib.parse(Client().get(PATH).text, namespaceHTMLElements=False)

    def section(self, anchor: str):
        """A section of the page."""
        return self.root.find(f".//section[@id='{anchor}']")

    def rows(self) -> dict[str, dict[str, str]]:
        """What each row says, by the treatment that it says it of; its sources as [n]."""
        found = {}
        for body in self.section("treatments").findall(".//table[@class='options']/tbody"):
            label, cells = body.findall("tr")
            found[words(label)] = {cell.get("data-of"): words(cell) for cell in cells}
        return found


def words(element) -> str:
    """What an element says, in one line, a source's number as [n]."""
    element = copy.deepcopy(element)
    for number in element.findall(".//sup/a"):
        number.text = f" [{number.text}]"
    return " ".join("".join(element.itertext()).split())


@pytest.fixture(scope="module")
def page(django_db_setup, django_db_blocker) -> Signed:
    """One for all stories, as the content takes long to load; what was stored is gone again."""
    with django_db_blocker.unblock(), transaction.atomic():
        page = Signed()
        transaction.set_rollback(True)
    return page


def test_it_describes_the_condition_and_states_the_decision(page: Signed) -> None:
    assert "small break (doctors say fracture)" in words(page.section("overview"))
    assert words(page.section("treatments").find("h2")) == "Wait, or have a procedure?"


def test_it_lists_the_choices_care_without_a_procedure_first(
    page: Signed, visitor: Visitor
) -> None:
    links = page.section("treatments").findall(".//thead//a")

    assert [words(link) for link in links] == [CARE, "Vertebroplasty", "Kyphoplasty", "Sacroplasty"]
    for link in links:
        assert visitor.get(link.get("href")).status == 200


def test_it_says_the_same_of_each_choice_in_much_the_same_detail(page: Signed) -> None:
    rows = page.rows()

    assert set(rows) == set(comparison_rows().values())
    for label, cells in rows.items():
        assert len(cells) == 4
        lengths = [len(re.sub(r"\[\d+\]", "", cell).split()) for cell in cells.values()]
        assert max(lengths) <= 3 * min(lengths), label


def test_each_good_harm_and_doubt_has_its_source(page: Signed) -> None:
    rows = page.rows()

    for label in ("The goal", "What studies found", "Harms", "What is not known"):
        for choice, cell in rows[label].items():
            assert re.search(r"\[\d+\]$", cell), f"{label}, {choice}: {cell}"
    for cell in rows["What it is like"].values():
        assert re.search(r"\[\d+\]|We will tell you", cell)


def test_the_harms_of_a_procedure_stand_in_its_own_cell(page: Signed) -> None:
    for procedure in ("Vertebroplasty", "Kyphoplasty", "Sacroplasty"):
        cell = page.rows()["Harms"][procedure]
        assert re.search(r"leak.*infection, bleeding, cement in the lung.*death", cell), procedure


def test_it_tells_how_old_it_is_and_when_it_is_looked_at_again(page: Signed) -> None:
    review = words(page.root.find(".//p[@class='review']"))

    assert f"Updated {date_format(timezone.localdate(), 'F j, Y')}." in review
    assert f"look at this page again by {date_format(page.due, 'F j, Y')}." in review


def test_it_tells_who_says_so_before_the_choices(page: Signed) -> None:
    first = page.section("treatments").find("p")

    assert words(first) == (
        "Vascular & Interventional Specialists paid for this page, and offers these procedures."
    )


def test_it_tells_where_a_maker_paid_for_a_trial(page: Signed) -> None:
    paid = {
        number
        for number, source in enumerate(page.root.findall(".//ol[@class='sources']/li"), start=1)
        if "paid for" in words(source)
    }
    cells = [cell for row in page.rows().values() for cell in row.values()]

    assert paid
    for number in paid:
        for cell in (cell for cell in cells if f"[{number}]" in cell):
            assert "maker" in cell, cell


def test_it_asks_what_matters_to_the_patient(page: Signed) -> None:
    asked = page.section("questions").findall("ol/li")

    assert len(asked) == 3
    assert all(words(each).endswith("?") for each in asked)


def test_its_sources_are_numbered_in_the_order_in_which_they_are_read(page: Signed) -> None:
    numbers = [int(number.text) for number in page.root.findall(".//sup/a")]

    assert list(dict.fromkeys(numbers)) == list(range(1, max(numbers) + 1))
