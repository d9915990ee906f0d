"""One shape: file, draft, revision and file again say the same, without loss."""

import dataclasses
import datetime as dt
import io
import json
import string
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import Model
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from clinic_site.models import Clinic, LanguageLine, Notice, OpeningHours, Physician, Picture
from clinic_site.pictures import read_picture
from clinic_site.text import plain_text
from conditions.content.document import (
    Comparison,
    ConditionDocument,
    Illustration,
    Section,
    Source,
    TreatmentDocument,
    document_of,
)
from conditions.content.kinds import CONDITION_KINDS, TREATMENT_KINDS
from conditions.content.parts import Sent, document_from, hashes_of, part_label, values_of
from conditions.models import Offer, Page, Treatment
from conditions.publishing.drafts import create_page, draft_document, save
from tests.generated import many
from tests.make import by, edited, make_account, published

pytestmark = pytest.mark.sqlite_first

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
lines = words.map(lambda text: " ".join(plain_text(text).split())).filter(bool)
awkward = st.sampled_from(
    ["yes", "1950", "- a", "a: b", "#x", "'", '"', "null", "~", "|", "  x", "é"]
)
bodies = st.lists(lines | awkward | st.just(""), max_size=6).map(
    lambda all: plain_text("\n".join(all))
)
texts = lines | awkward.map(str.strip) | st.just("")
slugs = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)


def sections(kinds: tuple[str, ...]) -> st.SearchStrategy[tuple[Section, ...]]:
    section = st.builds(Section, kind=st.sampled_from(kinds), heading=texts, body=bodies)
    return st.lists(section, max_size=5, unique_by=lambda each: each.kind).map(tuple)


sources = st.lists(
    st.builds(
        Source,
        key=slugs,
        title=texts,
        publisher=texts,
        year=texts | st.sampled_from(["2016", "0016", "1e3"]),
        url=texts | st.just("https://example.com/a?b=1"),
    ),
    max_size=4,
    unique_by=lambda source: source.key,
).map(tuple)
shared = {
    "slug": slugs,
    "title": texts,
    "name": texts,
    "summary": texts,
    "key_points": st.lists(lines, max_size=4).map(tuple),
    "picture": st.none()
    | st.builds(Illustration, source=st.just("drawing:spine"), alt=texts, caption=texts),
    "sources": sources,
}
conditions = st.builds(
    ConditionDocument,
    **shared,
    sections=sections(CONDITION_KINDS),
    emergency_words=st.lists(lines, max_size=3).map(tuple),
    icd10_code=texts,
    physicians=st.sampled_from([(), ("dr-a",), ("dr-b", "dr-a")]),
    treatments=st.sampled_from([(), ("rest",), ("walking", "rest")]),
    related=st.sampled_from([(), ("sore-knee",), ("sore-knee", "sore-hip")]),
)
treatments = st.builds(
    TreatmentDocument,
    **shared,
    sections=sections(TREATMENT_KINDS),
    uses_needle=st.booleans(),
    uses_balloon=st.booleans(),
    uses_cement=st.booleans(),
    comparison=st.builds(Comparison, what=texts, harms=texts, unknown=texts),
)


@given(conditions | treatments)
@many(300)
def test_a_document_survives_file_and_revision(document) -> None:
    kind = type(document)

    assert kind.from_yaml(document.to_yaml()) == document
    assert kind.from_json(document.to_json()) == document


@given(conditions | treatments)
@many(300)
def test_a_document_survives_being_taken_into_parts(document) -> None:
    values = values_of(document)

    assert document_from(document.page_type, document.ref, values) == document
    assert set(hashes_of(values)) == set(values)
    assert all(map(part_label, values))


@pytest.mark.django_db
@given(document=conditions | treatments)
@many(60)
def test_a_document_survives_being_saved(document) -> None:
    Page.objects.all().delete()
    editor = by(make_account("ed", "editor"))
    begun = dataclasses.replace(document, sections=(), sources=(), title="Begun")
    page = create_page(document=begun, by=editor)
    opened = hashes_of(values_of(begun))

    save(page=page, by=editor, sent=Sent(values_of(document), opened, opened))

    page = Page.objects.select_related("draft").get()
    assert draft_document(page) == document


SAMPLE = Path(__file__).parent / "samples" / "schema-1.json"


def test_a_document_stored_in_the_first_shape_is_still_read() -> None:
    stored = json.loads(SAMPLE.read_text(encoding="utf-8"))

    for each in stored:
        assert document_of(each).to_json() == each


@pytest.mark.django_db
def test_the_whole_site_survives_export_and_import(tmp_path) -> None:
    call_command("load_content", "conditions/content", verbosity=0)
    Clinic.objects.update(
        street="1 Main St",
        city="Sioux Falls",
        state="SD",
        postal_code="57104",
        email="clinic@example.org",
        time_zone="America/Chicago",
        before_visit="Bring your list of medicines.",
        answer_within_hours=8,
        keep_requests_days=90,
    )
    Physician.objects.update(practice="Does all of them.")
    photo = io.BytesIO()
    Image.new("RGB", (200, 100), "teal").save(photo, "PNG")
    photo.seek(0)
    picture = read_picture(photo, alt="A teal wall")
    picture.save()
    Physician.objects.update(photo=picture)
    OpeningHours.objects.create(
        clinic=Clinic.objects.get(), weekday=0, opens=dt.time(8, 30), closes=dt.time(17)
    )
    treatment = edited(
        Treatment.objects.get(ref="sacroplasty"),
        slug="cement-in-the-sacrum",
        picture=Illustration(source=f"picture:{picture.hash}", alt="A teal wall"),
    )
    published(treatment)
    notice = Notice.objects.get(slug="language-help")
    LanguageLine.objects.create(notice=notice, language="ar", text="سطر")
    before = {page.ref: page.live.page_document for page in Page.objects.published()}
    facts = columns(Clinic.objects.get()) | columns(Physician.objects.get())
    assert all(facts.values())  # so that a column which is left out of the files is missed below
    call_command("export_content", str(tmp_path / "out"), verbosity=0)
    Offer.objects.all().delete()
    Page.objects.all().delete()
    for model in (Physician, Notice, Clinic, Picture):
        model.objects.all().delete()

    call_command("load_content", str(tmp_path / "out"), replace=True, verbosity=0)

    after = {page.ref: page.live.page_document for page in Page.objects.published()}
    assert after == before
    assert Treatment.objects.get(ref="sacroplasty").slug == "cement-in-the-sacrum"
    assert Picture.objects.get().alt == "A teal wall"
    assert Physician.objects.get().photo == Picture.objects.get()
    assert str(OpeningHours.objects.get()) == "Monday 08:30 to 17:00"
    assert Notice.objects.get(slug="language-help").lines.get().direction == "rtl"
    assert columns(Clinic.objects.get()) | columns(Physician.objects.get()) == facts


def columns(row: Model) -> dict[str, object]:
    """What people enter in a row, by the name of its column."""
    return {
        str(f): f.value_from_object(row) for f in row._meta.fields if f.name not in {"id", "photo"}
    }
