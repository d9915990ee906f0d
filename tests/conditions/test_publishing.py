"""What patients see is what was published, never the draft."""

import datetime as dt
import re
from collections import Counter

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from markdown_it.token import Token

from clinic_site import markdown
from clinic_site.clinic import Remembered, active_physicians
from clinic_site.edit_conflict import EditConflict
from clinic_site.models import Clinic, Physician
from conditions.content.document import Source, document_of_text
from conditions.content.kinds import SectionKind
from conditions.models import Condition, Page, Review, Revision
from conditions.publishing.drafts import draft_document, revert_to
from conditions.publishing.publish import NotPublishable, findings_of, publish, unpublish
from conditions.publishing.signing import sign
from conditions.rendering import _about
from conditions.todo import review_todo
from conditions.views import _published_page
from tests.make import (
    SECTIONS,
    by,
    edited,
    make_account,
    make_condition,
    make_signer,
    make_treatment,
    published,
    sign_in_as,
)

pytestmark = pytest.mark.on_postgresql


@pytest.mark.django_db
def test_a_draft_is_not_public_until_it_is_published(client: Client) -> None:
    condition = make_condition()
    assert client.get("/conditions/sore-back/").status_code == 404
    assert "Sore back" not in client.get("/conditions/").text

    published(condition, clinical_change=True)

    page = client.get("/conditions/sore-back/")
    assert page.status_code == 200
    assert "your legs are numb" in page.text
    assert "Sore back" in client.get("/").text


@pytest.mark.django_db
def test_a_change_shows_only_once_it_is_published(client: Client) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    edited(condition, {"overview": "It can hurt at night."})
    edited(condition, title="Aching back")

    assert "hurt at night" not in client.get("/conditions/sore-back/").text
    assert "Aching back" not in client.get("/conditions/").text
    published(condition, clinical_change=True)
    assert "hurt at night" in client.get("/conditions/sore-back/").text
    assert "Aching back" in client.get("/conditions/").text


@pytest.mark.django_db
def test_sections_stand_in_the_order_of_their_kinds_whenever_they_were_written(
    client: Client,
) -> None:
    condition, treatment = make_condition(), make_treatment()
    for page, kinds in (
        (condition, ["next_steps", "causes", "suits", "see_doctor"]),
        (treatment, ["questions", "risks", "overview"]),
    ):
        for kind in kinds:
            heading = f"About {kind}:" if kind == "see_doctor" else f"About {kind}"
            edited(page, {kind: (heading, "- it hurts")})
        published(page, clinical_change=True)

    for path, anchors in (
        ("conditions/sore-back", ["emergency", "see-doctor", "overview", "suits", "causes"]),
        ("treatments/rest", ["overview", "risks", "questions"]),
    ):
        shown = re.findall(r'<section[^>]* id="([a-z-]+)"', client.get(f"/{path}/").text)
        assert [each for each in shown if each in anchors] == anchors


@pytest.mark.django_db
def test_each_publication_is_a_numbered_revision_that_never_changes() -> None:
    editor = make_account("editor", "editor")
    condition = make_condition()

    first = published(condition, by=by(editor), clinical_change=True)
    unchanged = published(condition, by=by(editor), clinical_change=True)
    edited(condition, summary="A back that hurts a lot.")
    second = published(condition, clinical_change=True)

    assert unchanged == first
    assert (first.number, second.number) == (1, 2)
    assert Revision.objects.get(pk=first.pk).published_by == editor
    first.note = "Other"
    with pytest.raises(ValueError, match="never changed"):
        first.save()


@pytest.mark.django_db
def test_what_an_editor_types_is_shown_and_never_obeyed() -> None:
    condition = make_condition(title="Back & <b>bones</b>")
    body = (
        "<script>alert(1)</script> [a](javascript:alert(1)) ![x](https://evil.example/x.png)\n\n"
        "[b](http://evil.example) {{ clinic }} <img src=x onerror=y> [^nowhere]"
    )
    edited(condition, {"overview": body})
    with pytest.raises(NotPublishable):
        published(condition, clinical_change=True)
    client = sign_in_as("editor")

    page = client.get(f"/admin/conditions/condition/{condition.pk}/preview/").text

    assert "<script>" not in page
    assert "onerror=y>" not in page
    assert 'href="javascript:' not in page
    assert 'src="https://evil.example' not in page
    assert 'href="http://evil' not in page
    assert "{{ clinic }}" in page
    assert "Back &amp; &lt;b&gt;bones&lt;/b&gt;" in page


def sign_live(condition: Condition, **values) -> Review:
    revision = Condition.objects.get(pk=condition.pk).live
    assert revision is not None
    clinician = make_signer(make_account("clinician", "clinician"))
    due = timezone.localdate() + dt.timedelta(days=365)
    return sign(**{"revision": revision, "by": clinician, "next_due": due, **values})


def publish_change(condition: Page, body: str, *, clinical_change: bool = False) -> Page:
    """Change the overview and publish it; return the page as it is then."""
    edited(condition, {"overview": body})
    published(condition, clinical_change=clinical_change)
    return Page.objects.select_related("review").get(pk=condition.pk)


@pytest.mark.django_db
def test_an_unsigned_page_says_so_and_a_signed_one_names_who_and_when(client: Client) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    unsigned = client.get("/conditions/sore-back/").text
    assert "A clinician has not signed this page yet." in unsigned
    assert "We will look at this page again" not in unsigned

    sign_live(condition)

    page = client.get("/conditions/sore-back/").text
    assert f"Reviewed by Dr. Jane Doe on {date_format(timezone.localdate(), 'F j, Y')}." in page
    assert "We will look at this page again by" in page
    assert f"Updated {date_format(timezone.localdate(), 'F j, Y')}." in page
    assert "not signed" not in page


@pytest.mark.django_db
def test_a_signature_falls_with_a_number_and_stays_with_a_comma(client: Client) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    sign_live(condition)

    comma = publish_change(condition, "It hurts, 1 in 5 people.[^survey]")
    assert comma.review is not None
    assert "Wording was edited since." in client.get("/conditions/sore-back/").text

    number = publish_change(condition, "It hurts, 1 in 6 people.[^survey]")
    assert number.review is None
    assert "has not signed" in client.get("/conditions/sore-back/").text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        lambda c: edited(c, {"emergency": "- your arms are numb"}),
        lambda c: edited(c, {"overview": "It hurts 1 in 5 people.[^survey] It does.[^survey]"}),
        lambda c: edited(c, {"evidence": ("Studies", "Few.")}),
        lambda c: edited(c, sources=(Source(key="survey", title="A survey", year="2021"),)),
        lambda c: edited(c, treatments=(make_treatment().ref,)),
    ],
    ids=["emergency", "citation", "evidence", "source", "treatment"],
)
def test_a_signature_falls_with_what_matters_even_if_called_wording(change) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    sign_live(condition)

    change(condition)
    published(condition)

    assert Condition.objects.get(pk=condition.pk).review is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "stays"),
    [
        ("It hurts. ![One bone, is lower](drawing:spine)", True),
        ("It hurts. ![No bone is lower](drawing:spine)", False),
        ("It hurts. ![One bone is lower](drawing:where)", False),
    ],
)
def test_a_signature_falls_with_the_words_for_a_picture(body: str, stays: bool) -> None:
    condition = make_condition(sources=[])
    edited(condition, {"overview": "It hurts. ![One bone is lower](drawing:spine)"})
    published(condition, clinical_change=True)
    sign_live(condition)

    edited(condition, {"overview": body})
    published(condition)

    assert (Condition.objects.get(pk=condition.pk).review is not None) == stays


SIGNED = "One in five people lie down.[^survey] Half do not, see [us](/contact/).[^survey]"
MEANINGS = {
    "one in five": "One in ten people lie down.[^survey] Half do not, see [us](/contact/).[^survey]",
    "half": "One in five people lie down.[^survey] Two thirds do not, see [us](/contact/).[^survey]",
    "not": "One in five people lie down.[^survey] Half do, see [us](/contact/).[^survey]",
    "citation": "One in five people lie down.[^survey][^survey] Half do not, see [us](/contact/).[^survey]",
    "link": "One in five people lie down.[^survey] Half do not, see [us](/physicians/).[^survey]",
}
WORDINGS = {
    "comma": "One in five people lie down.[^survey] Half do not; see [us](/contact/).[^survey]",
    "capital": "one in five people lie down.[^survey] Half do not, see [us](/contact/).[^survey]",
    "words": "One in five patients lie down.[^survey] Half do not, see [us](/contact/).[^survey]",
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [*MEANINGS.values(), *WORDINGS.values()], ids=[*MEANINGS, *WORDINGS]
)
def test_numbers_in_words_and_their_order_count_and_commas_do_not(body: str) -> None:
    condition = make_condition()
    edited(condition, {"overview": SIGNED})
    published(condition, clinical_change=True)
    sign_live(condition)

    stays = publish_change(condition, body).review is not None

    assert stays == (body in WORDINGS.values())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "signed", "changed", "stays"),
    [
        ("emergency", "- your legs are numb", "- your legs, are numb", True),
        ("emergency", "- oxygen < 90[^survey]", "- oxygen > 90[^survey]", False),
        ("see_doctor", "- fever of ≥ 103[^survey]", "- fever of ≤ 103[^survey]", False),
        ("overview", "It is -5 degrees.[^survey]", "It is 5 degrees.[^survey]", False),
        ("overview", "In < 5 in 100.[^survey]", "In >5 in 100.[^survey]", False),
        ("overview", "In < **5** in 100.[^survey]", "In > **5** in 100.[^survey]", False),
        ("overview", "In < five in 100.[^survey]", "In > five in 100.[^survey]", False),
        ("overview", "For 5 – 10 days.[^survey]", "For 5–10 days.[^survey]", True),
        ("emergency", "- oxygen < 90[^survey]", "- oxygen <90[^survey]", True),
        ("emergency", "- your X\u2011ray hurts", "- your X-ray hurts", True),
        ("overview", "One to 5 in 100.[^survey]", "One to (5) in 100.[^survey]", True),
        ("recovery", "Rest – at home.", "Rest, at home.", True),
        ("emergency", "- your legs are numb", "- your legs are weak", False),
        ("see_doctor", "- it does not ease", "- it does ease", False),
        ("evidence", "Few studies, few people.", "Few studies few people.", True),
        ("evidence", "Few studies.", "Most studies.", False),
        (
            "recovery",
            "::: today Call us if:\n\n- it hurts\n:::",
            "::: today Call us if:\n\n- it itches\n:::",
            False,
        ),
    ],
)
def test_any_word_of_clinical_text_counts(
    kind: str, signed: str, changed: str, stays: bool
) -> None:
    condition = make_condition()
    edited(condition, {kind: ("Now, if:", signed)})
    published(condition, clinical_change=True)
    sign_live(condition)

    edited(condition, {kind: changed})
    published(condition)

    assert (Condition.objects.get(pk=condition.pk).review is not None) == stays


@pytest.mark.django_db
def test_text_put_back_as_it_was_signed_is_not_edited(client: Client) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    sign_live(condition)
    before = SECTIONS["overview"][1]

    publish_change(condition, before.replace("It hurts", "It aches for"))
    assert "Wording was edited since." in client.get("/conditions/sore-back/").text
    publish_change(condition, before)
    assert "Wording was edited since." not in client.get("/conditions/sore-back/").text


@pytest.mark.django_db
def test_a_draft_of_one_page_changes_nothing_on_another(client: Client) -> None:
    condition, treatment = make_condition(), make_treatment()
    edited(condition, treatments=("rest",))
    edited(condition, {"treatments": ("Choices", "Ask us.")})
    published(treatment, clinical_change=True)
    published(condition, clinical_change=True)
    sign_live(condition)

    # An address changed in the treatment's draft only; the condition is published again.
    edited(treatment, slug="lying-down")
    assert publish_change(condition, "It aches, 1 in 5 people.[^survey]").review is not None
    assert "Lying down." in client.get("/conditions/sore-back/").text
    # An offer taken from the condition's draft only.
    edited(condition, treatments=())
    assert "Sore back" in client.get("/treatments/rest/").text


@pytest.mark.django_db
def test_a_page_names_a_treatment_whatever_its_address_is_today(client: Client) -> None:
    condition, treatment = make_condition(), make_treatment()
    edited(condition, {"treatments": ("Choices", "Ask us.")}, treatments=("rest",))
    published(treatment)
    first = published(condition)
    edited(treatment, slug="bed-rest")
    published(treatment)
    publish_change(condition, "Changed.")

    take_back(first)
    published(condition)

    assert 'href="/treatments/bed-rest/"' in client.get("/conditions/sore-back/").text
    assert client.get("/treatments/rest/")["Location"] == "/treatments/bed-rest/"


@pytest.mark.django_db
def test_an_address_redirects_also_after_the_page_was_off_the_site(client: Client) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    unpublish(page=condition, by=None)
    edited(condition, slug="new")
    published(condition, clinical_change=True)

    assert client.get("/conditions/sore-back/")["Location"] == "/conditions/new/"


@pytest.mark.django_db
def test_what_is_not_an_error_is_told_before_publishing() -> None:
    other = make_condition(slug="other", title="Other")
    condition = make_condition(
        treatments=[make_treatment().ref], related=["other", "rest"], physicians=["dr-a"]
    )
    published(condition, clinical_change=True)
    condition = Condition.objects.select_related("draft").get(pk=condition.pk)

    told = [(each.part, each.message) for each in findings_of(condition, draft_document(condition))]

    for place, words in (
        ("treatments", "of the kind “Treatments”"),
        ("treatments", "“Rest” is not published, so it does not show. Publish it."),
        ("related", "“Other” is not published"),
        ("related", "There is no page “rest”"),  # that is a treatment
        ("physicians", "No physician “dr-a” is shown to patients."),
        ("", "No clinician has signed"),
    ):
        assert any(part == place and words in message for part, message in told), (words, told)
    published(other)
    Physician.objects.create(slug="dr-a", name="Dr. A", specialty="x", bio="y")
    active_physicians.look()
    told = [(each.part, each.message) for each in findings_of(condition, draft_document(condition))]
    assert "physicians" not in [part for part, _message in told]
    assert not any("Other" in message for _part, message in told)


@pytest.mark.django_db
def test_a_name_whose_page_is_gone_never_shows_what_takes_it_later(client: Client) -> None:
    condition = make_condition(treatments=["tape"], related=["knee"])
    with pytest.raises(NotPublishable, match="There is no page “tape” any more"):
        published(condition)
    published(edited(condition, treatments=()))
    # A page of before this was refused.
    live = Revision.objects.latest("published_at")
    document = {**live.document, "treatments": ["tape"]}
    QuerySet.update(Revision.objects.filter(pk=live.pk), document=document)

    published(make_condition(slug="tape", title="Worn tape"))
    published(make_treatment(slug="knee", title="Knee brace"))

    main = client.get("/conditions/sore-back/").text.partition("<main")[2].partition("</main>")[0]
    assert "It hurts 1 in 5 people." in main
    assert "Worn tape" not in main
    assert "Knee brace" not in main


@pytest.mark.django_db
def test_the_clinics_own_phone_is_no_figure() -> None:
    Clinic.objects.create(pk=1, phone="+16055550199")
    condition = make_condition()
    edited(condition, {"overview": "Call 605-555-0199."})

    published(condition, clinical_change=True)
    edited(condition, {"overview": "Call 605-555-0123."})
    with pytest.raises(NotPublishable):
        published(condition, clinical_change=True)


@pytest.mark.django_db
def test_a_revision_is_neither_changed_nor_deleted() -> None:
    revision = published(make_condition(), clinical_change=True)

    for forbidden in (
        lambda: Revision.objects.all().update(note="x"),
        lambda: Revision.objects.all().delete(),
        revision.delete,
    ):
        with pytest.raises(ValueError, match="A revision is never"):
            forbidden()
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.create(
            page=revision.page, number=9, document={}, by_hand=False, published_at=timezone.now()
        )


@pytest.mark.django_db
def test_every_condition_ends_with_an_invitation(client: Client) -> None:
    published(make_condition(), clinical_change=True)

    assert "To talk with us about a sore back, call" in client.get("/conditions/sore-back/").text


@pytest.mark.django_db
def test_a_change_of_meaning_takes_the_signature_away() -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    sign_live(condition)

    assert publish_change(condition, "It hurts most people.", clinical_change=True).review is None


@pytest.mark.django_db
def test_an_overdue_review_is_told_to_patients_and_stands_in_the_tasks(client: Client) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    today = timezone.localdate()
    review = sign_live(condition, next_due=today + dt.timedelta(days=59))
    assert [task.text for task in review_todo(bool)] == [
        f"Review “Sore back” by {date_format(review.next_due)}."
    ]

    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=70)):
        assert "The next review is overdue: Sore back." in client.get("/conditions/sore-back/").text
        assert "it was due on" in next(iter(review_todo(bool))).text


@pytest.mark.django_db
def test_a_page_shows_the_weakest_review_of_its_parts(client: Client) -> None:
    condition, treatment = make_condition(), make_treatment()
    edited(condition, treatments=("rest",))
    published(treatment, clinical_change=True)
    published(condition, clinical_change=True)

    sign_live(condition)

    page = client.get("/conditions/sore-back/").text
    assert "Reviewed by Dr. Jane Doe" in page
    assert "Not signed by a clinician yet: Rest." in page


@pytest.mark.django_db
def test_only_the_live_revision_can_be_signed() -> None:
    condition = make_condition()
    first = published(condition, clinical_change=True)
    publish_change(condition, "Changed.")

    with pytest.raises(EditConflict):
        sign_live(condition, revision=first)
    with pytest.raises(ValidationError):
        sign_live(condition, next_due=timezone.localdate())
    with pytest.raises(ValidationError):
        sign_live(condition, by=by(make_account("kim", "clinician")))


@pytest.mark.django_db
def test_a_page_taken_off_the_site_answers_gone_and_leads_on(client: Client) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)

    unpublish(page=condition, by=None)

    answer = client.get("/conditions/sore-back/")
    assert answer.status_code == 410
    assert "/conditions/" in answer.text
    assert "605-217-5617" in answer.text
    assert "Sore back" not in client.get("/conditions/").text
    published(condition, clinical_change=True)
    assert client.get("/conditions/sore-back/").status_code == 200


@pytest.mark.django_db
def test_a_changed_address_redirects_for_ever(client: Client) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    for slug in ("aching-back", "back-pain"):
        edited(condition, slug=slug)
        published(condition)

    for slug in ("sore-back", "aching-back"):
        answer = client.get(f"/conditions/{slug}/")
        assert (answer.status_code, answer["Location"]) == (301, "/conditions/back-pain/")
    assert client.get("/conditions/back-pain/").status_code == 200


@pytest.mark.django_db
def test_an_address_changed_in_the_draft_changes_nothing_yet(client: Client) -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    edited(condition, slug="other")

    assert client.get("/conditions/sore-back/").status_code == 200
    assert client.get("/conditions/other/").status_code == 404
    assert "/conditions/sore-back/" in client.get("/sitemap.xml").text


@pytest.mark.django_db
def test_an_address_that_is_taken_after_the_checks_is_told(monkeypatch) -> None:
    published(make_condition(), clinical_change=True)
    second = make_condition(ref="another")
    monkeypatch.setattr("conditions.publishing.publish.findings_of", lambda *each: [])

    with pytest.raises(NotPublishable, match="sore-back"):
        published(second, clinical_change=True)


@pytest.mark.django_db
def test_another_pages_address_is_not_taken() -> None:
    condition = make_condition()
    published(condition, clinical_change=True)
    edited(condition, slug="back")
    published(condition)
    other = make_condition(slug="sore-back", ref="another")

    with pytest.raises(NotPublishable, match="has, or had, the address “sore-back”"):
        published(other, clinical_change=True)


def take_back(revision: Revision, **values) -> Revision:
    page = Page.objects.select_related("draft").get(pk=revision.page_id)
    editor = by(make_account("editor", "editor"))
    given = {"page": page, "by": editor, "draft": page.draft, "note": "Back", **values}
    return revert_to(revision=revision, **given)


@pytest.mark.django_db
def test_an_earlier_text_is_the_draft_again_and_live_once_it_is_published(client: Client) -> None:
    condition = make_condition()
    first = published(condition)
    shown = publish_change(condition, "Something wrong.").draft

    back = take_back(first)

    assert (back.number, back.by_hand) == (3, True)
    assert back.page_document == first.page_document
    assert "Something wrong" in client.get("/conditions/sore-back/").text
    published(condition)
    assert "Something wrong" not in client.get("/conditions/sore-back/").text
    with pytest.raises(EditConflict):
        take_back(first, draft=shown)


@pytest.mark.django_db
def test_a_text_that_was_live_before_goes_live_as_a_revision_of_its_own(client: Client) -> None:
    condition = make_condition()
    first = published(condition)
    unpublish(page=condition, by=None)

    again = published(condition)

    assert (first.number, again.number) == (1, 2)
    assert client.get("/conditions/sore-back/").status_code == 200
    days = Revision.objects.filter(page=condition.pk).values_list("published_at", flat=True)
    assert None not in days
    assert len(set(days)) == 2


@pytest.mark.django_db
def test_only_the_draft_that_was_shown_is_published() -> None:
    condition = make_condition()
    shown = Page.objects.get(pk=condition.pk).draft
    assert shown is not None
    edited(condition, summary="Newer words.")

    with pytest.raises(EditConflict):
        publish(page=condition, revision=shown, by=None, clinical_change=False)

    assert Page.objects.get(pk=condition.pk).live is None


@pytest.mark.django_db
def test_what_patients_see_stands_in_rows_that_go_with_it() -> None:
    Physician.objects.get_or_create(slug="dr-a", name="Dr. A", specialty="x", bio="y")
    condition, treatment = make_condition(), make_treatment()
    edited(condition, {"causes": "**Falls**.[^survey]"}, treatments=("rest",), physicians=("dr-a",))
    edited(condition, {"recovery": (str(SectionKind.RECOVERY.label), "")})  # nothing is written yet

    published(condition)

    page = Page.objects.get(pk=condition.pk)
    assert [(each.kind, each.text) for each in page.sections.all()] == [
        ("emergency", "your legs are numb"),
        ("overview", "It hurts 1 in 5 people."),
        ("causes", "Falls."),
    ]
    assert [each.treatment.ref for each in page.offers.all()] == ["rest"]
    assert [each.slug for each in page.shown_physicians.all()] == ["dr-a"]
    with pytest.raises(ProtectedError):
        treatment.delete()
    unpublish(page=page, by=None)
    assert not page.sections.exists()
    assert not page.offers.exists()
    assert not page.shown_physicians.exists()


@pytest.mark.django_db
def test_a_draft_with_errors_is_not_published() -> None:
    condition = make_condition()
    edited(condition, {"emergency": None})

    with pytest.raises(NotPublishable) as refused:
        published(condition, clinical_change=True)
    assert refused.value.findings
    assert not condition.revisions.exclude(published_at=None).exists()


@pytest.mark.django_db
def test_a_treatment_without_a_text_is_not_published_and_has_no_empty_contents() -> None:
    treatment = make_treatment(sections=[])
    with pytest.raises(NotPublishable, match="The page has no text yet"):
        published(treatment)

    preview = f"/admin/conditions/treatment/{treatment.pk}/preview/"
    assert "On this page" not in sign_in_as("editor").get(preview).text


@pytest.mark.django_db
def test_a_corrected_treatment_corrects_every_page_and_its_new_address_is_followed(
    client: Client,
) -> None:
    condition, treatment = make_condition(), make_treatment()
    edited(condition, treatments=("rest",))
    published(treatment, clinical_change=True)
    published(condition, clinical_change=True)
    edited(condition, {"treatments": ("Choices", "Ask us.")})
    published(condition, clinical_change=True)

    edited(treatment, slug="lying-down", summary="Lying down for a while.")
    published(treatment, clinical_change=True)

    page = client.get("/conditions/sore-back/").text
    assert "Lying down for a while." in page
    assert 'href="/treatments/lying-down/"' in page


@pytest.mark.django_db
def test_a_condition_page_needs_at_most_three_queries_and_remembers_what_its_texts_are(
    client: Client, django_assert_max_num_queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    client.get("/contact/")  # the clinic is remembered from here on
    monkeypatch.setattr(Remembered, "in_background", True)  # as in a web process

    remembered = (document_of_text, _published_page, _about)
    for each in remembered:
        each.cache_clear()
    with django_assert_max_num_queries(3):
        page = client.get("/conditions/spinal-compression-fractures/")
    misses = [each.cache_info().misses for each in remembered]
    with django_assert_max_num_queries(3):
        assert client.get("/conditions/spinal-compression-fractures/").text == page.text
    assert [each.cache_info().misses for each in remembered] == misses
    assert 0 not in misses


@pytest.mark.django_db
def test_publishing_parses_each_text_once_and_then_only_what_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    condition = Condition.objects.get(slug="spinal-compression-fractures")
    parsed: Counter[str] = Counter()
    parse = markdown._parser.parse

    def counted(text: str) -> list[Token]:
        parsed[text] += 1
        return parse(text)

    monkeypatch.setattr(markdown._parser, "parse", counted)
    markdown.parse.cache_clear()
    revision = published(edited(condition, summary="What you can do."), clinical_change=True)

    assert {section.body for section in revision.page_document.shown_sections} <= parsed.keys()
    assert set(parsed.values()) == {1}

    parsed.clear()
    published(edited(condition, summary="What you can do now."), clinical_change=True)
    assert parsed == {"What you can do now.": 1}
