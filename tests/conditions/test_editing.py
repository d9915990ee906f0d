"""Staff at work in the admin on pages: awkward but honest edits."""

import datetime as dt
from unittest import mock

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from clinic_site.access.models import User
from clinic_site.models import Notice
from conditions.content.word_diff import compare
from conditions.editor.admin import ConditionAdmin
from conditions.models import Condition, ConditionTreatment, Page, Source
from conditions.publishing.drafts import draft_of, mark_changed
from conditions.publishing.publish import NotPublishable, publish, sign
from conditions.search.search import emergencies
from tests.accounts import make_account, make_signer, sign_in_as
from tests.make import make_condition, make_treatment


@pytest.fixture
def staff() -> Client:
    return sign_in_as("editor", name="staff")


def fields_of(client: Client, address: str) -> dict[str, object]:
    """What a browser would send for the form as it is shown."""
    form = client.get(address).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields}
    for formset in client.get(address).context["inline_admin_formsets"]:
        management = formset.formset.management_form
        sent |= {
            management.add_prefix(name): management[name].value() for name in management.fields
        }
        for row in formset.formset.forms:
            sent |= {row.add_prefix(name): row[name].value() for name in row.fields}
    return {
        name: "" if value is None else value for name, value in sent.items() if value is not False
    }


def change(page: Condition) -> str:
    return f"/admin/conditions/condition/{page.pk}/change/"


@pytest.mark.django_db
def test_two_sources_exchange_their_keys_and_two_treatments_their_places(staff: Client) -> None:
    page = make_condition()
    Source.objects.create(page=page, key="other", title="Another survey", position=10)
    for slug in ("rest", "walking"):
        treatment = make_treatment(slug=slug, title=slug)
        ConditionTreatment.objects.create(condition=page, treatment=treatment)
    sent = fields_of(staff, change(page))
    for prefix, name in (("sources", "key"), ("offers", "treatment")):
        first, second = f"{prefix}-0-{name}", f"{prefix}-1-{name}"
        sent[first], sent[second] = sent[second], sent[first]

    answer = staff.post(change(page), sent, follow=True)

    assert "was changed successfully" in answer.text
    assert "Patients do not see it yet." in answer.text
    assert dict(page.sources.values_list("title", "key")) == {
        "A survey": "other",
        "Another survey": "survey",
    }
    assert page.offers.count() == 2


@pytest.mark.django_db
def test_a_form_open_while_someone_publishes_and_signs_undoes_neither(staff: Client) -> None:
    page = make_condition()
    publish(page=page, by=None, meaning=True)
    sent = fields_of(staff, change(page))
    stale = Condition.objects.select_related("live", "review").get(pk=page.pk)
    Condition.objects.filter(pk=page.pk).update(summary="New words.")
    revision = publish(page=page, by=None, meaning=True)
    sign(
        revision=revision,
        by=make_signer(make_account("clinician", "clinician")),
        next_due=timezone.localdate() + dt.timedelta(days=9),
    )

    # The admin loads its row before it can lock it: here, before all of the above.
    with mock.patch.object(ConditionAdmin, "get_object", return_value=stale):
        staff.post(change(page), sent)

    now = Condition.objects.get(pk=page.pk)
    assert now.live == revision
    assert now.review is not None


@pytest.mark.django_db
def test_what_someone_else_deleted_meanwhile_is_kept_by_the_later_save(staff: Client) -> None:
    page = make_condition()
    sent = fields_of(staff, change(page))
    sent["sections-0-body"] = "- my own words"
    page.sections.all().delete()
    mark_changed(page, by=None)

    told = staff.post(change(page), sent)
    assert "saved this page while you were editing it" in told.text
    assert "my own words" in told.text
    sent["began_from"] = str(Page.objects.get(pk=page.pk).draft_version)
    answer = staff.post(change(page), sent, follow=True)

    assert "was changed successfully" in answer.text
    assert [section.body for section in page.sections.all()][0] == "- my own words"
    assert page.sections.count() == 2


@pytest.mark.django_db
def test_a_clinician_who_only_signs_can_do_so() -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    page = Condition.objects.get()
    client = sign_in_as("clinician")
    make_signer(User.objects.get(), "Dr. A")
    start = f"/admin/conditions/condition/{page.pk}/"

    assert "Sign the live page" in client.get(f"{start}revisions/").text
    number = client.get(f"{start}sign/").context["form"]["number"].value()
    signed = client.post(
        f"{start}sign/",
        {"number": number, "next_due": "2199-01-01", "read": "on"},
        follow=True,
    )

    assert "Signed by Dr. A." in signed.text
    assert client.post(f"{start}publish/").status_code == 403


@pytest.mark.django_db
def test_a_notice_changed_after_counsel_confirmed_it_is_to_be_confirmed_again(
    staff: Client,
) -> None:
    notice = Notice.objects.create(slug="a", title="A", body="Text", confirmed=True)
    address = f"/admin/clinic_site/notice/{notice.pk}/change/"

    staff.post(address, {**fields_of(staff, address), "title": "B"})
    assert Notice.objects.get().confirmed
    staff.post(address, {**fields_of(staff, address), "body": "Other"})
    assert not Notice.objects.get().confirmed


@pytest.mark.django_db
def test_an_untouched_form_saves_and_changes_nothing(staff: Client) -> None:
    page = make_condition()
    document = draft_of(page)

    answer = staff.post(change(page), fields_of(staff, change(page)), follow=True)

    assert "was changed successfully" in answer.text
    assert draft_of(page) == document


@pytest.mark.django_db
def test_a_page_that_was_published_is_not_deleted(staff: Client) -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    page = Condition.objects.get()

    assert (
        staff.post(f"/admin/conditions/condition/{page.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )
    assert Condition.objects.filter(pk=page.pk).exists()


@pytest.mark.django_db
def test_only_who_may_sign_can_sign() -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    page = Condition.objects.get()
    client = sign_in_as("scheduler", "manager")

    for view in ("sign", "publish", "revisions", "preview", "export", "unpublish"):
        answer = client.post(f"/admin/conditions/condition/{page.pk}/{view}/")
        assert answer.status_code == 403, view
        assert "Ask a manager" in answer.text


@pytest.mark.django_db
def test_the_admin_list_takes_a_constant_number_of_queries(
    staff: Client, django_assert_num_queries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    make_condition(slug="first")
    staff.get("/admin/conditions/condition/")
    with CaptureQueriesContext(connection) as few:
        staff.get("/admin/conditions/condition/")
    for number in range(60):
        make_condition(slug=f"page-{number}")

    with django_assert_num_queries(len(few)):
        assert staff.get("/admin/conditions/condition/").status_code == 200


@pytest.mark.django_db
def test_the_words_of_an_emergency_are_typed_under_the_key_points(staff: Client) -> None:
    page = make_condition()
    sent = fields_of(staff, change(page))
    form = staff.get(change(page)).text
    assert form.index("id_key_points") < form.index("id_emergency_words") < form.index("id_picture")

    staff.post(change(page), sent | {"emergency_words": " numb\r\n\r\nbladder"})

    document = draft_of(Condition.objects.get(pk=page.pk))
    assert [(each.part, each.html) for each in compare(draft_of(page), document)] == [
        ("Words of an emergency", "<p><ins>numb<br>bladder</ins></p>")
    ]
    publish(page=page, by=None, meaning=True)
    assert emergencies("back pain") == []
    # Two words in one line would each be an emergency: "back pain" too.
    staff.post(change(page), sent | {"emergency_words": "numb\nchest  pain", "began_from": 1})
    with pytest.raises(NotPublishable, match="“chest pain” is more than one word"):
        publish(page=page, by=None, meaning=True)
