"""A clinician sees what changed since the last signature, with its sources, and signs it."""

from typing import Any

import html5lib
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from conditions.content.document import Section, Source
from conditions.models import Condition, Review
from conditions.publishing.publish import unpublish
from conditions.publishing.signing import sign
from tests.forms import Filled, form_in, sent_by
from tests.make import edited, make_account, make_condition, make_signer, published, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]

SOURCES = [
    Source(key="survey", title="A survey", year="2020"),
    Source(key="old-2010", title="An old trial", publisher="Lancet", year="2010"),
    Source(key="new-2020", title="A new trial", publisher="JAMA", year="2020"),
    Source(key="other", title="Another paper", url="https://example.org/"),
]
CARD = "- a fever of 104 degrees\n- numb legs[^other]\n\nWhere this is from.[^survey]"
ACHES = "It aches.[^new-2020]"
HURTS = "It hurts 40 in 100.[^old-2010] It may ache at night.[^other]\n\n- 3 in 100 fall[^other]"


@pytest.fixture
def condition() -> Condition:
    bodies = {"emergency": CARD, "overview": ACHES, "symptoms": HURTS, "questions": "Ask us."}
    sections = [Section(kind=kind, heading="Now:", body=body) for kind, body in bodies.items()]
    condition = make_condition(sources=SOURCES, sections=sections)
    published(condition, clinical_change=True)
    return condition


@pytest.fixture
def clinician(condition: Condition) -> Client:
    """Signed in; has signed the page as it was."""
    account = make_account("cleo", "clinician")
    make_signer(account, "Dr. Cleo Roe")
    client = signed_in(account)
    page = sign_page(client, condition)
    assert "js/unsent." in page.html  # who leaves it is asked
    assert "Nobody has signed this page yet: read the whole of it" in page.html
    page.type("read", "on").press("")
    return client


def sign_page(client: Client, condition: Condition) -> Filled:
    return Filled(client, f"/admin/conditions/condition/{condition.pk}/sign/")


def changes_in(page: Filled) -> dict[str, tuple[str, list[str]]]:
    """Return each change by its heading: what it tells, and the sources beside it."""
    tree = html5lib.parse(page.html, namespaceHTMLElements=False)
    found = {}
    for change in tree.iterfind(".//section[@class='change']"):
        heading, words = (change.find(tag) for tag in ("h3", "p"))
        assert heading is not None
        assert words is not None
        marked = [f"{each.tag} {''.join(each.itertext())}" for each in words if each.tag != "br"]
        sources = [" ".join("".join(each.itertext()).split()) for each in change.iterfind("ul/li")]
        found["".join(heading.itertext())] = (", ".join(marked), sources)
    return found


def change(condition: Condition, **sections: str | None) -> None:
    texts = {kind: body and ("Now:", body) for kind, body in sections.items()}
    edited(condition, texts)
    published(condition, clinical_change=True)


def test_each_change_stands_with_the_sources_that_its_words_cite(
    clinician: Client, condition: Condition
) -> None:
    change(
        condition,
        # A card's sources stand below it.
        emergency=CARD.replace("104", "102").replace("numb legs", "numb feet"),
        overview=ACHES.replace("aches", "aches a lot"),
        symptoms=HURTS.replace("40 in 100.[^old-2010]", "30 in 100.[^new-2020]"),
        questions=None,
    )

    page = sign_page(clinician, condition)

    assert "What changed since Dr. Cleo Roe signed on" in page.html
    assert changes_in(page) == {
        "Section: When to call 911": (
            "del 104, ins 102, del legs, ins feet",
            ["Another paper.", "A survey, 2020."],
        ),
        "Section: What it is": ("ins  a lot", ["A new trial. JAMA, 2020."]),
        "Section: Signs and symptoms": (
            "del 40, ins 30, del [^old-2010], ins [^new-2020]",
            ["A new trial. JAMA, 2020."],
        ),
        "Section: Questions to ask": ("del Now:Ask us.", []),
    }


@pytest.mark.parametrize(
    ("was", "now", "cited"),
    [
        ("3 in 100 fall", "2 in 100 fall", ["Another paper."]),  # a list item, as a whole
        ("may ache", "aches", ["Another paper."]),  # its sentence, not its paragraph
        (
            "3 in 100 fall[^other]",
            "few\n  fall and get up[^other]",
            ["Another paper."],
        ),  # a long one
        ("3 in 100 fall[^other]", "few fall", []),  # no figure, and nothing cited
        (
            "3 in 100 fall[^other]",
            "few fall[^survey][^other]",
            ["A survey, 2020.", "Another paper."],
        ),
    ],
)
def test_only_what_changed_brings_its_sources(
    clinician: Client, condition: Condition, was: str, now: str, cited: list[str]
) -> None:
    assert was in HURTS
    change(condition, symptoms=HURTS.replace(was, now))

    ((_words, sources),) = changes_in(sign_page(clinician, condition)).values()

    assert sources == cited


def test_a_second_click_on_sign_is_one_signature(clinician: Client, condition: Condition) -> None:
    change(condition, questions="Ask us soon.")
    page = sign_page(clinician, condition).type("read", "on")

    for _click in range(2):
        assert "Signed by Dr. Cleo Roe." in page.press("").text

    assert Review.objects.count() == 2  # the fixture's, and this


def test_another_date_is_another_signature(clinician: Client, condition: Condition) -> None:
    page = sign_page(clinician, condition).type("read", "on").type("next_due", "2199-01-01")
    assert "Choose a day within 5 years." in page.press("").text
    due = timezone.localdate() + 3 * settings.REVIEW_LASTS
    page.type("next_due", f"{due}")

    assert "Signed by Dr. Cleo Roe." in page.press("").text

    condition.refresh_from_db()
    assert condition.review is not None
    assert condition.review.next_due == due


def test_what_was_published_meanwhile_is_shown_before_it_is_signed(
    clinician: Client, condition: Condition
) -> None:
    page = sign_page(clinician, condition).type("read", "on")
    change(condition, overview="It aches in 10 in 100.[^other]")

    shown = page.press("")

    assert (
        "This page was changed meanwhile, by someone else or by you in another tab." in shown.text
    )
    assert "<ins>" in shown.text
    assert Review.objects.count() == 1


def test_the_due_day_that_was_typed_stays_where_the_page_was_published_meanwhile(
    clinician: Client, condition: Condition
) -> None:
    due = timezone.localdate() + settings.REVIEW_LASTS / 4
    page = sign_page(clinician, condition).type("read", "on").type("next_due", f"{due}")
    change(condition, overview="It aches in 10 in 100.[^other]")

    shown = page.press("").text

    page.fields = {name: [value] for name, value in sent_by(form_in(shown))}
    assert page["next_due"] == f"{due}"
    assert "read" not in page.fields
    assert "Tick this once you have read the page." in shown
    assert "Signed by Dr. Cleo Roe." in page.type("read", "on").press("").text
    condition.refresh_from_db()
    assert condition.review is not None
    assert (condition.review.next_due, condition.review.revision) == (due, condition.live)


def test_who_signs_what_was_taken_off_the_site_meanwhile_is_told(
    clinician: Client, condition: Condition, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sign_page(clinician, condition).type("read", "on")

    def sign_too_late(**signature: Any) -> Review:
        unpublish(page=condition, by=None)
        return sign(**signature)

    monkeypatch.setattr("conditions.editor.revisions.sign", sign_too_late)

    assert "Publish the page first." in page.press("").text
    assert Review.objects.count() == 1
