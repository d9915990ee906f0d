"""One shape: file, draft, revision and file again say the same, without loss."""

import datetime as dt
import io
import string

import pytest
from django.core.management import call_command
from django.db.models import Model
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from clinic_site.models import Clinic, LanguageLine, Notice, OpeningHours, Physician, Picture
from clinic_site.pictures import read_picture
from clinic_site.text import plain_text
from conditions.document import (
    CONDITION_KINDS,
    TREATMENT_KINDS,
    ConditionDocument,
    Illustration,
    Section,
    Source,
    TreatmentDocument,
)
from conditions.drafts import draft_of, write_draft
from conditions.history import Revision
from conditions.models import Condition, Page, Treatment
from conditions.publishing import publish
from tests.generated import many
from tests.make import make_condition, make_treatment

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
lines = words.map(lambda text: " ".join(plain_text(text).split())).filter(bool)
awkward = st.sampled_from(
    ["yes", "1950", "- a", "a: b", "#x", "'", '"', "null", "~", "|", "  x", "é"]
)
bodies = st.lists(lines | awkward | st.just(""), max_size=6).map(
    lambda all: plain_text("\n".join(all))
)
slugs = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)


def sections(kinds: tuple[str, ...]) -> st.SearchStrategy[tuple[Section, ...]]:
    section = st.builds(Section, kind=st.sampled_from(kinds), heading=lines, body=bodies)
    return st.lists(section, max_size=5).map(tuple)


sources = st.lists(
    st.builds(
        Source,
        key=slugs,
        title=lines,
        publisher=lines | st.just(""),
        year=st.none() | st.integers(1800, 2200),
        url=st.sampled_from(["", "https://example.com/a?b=1", "https://example.org/"]),
    ),
    max_size=4,
    unique_by=lambda source: source.key,
).map(tuple)
shared = {
    "slug": slugs,
    "title": lines,
    "name": lines,
    "summary": lines,
    "key_points": st.lists(lines, max_size=4).map(tuple),
    "picture": st.none()
    | st.builds(
        Illustration, source=st.just("drawing:spine"), alt=lines, caption=lines | st.just("")
    ),
    "sources": sources,
}
conditions = st.builds(
    ConditionDocument,
    **shared,
    sections=sections(CONDITION_KINDS),
    emergency_words=st.lists(lines, max_size=3).map(tuple),
    icd10_code=st.sampled_from(["", "A12.3", "M48.50XA"]),
    physicians=st.sampled_from([(), ("dr-a",), ("dr-b", "dr-a")]),
    treatments=st.sampled_from([(), ("rest",), ("walking", "rest")]),
    related=st.sampled_from([(), ("sore-knee",), ("sore-knee", "sore-hip")]),
)
treatments = st.builds(
    TreatmentDocument,
    **shared,
    sections=sections(TREATMENT_KINDS),
    body_site=st.sampled_from(["vertebra", "sacrum"]),
    uses_needle=st.booleans(),
    uses_balloon=st.booleans(),
    uses_cement=st.booleans(),
)


@given(conditions | treatments)
@many(300)
def test_a_document_survives_file_and_revision(document) -> None:
    kind = type(document)

    assert kind.from_yaml(document.to_yaml()) == document
    assert kind.from_json(document.to_json()) == document


@pytest.mark.django_db
@given(document=conditions | treatments)
@many(60)
def test_a_document_survives_the_draft(document) -> None:
    for name in ("dr-a", "dr-b"):
        Physician.objects.get_or_create(slug=name, name=name, specialty="x", bio="y")
    for name in ("rest", "walking"):
        if not Treatment.objects.filter(slug=name).exists():
            make_treatment(slug=name)
    for name in ("sore-knee", "sore-hip"):
        if not Condition.objects.filter(slug=name).exists():
            make_condition(slug=name)
    page = Condition() if isinstance(document, ConditionDocument) else Treatment()
    Page.objects.exclude(slug__in=["rest", "walking", "sore-knee", "sore-hip"]).delete()

    write_draft(page=page, document=document, by=None)

    assert draft_of(page) == document


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
    treatment = Treatment.objects.get(slug="sacroplasty")
    treatment.slug, treatment.picture_source, treatment.picture_alt = (
        *("cement-in-the-sacrum", f"picture:{picture.hash}", "A teal wall"),
    )
    treatment.save()
    publish(page=treatment, by=None, meaning=True)
    notice = Notice.objects.get(slug="language-help")
    LanguageLine.objects.create(notice=notice, language="ar", text="سطر")
    before = {page.slug: page.live.document for page in Page.objects.published()}
    facts = columns(Clinic.objects.get()) | columns(Physician.objects.get())
    assert all(facts.values())  # so that a column which is left out of the files is missed below
    call_command("export_content", str(tmp_path / "out"), verbosity=0)
    Page.objects.update(live=None)
    Revision._base_manager.all().delete()  # the door that the site itself does not use
    Condition.objects.all().delete()
    Treatment.objects.all().delete()
    for model in (Physician, Notice, Clinic, Picture):
        model.objects.all().delete()

    call_command("load_content", str(tmp_path / "out"), replace=True, verbosity=0)

    after = {page.slug: page.live.document for page in Page.objects.published()}
    fractures = after.pop("spinal-compression-fractures")
    offered = before.pop("spinal-compression-fractures").treatments
    assert after == before
    # The page names its treatments by the addresses of today.
    assert "sacroplasty" in offered
    assert fractures.treatments == (*offered[:2], "cement-in-the-sacrum")
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
