"""What patients see is what was published, never the draft."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conditions.document import ConditionDocument
from conditions.models import Condition, ConditionTreatment, Section
from conditions.publishing import publish
from tests.make import make_condition, make_treatment


@pytest.mark.django_db
def test_a_draft_is_not_public_until_it_is_published(client: Client) -> None:
    condition = make_condition()
    assert client.get("/conditions/sore-back/").status_code == 404
    assert "Sore back" not in client.get("/conditions/").text

    publish(page=condition, by=None)

    page = client.get("/conditions/sore-back/")
    assert page.status_code == 200
    assert "your legs are numb" in page.text
    assert "Sore back" in client.get("/").text


@pytest.mark.django_db
def test_a_change_shows_only_once_it_is_published(client: Client) -> None:
    condition = make_condition()
    publish(page=condition, by=None)
    Section.objects.filter(page=condition, kind="overview").update(body="It can hurt at night.")
    Condition.objects.filter(pk=condition.pk).update(title="Aching back")

    assert "hurt at night" not in client.get("/conditions/sore-back/").text
    assert "Aching back" not in client.get("/conditions/").text
    publish(page=condition, by=None)
    assert "hurt at night" in client.get("/conditions/sore-back/").text
    assert "Aching back" in client.get("/conditions/").text


@pytest.mark.django_db
def test_each_publication_is_a_numbered_revision_that_never_changes() -> None:
    editor = User.objects.create_user("editor")
    condition = make_condition()

    first = publish(page=condition, by=editor, note="First")
    unchanged = publish(page=condition, by=editor)
    condition.summary = "A back that hurts a lot."
    condition.save()
    second = publish(page=condition, by=None)

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

    draft = ConditionDocument.from_draft(condition)
    revision = publish(page=condition, by=None)
    revision = type(revision).objects.get(pk=revision.pk)

    assert revision.document == draft
    assert draft.treatments == ("rest",)
    assert ConditionDocument.from_json(draft.to_json()) == draft


@pytest.mark.django_db
def test_what_an_editor_types_is_shown_and_never_obeyed(client: Client) -> None:
    condition = make_condition(title="Back & <b>bones</b>")
    Section.objects.filter(page=condition, kind="overview").update(
        body="<script>alert(1)</script> [a](javascript:alert(1)) ![x](https://evil.example/x.png)\n\n"
        "[b](http://evil.example) {{ clinic }} <img src=x onerror=y> [^nowhere]"
    )
    publish(page=condition, by=None)

    page = client.get("/conditions/sore-back/").text

    assert "<script" not in page
    assert "onerror=y>" not in page
    assert "javascript:" not in page.replace("[a](javascript:alert(1))", "")
    assert 'src="https://evil.example' not in page
    assert 'href="http://evil' not in page
    assert "{{ clinic }}" in page
    assert "Back &amp; &lt;b&gt;bones&lt;/b&gt;" in page
