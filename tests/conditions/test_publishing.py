"""What patients see is what was published, never the draft."""

import datetime as dt
import re

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from clinic_site.edit_conflict import EditConflict
from clinic_site.models import Clinic
from conditions.content.document import ConditionDocument
from conditions.models import Condition, ConditionTreatment, Section
from conditions.models.revision import Review, Revision
from conditions.publishing.drafts import draft_of
from conditions.publishing.publish import (
    NotPublishable,
    findings_of,
    publish,
    return_to,
    sign,
    unpublish,
)
from conditions.todo import review_todo
from tests.accounts import by, make_account, make_signer, sign_in_as
from tests.make import make_condition, make_treatment


@pytest.mark.django_db
def test_a_draft_is_not_public_until_it_is_published(client: Client) -> None:
    condition = make_condition()
    assert client.get("/conditions/sore-back/").status_code == 404
    assert "Sore back" not in client.get("/conditions/").text

    publish(page=condition, by=None, meaning=True)

    page = client.get("/conditions/sore-back/")
    assert page.status_code == 200
    assert "your legs are numb" in page.text
    assert "Sore back" in client.get("/").text


@pytest.mark.django_db
def test_a_change_shows_only_once_it_is_published(client: Client) -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    Section.objects.filter(page=condition, kind="overview").update(body="It can hurt at night.")
    Condition.objects.filter(pk=condition.pk).update(title="Aching back")

    assert "hurt at night" not in client.get("/conditions/sore-back/").text
    assert "Aching back" not in client.get("/conditions/").text
    publish(page=condition, by=None, meaning=True)
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
            Section.objects.create(page=page, kind=kind, heading=heading, body="- it hurts")
        publish(page=page, by=None, meaning=True)

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

    first = publish(page=condition, by=by(editor), meaning=True, note="First")
    unchanged = publish(page=condition, by=by(editor), meaning=True)
    condition.summary = "A back that hurts a lot."
    condition.save()
    second = publish(page=condition, by=None, meaning=True)

    assert unchanged == first
    assert (first.number, second.number) == (1, 2)
    assert (first.published_by, first.note) == (editor, "First")
    first.note = "Other"
    with pytest.raises(ValueError, match="never changed"):
        first.save()


@pytest.mark.django_db
def test_draft_and_revision_are_the_same_document() -> None:
    condition = make_condition(picture_source="drawing:spine", picture_alt="A spine")
    treatment = make_treatment()
    ConditionTreatment.objects.create(condition=condition, treatment=treatment)

    draft = draft_of(condition)
    revision = publish(page=condition, by=None, meaning=True)
    revision = type(revision).objects.get(pk=revision.pk)

    assert isinstance(draft, ConditionDocument)
    assert revision.document == draft
    assert draft.treatments == ("rest",)
    assert ConditionDocument.from_json(draft.to_json()) == draft


@pytest.mark.django_db
def test_what_an_editor_types_is_shown_and_never_obeyed() -> None:
    condition = make_condition(title="Back & <b>bones</b>")
    Section.objects.filter(page=condition, kind="overview").update(
        body="<script>alert(1)</script> [a](javascript:alert(1)) ![x](https://evil.example/x.png)\n\n"
        "[b](http://evil.example) {{ clinic }} <img src=x onerror=y> [^nowhere]"
    )
    with pytest.raises(NotPublishable):
        publish(page=condition, by=None, meaning=True)
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


def publish_change(condition: Condition, body: str, *, meaning: bool = False) -> Condition:
    """Change the overview and publish it; return the page as it is then."""
    Section.objects.filter(page=condition, kind="overview").update(body=body)
    publish(page=condition, by=None, meaning=meaning)
    return Condition.objects.select_related("review").get(pk=condition.pk)


@pytest.mark.django_db
def test_an_unsigned_page_says_so_and_a_signed_one_names_who_and_when(client: Client) -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    assert "A clinician has not signed this page yet." in client.get("/conditions/sore-back/").text

    sign_live(condition)

    page = client.get("/conditions/sore-back/").text
    assert f"Reviewed by Dr. Jane Doe on {date_format(timezone.localdate(), 'F j, Y')}." in page
    assert "Next review due" in page
    assert "not signed" not in page


@pytest.mark.django_db
def test_a_signature_falls_with_a_number_and_stays_with_a_comma(client: Client) -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
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
        lambda c: Section.objects.filter(page=c, kind="emergency").update(
            body="- your arms are numb"
        ),
        lambda c: Section.objects.filter(page=c, kind="overview").update(
            body="It hurts 1 in 5 people.[^survey] It does.[^survey]"
        ),
        lambda c: Section.objects.create(page=c, kind="evidence", heading="Studies", body="Few."),
        lambda c: c.sources.update(year=2021),
        lambda c: ConditionTreatment.objects.create(condition=c, treatment=make_treatment()),
    ],
    ids=["emergency", "citation", "evidence", "source", "treatment"],
)
def test_a_signature_falls_with_what_matters_even_if_called_wording(change) -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    sign_live(condition)

    change(condition)
    publish(page=condition, by=None, meaning=False)

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
    condition = make_condition()
    overview = Section.objects.filter(page=condition, kind="overview")
    condition.sources.all().delete()
    overview.update(body="It hurts. ![One bone is lower](drawing:spine)")
    publish(page=condition, by=None, meaning=True)
    sign_live(condition)

    overview.update(body=body)
    publish(page=condition, by=None, meaning=False)

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
    Section.objects.filter(page=condition, kind="overview").update(body=SIGNED)
    publish(page=condition, by=None, meaning=True)
    sign_live(condition)

    stays = publish_change(condition, body).review is not None

    assert stays == (body in WORDINGS.values())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "signed", "changed", "stays"),
    [
        ("emergency", "- your legs are numb", "- your legs, are numb", True),
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
    Section.objects.filter(page=condition, kind=kind).delete()
    section = Section.objects.create(page=condition, kind=kind, heading="Now, if:", body=signed)
    publish(page=condition, by=None, meaning=True)
    sign_live(condition)

    section.body = changed
    section.save()
    publish(page=condition, by=None, meaning=False)

    assert (Condition.objects.get(pk=condition.pk).review is not None) == stays


@pytest.mark.django_db
def test_text_put_back_as_it_was_signed_is_not_edited(client: Client) -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    sign_live(condition)
    before = condition.sections.get(kind="overview").body

    publish_change(condition, before.replace("It hurts", "It aches for"))
    assert "Wording was edited since." in client.get("/conditions/sore-back/").text
    publish_change(condition, before)
    assert "Wording was edited since." not in client.get("/conditions/sore-back/").text


@pytest.mark.django_db
def test_a_draft_of_one_page_changes_nothing_on_another(client: Client) -> None:
    condition, treatment = make_condition(), make_treatment()
    offer = ConditionTreatment.objects.create(condition=condition, treatment=treatment)
    Section.objects.create(page=condition, kind="treatments", heading="Choices", body="Ask us.")
    publish(page=treatment, by=None, meaning=True)
    publish(page=condition, by=None, meaning=True)
    sign_live(condition)

    # An address changed in the treatment's draft only; the condition is published again.
    type(treatment).objects.update(slug="lying-down")
    assert publish_change(condition, "It aches, 1 in 5 people.[^survey]").review is not None
    assert "Lying down." in client.get("/conditions/sore-back/").text
    # An offer taken from the condition's draft only.
    offer.delete()
    assert "Sore back" in client.get("/treatments/rest/").text


@pytest.mark.django_db
def test_going_back_follows_treatments_to_their_addresses_of_today(client: Client) -> None:
    editor = make_account("editor", "editor")
    condition, treatment = make_condition(), make_treatment()
    ConditionTreatment.objects.create(condition=condition, treatment=treatment)
    publish(page=treatment, by=None, meaning=True)
    first = publish(page=condition, by=None, meaning=True)
    type(treatment).objects.update(slug="bed-rest")
    publish(page=treatment, by=None, meaning=True)
    publish_change(condition, "Changed.")

    version = Condition.objects.get(pk=condition.pk).draft_version
    back = return_to(revision=first, by=by(editor), draft_version=version)

    assert isinstance(back.document, ConditionDocument)
    assert back.document.treatments == ("bed-rest",)


@pytest.mark.django_db
def test_going_back_to_an_address_that_another_draft_has_is_told() -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    Condition.objects.filter(pk=condition.pk).update(slug="new")
    publish(page=condition, by=None, meaning=True)
    make_condition(slug="sore-back")
    client = sign_in_as("editor")
    address = f"/admin/conditions/condition/{condition.pk}/return/1/"

    version = Condition.objects.get(pk=condition.pk).draft_version
    answer = client.post(address, {"draft_version": version})

    assert answer.status_code == 200
    assert "It was not published" in answer.text


@pytest.mark.django_db
def test_an_address_redirects_also_after_the_page_was_off_the_site(client: Client) -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    unpublish(page=condition, by=None)
    Condition.objects.filter(pk=condition.pk).update(slug="new")
    publish(page=condition, by=None, meaning=True)

    assert client.get("/conditions/sore-back/")["Location"] == "/conditions/new/"


@pytest.mark.django_db
def test_what_is_not_an_error_is_told_before_publishing() -> None:
    condition, treatment = make_condition(), make_treatment()
    ConditionTreatment.objects.create(condition=condition, treatment=treatment)
    publish(page=condition, by=None, meaning=True)
    condition = Condition.objects.get(pk=condition.pk)

    told = [each.message for each in findings_of(condition, draft_of(condition))]

    for words in ("of the kind “Treatments”", "“rest” is not published", "No clinician has signed"):
        assert any(words in message for message in told), told


@pytest.mark.django_db
def test_the_clinics_own_phone_is_no_figure() -> None:
    Clinic.objects.create(pk=1, phone="+16055550199")
    condition = make_condition()
    Section.objects.filter(page=condition, kind="overview").update(body="Call 605-555-0199.")

    publish(page=condition, by=None, meaning=True)
    Section.objects.filter(page=condition, kind="overview").update(body="Call 605-555-0123.")
    with pytest.raises(NotPublishable):
        publish(page=condition, by=None, meaning=True)


@pytest.mark.django_db
def test_a_revision_is_neither_changed_nor_deleted() -> None:
    revision = publish(page=make_condition(), by=None, meaning=True)

    for forbidden in (
        lambda: Revision.objects.all().update(note="x"),
        lambda: Revision.objects.all().delete(),
        revision.delete,
    ):
        with pytest.raises(ValueError, match="A revision is never"):
            forbidden()
    with pytest.raises(ProtectedError):
        Condition.objects.all().delete()


@pytest.mark.django_db
def test_every_condition_ends_with_an_invitation(client: Client) -> None:
    publish(page=make_condition(), by=None, meaning=True)

    assert "To talk with us about a sore back, call" in client.get("/conditions/sore-back/").text


@pytest.mark.django_db
def test_a_change_of_meaning_takes_the_signature_away() -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    sign_live(condition)

    assert publish_change(condition, "It hurts most people.", meaning=True).review is None


@pytest.mark.django_db
def test_an_overdue_review_is_told_to_patients_and_stands_in_the_tasks(client: Client) -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
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
    ConditionTreatment.objects.create(condition=condition, treatment=treatment)
    publish(page=treatment, by=None, meaning=True)
    publish(page=condition, by=None, meaning=True)

    sign_live(condition)

    page = client.get("/conditions/sore-back/").text
    assert "Reviewed by Dr. Jane Doe" in page
    assert "Not signed by a clinician yet: Rest." in page


@pytest.mark.django_db
def test_only_the_live_revision_can_be_signed() -> None:
    condition = make_condition()
    first = publish(page=condition, by=None, meaning=True)
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
    publish(page=condition, by=None, meaning=True)

    unpublish(page=condition, by=None)

    answer = client.get("/conditions/sore-back/")
    assert answer.status_code == 410
    assert "/conditions/" in answer.text
    assert "605-217-5617" in answer.text
    assert "Sore back" not in client.get("/conditions/").text
    publish(page=condition, by=None, meaning=True)
    assert client.get("/conditions/sore-back/").status_code == 200


@pytest.mark.django_db
def test_a_changed_address_redirects_for_ever(client: Client) -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    for slug in ("aching-back", "back-pain"):
        Condition.objects.filter(pk=condition.pk).update(slug=slug)
        publish(page=condition, by=None, meaning=False)

    for slug in ("sore-back", "aching-back"):
        answer = client.get(f"/conditions/{slug}/")
        assert (answer.status_code, answer["Location"]) == (301, "/conditions/back-pain/")
    assert client.get("/conditions/back-pain/").status_code == 200


@pytest.mark.django_db
def test_an_address_changed_in_the_draft_changes_nothing_yet(client: Client) -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    Condition.objects.filter(pk=condition.pk).update(slug="other")

    assert client.get("/conditions/sore-back/").status_code == 200
    assert client.get("/conditions/other/").status_code == 404
    assert "/conditions/sore-back/" in client.get("/sitemap.xml").text


@pytest.mark.django_db
def test_another_pages_address_is_not_taken() -> None:
    condition = make_condition()
    publish(page=condition, by=None, meaning=True)
    Condition.objects.filter(pk=condition.pk).update(slug="back")
    publish(page=condition, by=None, meaning=False)
    other = make_condition(slug="sore-back")

    with pytest.raises(NotPublishable, match="has, or had, the address “sore-back”"):
        publish(page=other, by=None, meaning=True)


@pytest.mark.django_db
def test_a_page_goes_back_to_an_earlier_revision_as_a_new_one(client: Client) -> None:
    editor = make_account("editor", "editor")
    condition = make_condition()
    first = publish(page=condition, by=by(editor), meaning=True)
    publish_change(condition, "Something wrong.")

    version = Condition.objects.get(pk=condition.pk).draft_version
    back = return_to(revision=first, by=by(editor), draft_version=version)

    assert (back.number, back.note) == (3, "Back to number 1")
    assert back.document == first.document
    assert draft_of(condition) == first.document
    assert "Something wrong" not in client.get("/conditions/sore-back/").text
    with pytest.raises(EditConflict):
        return_to(revision=first, by=by(editor), draft_version=version)


@pytest.mark.django_db
def test_a_draft_with_errors_is_not_published() -> None:
    condition = make_condition()
    condition.sections.filter(kind="emergency").delete()

    with pytest.raises(NotPublishable) as refused:
        publish(page=condition, by=None, meaning=True)
    assert refused.value.findings
    assert not condition.revisions.exists()


@pytest.mark.django_db
def test_a_corrected_treatment_corrects_every_page_and_its_new_address_is_followed(
    client: Client,
) -> None:
    condition, treatment = make_condition(), make_treatment()
    ConditionTreatment.objects.create(condition=condition, treatment=treatment)
    publish(page=treatment, by=None, meaning=True)
    publish(page=condition, by=None, meaning=True)
    Section.objects.create(page=condition, kind="treatments", heading="Choices", body="Ask us.")
    publish(page=condition, by=None, meaning=True)

    type(treatment).objects.update(slug="lying-down", summary="Lying down for a while.")
    publish(page=treatment, by=None, meaning=True)

    page = client.get("/conditions/sore-back/").text
    assert "Lying down for a while." in page
    assert 'href="/treatments/lying-down/"' in page


@pytest.mark.django_db
def test_a_condition_page_needs_at_most_three_queries(
    client: Client, django_assert_max_num_queries
) -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    client.get("/contact/")  # the clinic is remembered from here on

    with django_assert_max_num_queries(3):
        assert client.get("/conditions/spinal-compression-fractures/").status_code == 200
