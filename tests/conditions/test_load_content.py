"""Content files: loaded whole, or refused whole with file, line and what to do."""

import re
import textwrap
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from clinic_site.models import Clinic, Notice, Physician
from conditions.models import Condition, Treatment
from conditions.publishing.loading import row_file
from tests.generated import SOAK
from tests.make import edited

pytestmark = pytest.mark.on_postgresql

SHIPPED = Path(__file__).resolve().parents[2] / "conditions" / "content"

GOOD = """\
    type: treatment
    slug: rest
    title: Rest
    name: rest
    summary: Lying down.
    uses_needle: false
    uses_balloon: false
    uses_cement: false
    sections:
      - kind: overview
        heading: What it is
        body: |
          You lie down. It helps 1 in 2.[^survey]
    sources:
      - key: survey
        title: A survey
        year: 2020
    """


SECOND_SECTION = """\
      - kind: overview
        heading: More
        body: So.
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


@pytest.mark.django_db
def test_the_shipped_content_loads_and_is_public(client) -> None:
    call_command("load_content", str(SHIPPED), verbosity=0)

    assert Clinic.objects.get().name == "Vascular & Interventional Specialists"
    assert Physician.objects.get().slug == "neal-khurana"
    assert Treatment.objects.published().count() == 4
    assert client.get("/conditions/spinal-compression-fractures/").status_code == 200


@pytest.mark.django_db
def test_what_staff_edited_is_not_overwritten(capsys) -> None:
    call_command("load_content", str(SHIPPED), verbosity=0)
    edited(Condition.objects.get(), title="Edited by staff")
    Notice.objects.filter(slug="privacy").update(body="Edited too")

    call_command("load_content", str(SHIPPED))

    assert Condition.objects.get().draft.title == "Edited by staff"
    assert Condition.objects.get().live.title == "Spinal compression fractures"
    assert Notice.objects.get(slug="privacy").body == "Edited too"
    assert "kept    condition spinal-compression-fractures" in capsys.readouterr().out


@pytest.mark.django_db
def test_replace_overwrites_and_keeps_the_history(tmp_path: Path) -> None:
    path = write(tmp_path, "rest.yaml", GOOD)
    call_command("load_content", str(path), verbosity=0)
    path.write_text(path.read_text().replace("Lying down.", "Lying down for a while."))

    call_command("load_content", str(path), replace=True, verbosity=0)

    rest = Treatment.objects.get()
    assert rest.live.summary == "Lying down for a while."
    assert [revision.number for revision in rest.revisions.all()] == [2, 1]
    assert rest.sections.count() == 1


@pytest.mark.django_db
def test_what_pages_share_changes_on_all_of_them_at_once(tmp_path: Path) -> None:
    call_command("load_content", str(SHIPPED), verbosity=0)
    for file in SHIPPED.glob("*.yaml"):
        text = file.read_text().replace("Diagnosis and Management of Vertebral", "On Vertebral")
        (tmp_path / file.name).write_text(text)

    with pytest.raises(
        CommandError, match=r"kyphoplasty.yaml, line \d+: .*source aafp-2016 is not"
    ):
        call_command("load_content", str(tmp_path / "kyphoplasty.yaml"), replace=True, verbosity=0)
    call_command("load_content", str(tmp_path), replace=True, verbosity=0)

    shown = {page.ref: page.live.page_document for page in Treatment.objects.published()}
    assert "On Vertebral" in str(shown["kyphoplasty"].sources)


@pytest.mark.django_db
def test_a_file_is_known_by_its_ref_and_takes_another_address(tmp_path: Path) -> None:
    path = write(tmp_path, "rest.yaml", GOOD)
    call_command("load_content", str(path), verbosity=0)
    path.write_text(path.read_text().replace("slug: rest", "ref: rest\nslug: bed-rest"))

    call_command("load_content", str(path), replace=True, verbosity=0)

    assert (Treatment.objects.get().ref, Treatment.objects.get().slug) == ("rest", "bed-rest")
    other = path.read_text().replace("type: treatment", "type: condition")
    path.write_text(re.sub(r"uses_\w+: false\n", "", other))
    with pytest.raises(CommandError, match="line 1: rest is a treatment here. Choose another ref"):
        call_command("load_content", str(path), replace=True, verbosity=0)


CLINIC = "type: clinic\nname: Clinic\nshort_name: C\nphone: '+16052175617'\n"
HOURS = "opening_hours:\n- {weekday: 0, opens: 8:30, closes: 17:00}\n"

BAD = {
    "not yaml": (GOOD.replace("title: Rest", "title: Rest: more"), "line 3: not readable as YAML"),
    "no type": (
        GOOD.replace("type: treatment", "kind: x"),
        "'type' must be one of picture, clinic,",
    ),
    "unknown key": (GOOD.replace("summary:", "sumary:"), "line 5: 'sumary' is not known here"),
    "missing key": (GOOD.replace("    name: rest\n", ""), "line 1: 'name' is missing. Add it."),
    "twice": (GOOD.replace("name: rest", "title: rest"), "line 4: 'title' stands here twice"),
    "no list": (
        GOOD.replace("    sections:", "    key_points: none\n    sections:"),
        "line 9: 'key_points' must be a list",
    ),
    "number": (GOOD.replace("title: Rest", "title: 5"), "line 3: 'title' must be text"),
    "maybe": (
        GOOD.replace("needle: false", "needle: perhaps"),
        "line 6: 'uses_needle' must be true",
    ),
    "kind": (GOOD.replace("kind: overview", "kind: gossip"), "line 10: 'gossip' is not one of"),
    "citation": (GOOD.replace("[^survey]", "[^other]"), "line 12: [^other] is cited, but not"),
    "gone": (
        GOOD.replace("uses_needle: false", "body_site: knee"),
        "line 6: 'body_site' is not known",
    ),
    "slug": (GOOD.replace("slug: rest", "slug: a b"), "line 2: 'a b' is no address"),
    "ref": (GOOD.replace("slug: rest", "slug: rest\n    ref: a b"), "line 3: 'a b' is no address"),
    "schema": (GOOD.replace("slug: rest", "slug: rest\n    schema: 2"), "line 3: 'schema' is 2"),
    "year": (GOOD.replace("year: 2020", "year: twenty"), "line 15: Source survey: “twenty” is no"),
    "no year": (GOOD.replace("year: 2020", "year: [2020]"), "line 17: 'year' must be text"),
    "url": (
        GOOD.rstrip() + "\n        url: javascript:x\n",
        "line 15: Source survey: “javascript:x” is no web",
    ),
    "date": (GOOD.replace("year: 2020", "year: 2020-13-45"), "line 17: not readable as YAML"),
    "two of a kind": (
        GOOD.replace("    sources:", SECOND_SECTION + "    sources:"),
        "line 14: 'overview' stands in 'sections' twice",
    ),
    "two of a key": (
        GOOD.rstrip() + "\n      - key: ' survey'\n        title: Again\n",
        "line 18: 'survey' stands in 'sources' twice",
    ),
    "tag": (GOOD.replace("title: Rest", "title: !!timestamp abc"), "not readable as YAML"),
    "deep": (GOOD.replace("title: Rest", "title: " + "[" * 3000), "not readable as YAML"),
    "bare phone": ("type: clinic\nphone: +16052175617\n", "line 2: 'phone' must be text"),
    "number for text": ("type: notice\nslug: a\ntitle: 5\n", "line 3: 'title' must be text"),
    "lines": ("type: notice\nslug: a\ntitle: b\nlines: x\n", "line 4: 'lines' must be a list"),
    "hash": ("type: picture\nhash: ../x\nalt: b\n", "line 2: 'hash' must be the 64 digits"),
    "no file": (f"type: picture\nhash: {'a' * 64}\nalt: b\n", ".webp beside this file is missing"),
    "yes": (GOOD.replace("needle: false", "needle: yes"), "line 6: 'uses_needle' must be true or"),
    "list of text": (
        "type: notice\nslug: a\ntitle: b\nlines:\n- language: es\n  text: [a]\n",
        "line 6: 'text' must be text",
    ),
    "unknown in a list": (
        "type: notice\nslug: a\ntitle: b\nlines:\n- {language: es, words: a}\n",
        "line 5: 'words' is not known here. Known: language, text",
    ),
    "weekday": (CLINIC + HOURS.replace("weekday: 0", "weekday: yes"), "'weekday' must be a whole"),
    "weekday 9": (CLINIC + HOURS.replace("weekday: 0", "weekday: 9"), "line 6: weekday: Value 9"),
    "no weekday": (CLINIC + HOURS.replace("weekday: 0, ", ""), "line 6: weekday: This field"),
    "half past 25": (CLINIC + HOURS.replace("8:30", "25:30"), "line 6: opens: This is no time of"),
    "half past three": (
        CLINIC + HOURS.replace("8:30", "3:30"),
        "line 6: opens: In the morning, or",
    ),
    "day": (CLINIC + "closed_days:\n- day: 20261225\n", "line 6: 'day' must be a day, as 2026-12"),
    "day in words": (
        CLINIC + "closed_days:\n- day: Christmas\n",
        "line 6: 'day' must be a day, as",
    ),
    "day of no year": (
        CLINIC + "closed_days:\n- day: 2026-02-30\n",
        "line 6: not readable as YAML",
    ),
    "empty": ("", "line 1: a content file is a list of names and values"),
}


TRIED = dict([*BAD.items()][:: 1 if SOAK else 2])


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "message"), TRIED.values(), ids=TRIED.keys())
def test_a_bad_file_is_refused_and_so_are_the_files_beside_it(
    tmp_path: Path, text: str, message: str
) -> None:
    write(tmp_path, "a-good.yaml", GOOD.replace("slug: rest", "slug: good"))
    bad = write(tmp_path, "b-bad.yaml", text)

    with pytest.raises(CommandError) as refused:
        call_command("load_content", str(tmp_path), verbosity=0)

    assert str(refused.value).startswith(f"Nothing was loaded. {bad}, line ")
    assert message in str(refused.value)
    assert not Treatment.objects.exists()


@pytest.mark.django_db
def test_what_staff_removed_stays_removed(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", "type: notice\nslug: a\ntitle: b\n")
    call_command("load_content", str(path), verbosity=0)
    Notice.objects.all().delete()

    call_command("load_content", str(path), verbosity=0)
    assert not Notice.objects.exists()
    call_command("load_content", str(path), replace=True, verbosity=0)
    assert Notice.objects.exists()


@pytest.mark.django_db
def test_one_thing_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        write(tmp_path, name, "type: notice\nslug: a\ntitle: b\n")

    with pytest.raises(CommandError, match=r"b.yaml, line 2: notice a stands in .*a.yaml as well"):
        call_command("load_content", str(tmp_path), verbosity=0)


@pytest.mark.django_db
def test_a_missing_treatment_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text((SHIPPED / "spinal-compression-fractures.yaml").read_text())

    with pytest.raises(
        CommandError, match=r"line \d+: no physician 'neal-khurana' is here. Load its file"
    ):
        call_command("load_content", str(path), verbosity=0)
    assert not Condition.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["no-such.yaml", "."])
def test_a_path_without_content_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="Nothing was loaded"):
        call_command("load_content", str(tmp_path / name), verbosity=0)


@pytest.mark.django_db
def test_the_shipped_content_is_loaded_where_no_static_file_is_collected_yet(
    tmp_path: Path,
) -> None:
    # As at the first start: the content comes before the files.
    with override_settings(STATIC_ROOT=tmp_path):
        call_command("load_content", str(SHIPPED), verbosity=0)

    assert Condition.objects.published().exists()


@pytest.mark.django_db
def test_hours_and_days_are_read_without_quotes(tmp_path: Path) -> None:
    hours = HOURS.replace("17:00", "5 pm") + "- {weekday: 2, opens: 08:00, closes: noon}\n"
    path = write(tmp_path, "clinic.yaml", f"{CLINIC}{hours}closed_days:\n- day: 2026-12-25\n")

    call_command("load_content", str(path), replace=True, verbosity=0)

    clinic = Clinic.objects.get()
    assert [str(each) for each in clinic.hours] == [
        "Monday 08:30 to 17:00",
        "Wednesday 08:00 to 12:00",
    ]
    assert [str(each) for each in clinic.closed_days.all()] == ["2026-12-25"]
    # The site's own file, loaded again, says the same.
    path.write_text(row_file(clinic), encoding="utf-8")
    call_command("load_content", str(path), replace=True, verbosity=0)
    assert row_file(Clinic.objects.get()) == path.read_text(encoding="utf-8")
