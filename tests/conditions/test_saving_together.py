"""People, and tabs of one person, who type in one page: each word stays, and each is told right."""

import html
import json
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from conditions.models import Page, Revision, WorkingCopy
from tests.conditions.editing import body_of, change, draft, editor
from tests.forms import Filled
from tests.generated import SOAK
from tests.make import edited, make_condition, published, sign_in_as

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]

BODY = "section-overview-body"
CONFLICT = "You and someone else changed the same part"


@pytest.fixture
def staff() -> Client:
    return sign_in_as("editor", name="staff")


@pytest.fixture
def colleague() -> Client:
    return sign_in_as("editor", name="colleague")


def keep(form: Filled) -> dict[str, Any]:
    """Send what stands in a form, as the script does; what it is answered."""
    answer = form.client.post(form.address.replace("change", "autosave"), form.fields)
    assert answer.status_code == 200
    return answer.json()


def told(client: Client, page: Page) -> str:
    """What the editor says to somebody, as words."""
    text = re.sub(r"<[^>]+>", " ", client.get(change(page)).text)
    return " ".join(html.unescape(text).split())


def test_what_arrives_after_save_is_no_conflict_with_oneself(staff: Client) -> None:
    page = make_condition()
    form = editor(staff, page).type(BODY, "It hurts at night. \r\n").type("summary", "It  hurts.")
    form.press("_save")

    keep(form)  # the same once more, late, as it was typed

    assert not WorkingCopy.objects.exists()
    assert CONFLICT not in told(staff, page)
    form.type(BODY, "It hurts at")
    keep(form)
    assert CONFLICT not in told(staff, page)
    assert editor(staff, page)[BODY] == "It hurts at"
    assert body_of(page) == "It hurts at night."


def test_who_goes_back_after_save_and_types_on_saves_again(
    staff: Client, colleague: Client
) -> None:
    page = make_condition()
    form = editor(staff, page).type(BODY, "It hurts.")
    form.press("_save")

    assert "Saved as a draft." in form.type(BODY, "It hurts at night.").press("_save").text
    form.type(BODY, "It hurts by day.").press("_do", "preview")
    editor(colleague, page).type("summary", "Of a colleague.").press("_save")
    assert "Saved as a draft." in form.type(BODY, "It hurts a lot.").press("_save").text

    assert (body_of(page), draft(page).summary) == ("It hurts a lot.", "Of a colleague.")
    saved = [each.page_document.sections[1].body for each in Revision.objects.all()]
    assert {"It hurts.", "It hurts at night."} < set(saved)
    # What a colleague made of it since is one, though, whoever saved something else later.
    editor(colleague, page).type(BODY, "It eases.").press("_save")
    editor(staff, page).type("name", "an ache").press("_save")
    assert CONFLICT in form.type(BODY, "It hurts no more.").press("_save").text


def test_save_says_what_it_took_from_another_tab(staff: Client) -> None:
    page = make_condition()
    first, second = editor(staff, page), editor(staff, page)
    second.type("summary", "Of the second tab.").press("_do", "remove-source:survey")
    second.type("section_new", "causes").press("_do", "add-section")

    said = html.unescape(first.type(BODY, "Of the first tab.").press("_save").text)

    also = "“Summary”, “Section: Causes”, “Source survey”."
    assert f"Also saved: what you typed in another tab under {also}" in said
    assert draft(page).summary == "Of the second tab."
    assert "Also saved" not in editor(staff, page).type(BODY, "Once more.").press("_save").text


def test_save_takes_what_stands_in_its_own_page(staff: Client) -> None:
    page = make_condition()
    first, second = editor(staff, page), editor(staff, page)
    kept = keep(first.type(BODY, "Of the first tab."))
    first.type("_shown", json.dumps(json.loads(first["_shown"]) | kept["shown"]))
    keep(second.type(BODY, "Of the second tab."))

    said = html.unescape(first.press("_save").text)

    assert "your other tab's text of “Section: What it is”" in said
    assert body_of(page) == "Of the first tab."
    aside = [each.page_document.sections[1].body for each in Revision.objects.filter(by_hand=False)]
    assert "Of the second tab." in aside
    assert "Not saved" not in editor(staff, page).type(BODY, "Once more.").press("_save").text


@pytest.mark.parametrize(
    "button",
    [("_do", "preview"), ("_do", "add-section"), ("_do", "remove-source:survey"), ("_save", "1")],
)
def test_the_note_for_colleagues_waits_for_what_is_saved(
    staff: Client, button: tuple[str, str]
) -> None:
    page = make_condition()
    note = "After the “new” guideline"
    editor(staff, page).type("note", note).press(*button)

    assert editor(staff, page)["note"] == note
    editor(staff, page).type(BODY, "It hurts at night.").press("_save")

    assert Revision.objects.latest("number").note == note
    assert editor(staff, page)["note"] == ""


def test_a_tab_that_knows_of_no_note_takes_none_away(staff: Client) -> None:
    page = make_condition()
    first, second = editor(staff, page), editor(staff, page)
    first.type("note", "Why I did").press("_do", "preview")
    second.type(BODY, "It hurts.").press("_do", "preview")
    assert editor(staff, page)["note"] == "Why I did"

    editor(staff, page).type("note", "").press("_do", "preview")

    assert editor(staff, page)["note"] == ""


def test_a_note_stays_with_words_that_were_discarded_or_are_in_conflict(
    staff: Client, colleague: Client
) -> None:
    page = make_condition()
    form = editor(staff, page).type(BODY, "Mine.").type("note", "Why I did")
    editor(colleague, page).type(BODY, "Theirs.").press("_save")
    assert CONFLICT in form.press("_save").text
    assert editor(staff, page)["note"] == "Why I did"

    staff.post(change(page).replace("change", "discard"), {"what": "typed"})

    assert Revision.objects.latest("number").note == "Why I did"
    assert editor(staff, page)["note"] == ""


def test_a_key_point_that_was_typed_and_taken_out_is_in_the_history(staff: Client) -> None:
    page = make_condition(key_points=["One."])
    form = editor(staff, page).type("key_point", "One.", "Two.", "Three.")
    for points in (["One.", "Two.", "Three."], ["One.", "Three."], ["One.", "Three, or four."]):
        shown = json.loads(form["_shown"]) | keep(form.type("key_point", *points))["shown"]
        form.type("_shown", json.dumps(shown))

    (aside,) = Revision.objects.filter(by_hand=False)
    assert aside.page_document.key_points == ("One.", "Two.", "Three.")
    said = form.type("key_point", "One.").press("_save").text
    assert "Not saved" not in said
    assert Revision.objects.filter(by_hand=False).count() == 2
    editor(staff, page).type("key_point", "").press("_save")  # that one is in the draft before
    assert Revision.objects.filter(by_hand=False).count() == 2


def test_each_note_is_in_the_history_whatever_the_other_tab_says(staff: Client) -> None:
    page = make_condition()
    first, second = editor(staff, page), editor(staff, page)
    keep(first.type("note", "Dr. Lee asked for this"))
    keep(second.type(BODY, "It hurts.").type("note", "A new guideline"))
    assert editor(staff, page)["note"] == "A new guideline"
    editor(staff, page).type("note", "").press("_do", "preview")  # no more than that is wanted

    # The same words, discarded once more, with why.
    discard = change(page).replace("change", "discard")
    staff.post(discard, {"what": "typed"})
    for note in ("Asked to wait", "Asked to wait", ""):
        keep(editor(staff, page).type(BODY, "It hurts.").type("note", note))
        staff.post(discard, {"what": "typed"})

    notes = [each.note for each in Revision.objects.filter(by_hand=False)]
    assert notes == ["Asked to wait", "", "Dr. Lee asked for this"]


def test_a_long_note_and_a_long_title_are_kept_and_told(staff: Client) -> None:
    page = make_condition()
    note = "Why I did. " * 30
    form = editor(staff, page).type(BODY, "It hurts.").type("note", note)

    for button in (("_save", "1"), ("_do", "publish")):
        assert "Your note has 330 characters. Shorten it to 300" in form.press(*button).text
    assert [editor(staff, page)[name] for name in ("note", BODY)] == [note, "It hurts."]
    # Another tab, which knows nothing of it, does not cut it either.
    assert "Your note has 330" in editor(staff, page).type(BODY, "It eases.").press("_save").text
    staff.post(change(page).replace("change", "discard"), {"what": "typed"})
    assert "".join(each.note for each in Revision.objects.order_by("number")) == note
    editor(staff, page).type(BODY, "It eases.").type("note", "Why.").press("_save")
    assert (Revision.objects.latest("number").note, body_of(page)) == ("Why.", "It eases.")

    assert "maxlength" not in editor(staff, page).html
    title = "Sore back, " * 20
    add = Filled(staff, "/admin/conditions/condition/add/")
    assert "maxlength" not in add.html.partition("<main")[2]
    assert f'value="{title.strip()}"' in add.type("title", title).press("").text


def test_unsaved_words_are_shown_beside_what_others_saved_and_undo_nothing(
    staff: Client, colleague: Client
) -> None:
    page = make_condition()
    editor(staff, page).type("summary", "Typed.").press("_do", "preview")
    editor(colleague, page).type(BODY, "Saved by a colleague.").press("_save")

    history = colleague.get(change(page).replace("change", "revisions")).text

    assert "<ins>Typed</ins>" in history
    assert "Saved by" not in history
    # Nor does taking back what was discarded.
    staff.post(change(page).replace("change", "discard"), {"what": "typed"})
    Filled(staff, change(page).replace("change", "revisions/3/take")).press("")
    assert (draft(page).summary, body_of(page)) == ("Typed.", "Saved by a colleague.")


def test_each_part_names_who_saved_it(staff: Client, colleague: Client) -> None:
    page = make_condition()
    third = sign_in_as("editor", name="third")
    form = editor(staff, page).type("name", "an ache").type(BODY, "Mine.")
    form.press("_do", "preview")
    editor(colleague, page).type("title", "Aching back").press("_save")
    editor(third, page).type("summary", "It aches.").type("section_new", "causes").press("_save")

    assert "colleague saved meanwhile: Title." in told(staff, page)
    assert "third saved meanwhile: Summary, Section: Causes." in told(staff, page)
    editor(colleague, page).type(BODY, "Theirs.").press("_save")
    editor(third, page).type("icd10_code", "M54.5").press("_save")
    form.press("_save")
    assert "Section: What it is : saved by colleague while you typed" in told(staff, page)
    edited(page, summary="By a command.")
    assert "Someone else saved meanwhile: Summary." in told(staff, page)


def test_words_of_another_day_are_told_with_their_day(staff: Client) -> None:
    page = make_condition()
    keep(editor(staff, page).type("summary", "It hurts."))
    assert re.search(r"Typed at [\w:]+( [AP]M)?, not saved yet\.", told(staff, page))

    WorkingCopy.objects.update(at="2020-11-23T09:14:00-06:00")
    assert "Typed at Nov. 23, 2020, 9:14 AM, not saved yet." in told(staff, page)


def test_an_hour_of_two_peoples_typing_leaves_two_working_copies(
    staff: Client, colleague: Client
) -> None:
    page = make_condition()
    forms = [editor(staff, page), editor(colleague, page)]
    times = 3_600 // 2 if SOAK else 25  # every other second
    for number in range(times):
        for part, form in zip((BODY, "summary"), forms, strict=True):
            form.type(part, f"{form[part]} w{number}" if number % 50 else "Anew.")
            shown = keep(form)["shown"]
            form.fields["_shown"] = [json.dumps(json.loads(form["_shown"]) | shown)]

    assert WorkingCopy.objects.count() == 2
    assert Revision.objects.count() == 1
    assert not LogEntry.objects.exists()
    assert forms[0][BODY].endswith(f" w{times - 1}")
    for form in forms:
        form.press("_save")
    assert (body_of(page), draft(page).summary) == (forms[0][BODY], forms[1]["summary"])


def test_words_typed_before_their_shape_changed_clash_only_where_others_wrote(
    staff: Client, colleague: Client
) -> None:
    page = make_condition()
    published(page)
    editor(staff, page).type("summary", "Mine.").type(BODY, "Mine too.").press("_do", "preview")
    editor(colleague, page).type(BODY, "Theirs.").press("_save")
    copy = WorkingCopy.objects.get()
    copy.opened = {part: f"of old {hash}" for part, hash in copy.opened.items()}
    copy.save()

    said = told(staff, page)

    assert "Section: What it is : saved by colleague while you typed" in said
    assert said.count("while you typed") == 1
    editor(staff, page).press("_save")
    assert (draft(page).summary, body_of(page)) == ("Mine.", "Mine too.")
