"""Staff at work in the editor, without a script: awkward but honest edits, and no word lost."""

import datetime as dt
import html
import json
import re

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.access.models import User
from clinic_site.clinic import Remembered
from clinic_site.models import Notice, Physician
from conditions.content.document import Source
from conditions.content.kinds import ABOUT, CONDITION_KINDS, SectionKind
from conditions.content.parts import compare, hashes_of, part_hash, values_of
from conditions.models import Page, Revision, WorkingCopy
from conditions.publishing.drafts import form_of
from conditions.publishing.signing import sign
from conditions.search import emergencies
from tests.conditions.editing import body_of, change, draft, editor
from tests.forms import Filled
from tests.generated import SOAK
from tests.make import (
    edited,
    make_account,
    make_condition,
    make_signer,
    make_treatment,
    published,
    sign_in_as,
)

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_first]


@pytest.fixture
def staff() -> Client:
    return sign_in_as("editor", name="staff")


@pytest.fixture
def colleague() -> Client:
    return sign_in_as("editor", name="colleague")


def test_a_sentence_is_changed_saved_and_published(staff: Client, client: Client) -> None:
    page = make_condition()
    published(page)
    form = editor(staff, page).type("section-overview-body", "It hurts at night.\r\n\r\nIt eases.")

    saved = form.press("_save")

    assert "Saved as a draft. Patients do not see it yet." in saved.text
    assert body_of(page) == "It hurts at night.\n\nIt eases."
    assert "at night" not in client.get("/conditions/sore-back/").text
    asked = editor(staff, page).press("_do", "publish")
    assert asked.redirect_chain[-1][0].endswith("/publish/")
    done = Filled(staff, change(page).replace("change", "publish")).press("clinical_change", "no")
    assert "Published as number 2. Patients see it now." in done.text
    assert "at night" in client.get("/conditions/sore-back/").text


def test_an_untouched_form_saves_and_changes_nothing(staff: Client) -> None:
    call_command("load_content", "conditions/content", verbosity=0)

    for page in Page.objects.order_by("kind")[:: 1 if SOAK else 3]:
        before = page.revisions.count()
        answer = editor(staff, page).press("_save")
        assert "Nothing is changed: patients see this text." in answer.text
        editor(staff, page).press("_do", "preview")
        assert page.revisions.count() == before
    assert not WorkingCopy.objects.exists()


def test_two_sources_and_two_treatments_exchange_their_places(staff: Client) -> None:
    refs = [make_treatment(slug=slug, title=slug).ref for slug in ("rest", "walking")]
    sources = [Source(key=key, title=key.title()) for key in ("survey", "other")]
    page = make_condition(treatments=refs, sources=sources)

    editor(staff, page).press("_do", "up-treatment:1")
    editor(staff, page).press("_do", "down-source:survey")
    answer = editor(staff, page).press("_save")

    assert "Saved as a draft." in answer.text
    assert draft(page).treatments == ("walking", "rest")
    assert [each.key for each in draft(page).sources] == ["other", "survey"]


def test_lists_grow_and_shrink_by_buttons_and_a_new_source_has_a_key(staff: Client) -> None:
    make_treatment()
    page = make_condition(key_points=["One.", "Two."])
    form = editor(staff, page).type("key_point", "One.", "Two.", "Three.")
    form.type("treatment_new", "rest").type("source_new-publisher", "AAFP guide")
    form.type("source_new-title", "Care").type("source_new-year", "about 2016")

    answer = form.press("_do", "add-source", follow=False)
    assert answer["Location"] == f"{change(page)}#sources"
    editor(staff, page).press("_do", "remove-key_point:0")
    editor(staff, page).press("_do", "remove-section:overview")
    editor(staff, page).type("section_new", "causes").press("_do", "add-section")
    editor(staff, page).press("_do", "remove-source:survey")
    assert draft(page).key_points == ("One.", "Two.")  # nothing is saved yet
    editor(staff, page).press("_save")

    document = draft(page)
    assert document.key_points == ("Two.", "Three.")
    assert document.treatments == ("rest",)
    assert [each.kind for each in document.sections] == ["emergency", "causes"]
    (source,) = document.sources
    assert (source.key, source.publisher, source.year) == (
        *("aafp-about-2016", "AAFP guide", "about 2016"),
    )


def test_saving_refuses_nothing_and_publishing_says_what_to_mend(staff: Client) -> None:
    page = make_condition()
    form = editor(staff, page).type("title", "").type("slug", "no address!")
    form.type("source-survey-year", "soon").type("section-overview-body", "It hurts 1 in 5.")

    answer = form.press("_do", "publish")

    assert answer.redirect_chain[-1][0] == f"{change(page)}?refused=1#errors"
    assert "<title>Error: " in answer.text
    assert "4 things to mend before patients can see it" in answer.text
    for part, where in (
        ("title", "Title"),
        ("slug", "Address"),
        ("source-survey", "Source survey"),
    ):
        assert f'<a href="{change(page)}#{part}">{where}</a>' in answer.text
        assert f'id="{part}"' in answer.text
    assert draft(page).slug == "no address!"
    assert Page.objects.get().live is None
    refused = staff.get(change(page).replace("change", "publish"))
    assert "4 things to mend" in refused.text
    assert "clinical_change" not in refused.text


def test_what_was_typed_is_there_after_a_preview_and_nobody_else_sees_it(
    staff: Client, colleague: Client, client: Client
) -> None:
    page = make_condition()
    published(page)
    form = editor(staff, page).type("section-overview-body", "\r\n  It hurts at night.  ")

    shown = form.press("_do", "preview")

    assert "It hurts at night." in shown.text
    assert "Preview: patients do not see this draft" in shown.text
    assert editor(staff, page)["section-overview-body"] == "\r\n  It hurts at night.  "
    assert "not saved yet" in staff.get(change(page)).text
    assert "at night" not in editor(colleague, page)["section-overview-body"]
    assert "at night" not in client.get("/conditions/sore-back/").text
    history = colleague.get(change(page).replace("change", "revisions")).text
    assert "staff has typed and not saved" in history
    assert "at night" in history
    # Nor does publishing take it.
    warned = staff.get(change(page).replace("change", "publish")).text
    assert "What you have typed and not saved is not in this text." in warned
    assert "at night" not in warned


def test_two_people_change_different_parts_and_both_stay(staff: Client, colleague: Client) -> None:
    page = make_condition()
    mine, theirs = editor(staff, page), editor(colleague, page)
    mine.type("summary", "My words.").press("_do", "preview")
    theirs.type("section-overview-body", "Their words.").type("section_new", "causes")
    theirs.press("_save")

    assert "Their words." in staff.get(change(page).replace("change", "preview")).text
    assert "It is put together with what you typed." in staff.get(change(page)).text
    answer = mine.type("summary", "My own words.").press("_save")

    assert "Saved as a draft." in answer.text
    assert (draft(page).summary, body_of(page)) == ("My own words.", "Their words.")
    assert "causes" in [each.kind for each in draft(page).sections]


def test_two_people_change_one_part_and_the_later_sees_both(
    staff: Client, colleague: Client
) -> None:
    page = make_condition()
    mine, theirs = editor(staff, page), editor(colleague, page)
    theirs.type("section-overview-body", "Their words.").press("_save")

    told = mine.type("section-overview-body", "My words.").press("_save")

    assert "<title>Error: " in told.text
    assert "saved by colleague while you typed" in told.text
    assert "<del>Their</del><ins>My</ins> words." in told.text
    assert body_of(page) == "Their words."
    kept = Revision.objects.get(by_hand=False)
    assert (kept.saved_by, "My words." in str(kept.document)) == (
        User.objects.get(username="staff"),
        True,
    )
    # A third change comes between: that one is shown as well.
    again = editor(staff, page)
    edited(page, {"overview": "Newest words."})
    assert "<del>Newest</del><ins>My</ins> words." in again.press("_save").text
    editor(staff, page).press("_save")
    assert body_of(page) == "My words."
    assert Revision.objects.filter(by_hand=False).count() == 1


def test_the_later_takes_theirs_and_both_texts_stay_in_the_history(
    staff: Client, colleague: Client
) -> None:
    page = make_condition()
    mine, theirs = editor(staff, page), editor(colleague, page)
    theirs.type("section-overview-body", "Their words.").press("_save")
    mine.type("section-overview-body", "My words.").press("_save")

    editor(staff, page).press("_do", "take-theirs:section-overview")
    editor(staff, page).press("_save")

    assert body_of(page) == "Their words."
    texts = " ".join(str(each.document) for each in Revision.objects.all())
    assert "My words." in texts
    assert not WorkingCopy.objects.exists()


def test_a_section_that_someone_removed_while_i_wrote_in_it_is_shown(
    staff: Client, colleague: Client
) -> None:
    page = make_condition()
    mine, theirs = editor(staff, page), editor(colleague, page)
    theirs.press("_do", "remove-section:overview")
    editor(colleague, page).press("_save")

    told = mine.type("section-overview-body", "My words.").press("_save")
    assert "saved by colleague while you typed" in told.text
    editor(staff, page).press("_save")

    assert body_of(page) == "My words."


def test_one_person_with_two_tabs_loses_no_word(staff: Client) -> None:
    page = make_condition()
    first, second = editor(staff, page), editor(staff, page)

    first.type("summary", "First tab.").press("_do", "preview")
    second.type("name", "second tab").press("_do", "preview")
    both = editor(staff, page)
    assert (both["summary"], both["name"]) == ("First tab.", "second tab")
    # The same part: the tab that typed last wins, and the other text is set aside.
    second.type("summary", "Second tab.").press("_do", "preview")

    assert editor(staff, page)["summary"] == "Second tab."
    assert "First tab." in str(Revision.objects.get(by_hand=False).document)


def test_discard_asks_and_is_undone(staff: Client) -> None:
    page = make_condition()
    published(page)
    edited(page, {"overview": "Saved words."})
    editor(staff, page).type("summary", "Typed words.").press("_do", "preview")
    address = change(page).replace("change", "discard")
    asked = staff.get(address).text
    assert "Typed" in asked
    assert "Saved" in asked

    done = staff.post(address, {"what": "typed"}, follow=True)
    undo = html.unescape(done.text).partition("Discarded.")[2].partition('href="')[2]
    undo = undo.partition('"')[0]
    assert editor(staff, page)["summary"] == "A back that hurts."
    Filled(staff, undo).press("")
    assert draft(page).summary == "Typed words."
    staff.post(address, {"what": "draft", "draft": "2"}, follow=True)
    assert draft(page).summary == "Typed words."  # that was not the draft that is there now
    staff.post(address, {"what": "draft", "draft": "4"})
    assert draft(page).summary == "A back that hurts."


def test_a_form_open_while_someone_publishes_and_signs_undoes_neither(staff: Client) -> None:
    page = make_condition()
    published(page)
    form = editor(staff, page)
    revision = published(edited(page, summary="New words."))
    sign(
        revision=revision,
        by=make_signer(make_account("clinician", "clinician")),
        next_due=timezone.localdate() + dt.timedelta(days=9),
    )

    form.press("_save")
    form.type("name", "my sore back").press("_save")

    now = Page.objects.get(pk=page.pk)
    assert now.live == revision
    assert now.review is not None
    assert (draft(page).summary, draft(page).name) == ("New words.", "my sore back")


def test_a_new_page_begins_from_its_kinds_of_sections(staff: Client, client: Client) -> None:
    make_condition()
    for kind in ("condition", "treatment"):
        form = Filled(staff, f"/admin/conditions/{kind}/add/").type("title", "Sore back")
        form.press("")
    condition, treatment = Page.objects.order_by("pk")[1:]
    assert (condition.ref, treatment.ref) == ("sore-back-2", "sore-back-3")
    form = editor(staff, condition).type("summary", "It hurts.").type("name", "a sore back")
    form.type("section-emergency-body", "- your legs are numb")

    form.press("_do", "publish")
    Filled(staff, change(condition).replace("change", "publish")).press("clinical_change", "yes")

    shown = client.get("/conditions/sore-back-2/")
    assert shown.status_code == 200
    assert "your legs are numb" in shown.text
    assert "Signs and symptoms" not in shown.text  # nobody has written anything there yet
    assert [each.heading for each in condition.sections.all()] == ["When to call 911"]


def test_a_page_is_deleted_only_before_it_was_ever_published(staff: Client) -> None:
    page = make_condition()
    editor(staff, page).type("summary", "Typed.").press("_do", "preview")
    gone = change(page).replace("change", "delete")
    assert staff.post(gone, {"post": "yes"}).status_code == 302
    assert not Page.objects.exists()

    page = make_condition()
    published(page)
    assert staff.post(change(page).replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert Page.objects.filter(pk=page.pk).exists()


def test_who_deletes_a_page_with_a_colleagues_unsaved_text_is_told_whose_it_is(
    staff: Client,
) -> None:
    page = make_condition()
    kim = sign_in_as("editor", name="kim")
    editor(kim, page).type("summary", "Mine.").press("_do", "preview")
    gone = change(page).replace("change", "delete")

    for told in (staff.get(gone, follow=True), staff.post(gone, {"post": "yes"}, follow=True)):
        assert told.redirect_chain == [(change(page), 302)]
        assert "kim typed text here that is not saved. Read it in the history" in told.text
    assert Page.objects.filter(pk=page.pk).exists()

    editor(staff, page).type("summary", "Mine.").press("_save")  # the very same
    staff.post(gone, {"post": "yes"})
    assert not Page.objects.exists()


@pytest.mark.parametrize("left", ["the clinic", "the role"])
def test_what_nobody_can_save_any_more_keeps_no_page(staff: Client, left: str) -> None:
    page = make_condition()
    kim = sign_in_as("editor", name="kim")
    editor(kim, page).type("summary", "Mine.").press("_do", "preview")
    account = User.objects.filter(username="kim")
    if left == "the clinic":
        account.update(is_active=False)
    else:
        account.get().groups.clear()

    gone = change(page).replace("change", "delete")
    assert "Unsaved text: by kim" in staff.get(gone).text
    staff.post(gone, {"post": "yes"})

    assert not Page.objects.exists()


def test_a_treatment_that_a_live_page_names_is_not_deleted_and_the_page_is_told(
    staff: Client,
) -> None:
    treatment = make_treatment()
    published(make_condition(title="Sore back", treatments=[treatment.ref]))

    shown = staff.get(change(treatment).replace("change", "delete")).text

    assert "Cannot delete treatment" in shown
    assert "Offer: Sore back" in shown


def test_staff_read_that_a_page_was_taken_off_the_site(staff: Client) -> None:
    page = make_condition()
    assert "Patients do not see this page yet." in staff.get(change(page)).text
    published(page)

    staff.post(change(page).replace("change", "unpublish"))

    for view in ("change", "revisions"):
        shown = staff.get(change(page).replace("change", view)).text
        assert "Patients do not see this page any more." in re.sub(
            "(?s)<ul class=.messagelist.*?</ul>", "", shown
        )
        assert "page yet" not in shown


def test_who_adds_nothing_is_told(staff: Client) -> None:
    page = make_condition()

    for button in ("add-section", "add-source", "add-treatment"):
        assert '"warning">Nothing is added yet.' in editor(staff, page).press("_do", button).text
    form = editor(staff, page).type("section_new", "causes")
    assert '"warning">Nothing is added yet.' not in form.press("_do", "add-section").text


def test_a_page_without_a_title_has_its_name_in_lists(staff: Client) -> None:
    treatment, other = make_treatment(title=""), make_treatment(slug="other", title="")
    page = make_condition(treatments=[treatment.ref])

    shown = staff.get(change(page)).text

    assert f'<span class="words">{treatment.ref}</span>' in shown
    assert f'<option value="{other.ref}">{other.ref}</option>' in shown
    asked = staff.get(change(treatment).replace("change", "publish")).text
    assert f"Publish “{treatment.ref}”" in asked


def test_who_deletes_a_page_reads_nothing_of_who_has_it_open(staff: Client) -> None:
    page = make_condition()
    staff.post(change(page).replace("change", "here"), {"part": ""})
    assert page.presences.exists()

    asked = staff.get(change(page).replace("change", "delete")).text
    assert "Revision: Sore back, 1" in asked
    assert "resence" not in asked
    staff.post(change(page).replace("change", "delete"), {"post": "yes"})

    assert not Page.objects.filter(pk=page.pk).exists()


def test_who_only_signs_reads_the_editor_and_signs() -> None:
    page = make_condition()
    published(page)
    client = sign_in_as("clinician")
    make_signer(User.objects.get(username="clinician"), "Dr. A")
    start = f"/admin/conditions/condition/{page.pk}/"

    shown = client.get(f"{start}change/").text
    assert "disabled" in shown
    assert 'name="_save"' not in shown
    assert "Sign the live page" in client.get(f"{start}revisions/").text
    signing = (
        Filled(client, f"{start}sign/")
        .type("read", "on")
        .type("next_due", f"{timezone.localdate() + dt.timedelta(days=365)}")
    )
    assert "Signed by Dr. A." in signing.press("").text
    for view in ("publish", "change", "autosave", "discard", "revisions/1/take"):
        assert client.post(f"{start}{view}/").status_code == 403, view


def test_only_who_may_sign_can_sign() -> None:
    page = make_condition()
    published(page)
    client = sign_in_as("scheduler", "manager")

    views = ("sign", "publish", "revisions", "preview", "export", "unpublish", "autosave", "change")
    for view in views:
        answer = client.post(f"/admin/conditions/condition/{page.pk}/{view}/")
        assert answer.status_code == 403, view
        assert "Ask a manager" in answer.text


def test_the_words_of_an_emergency_are_one_a_line(staff: Client) -> None:
    page = make_condition()
    before = draft(page)

    editor(staff, page).type("emergency_words", " numb\r\n\r\nbladder").press("_save")

    (found,) = compare(before, draft(page))
    assert (found.part, found.html) == ("emergency_words", "<p><ins>numb<br>bladder</ins></p>")
    published(page)
    assert emergencies("back pain") == []
    # Two words in one line would each be an emergency: "back pain" too.
    editor(staff, page).type("emergency_words", "numb\nchest  pain").press("_save")
    told = staff.get(change(page).replace("change", "publish")).text
    assert "“chest pain” is more than one word" in told


def test_autosave_keeps_what_was_typed_in_one_part_and_answers_with_the_findings(
    staff: Client,
) -> None:
    page = make_condition()
    hashes = json.dumps({"section-overview": hashes_of(values_of(draft(page)))["section-overview"]})
    sent = {
        "section-overview-heading": "What it is",
        "section-overview-body": "It hurts 2 in 5. \n",
        "_opened": hashes,
        "_shown": hashes,
    }

    answer = staff.post(change(page).replace("change", "autosave"), sent).json()

    assert "“2” has no source" in answer["findings"]["section-overview"]
    assert answer["values"] == {}
    assert "thing to mend" in answer["contents"]
    copy = WorkingCopy.objects.get()
    assert copy.page_document.sections[1].body == "It hurts 2 in 5. \n"
    state = form_of(page, copy.person)
    assert answer["shown"] == {
        "section-overview": state.shown["section-overview"],
        "note": part_hash(""),
    }
    assert staff.get(change(page).replace("change", "autosave")).status_code == 405
    # What another person typed in this browser is not this one's.
    theirs = {**sent, "section-overview-body": "Of another.", "_person": "another"}
    assert staff.post(change(page).replace("change", "autosave"), theirs).status_code == 409
    assert WorkingCopy.objects.get().page_document == copy.page_document
    # The same keys typed again, and then taken back: no working copy is left behind.
    sent |= {"section-overview-body": "It hurts 1 in 5 people.[^survey]"}
    sent |= {"_shown": json.dumps(answer["shown"])}
    staff.post(change(page).replace("change", "autosave"), sent)
    assert not WorkingCopy.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"_opened": "{", "_shown": "[]"},
        {"_opened": '{"title": 5, "gossip": "x"}', "title": "Mine"},
        {"_opened": '{"sources": "x", "source-a": "y"}', "source": ["a", "a", "b"]},
        {"_do": "up-treatment:99999999999", "_opened": '{"treatments": "x"}'},
        {"_do": "remove-section:gossip"},
        {"_do": "take-theirs:nowhere"},
        {"_do": ":::"},
        {"title": "a\x00b", "section_new": "gossip", "treatment_new": "gossip"},
    ],
)
def test_a_form_that_no_browser_sends_breaks_nothing(staff: Client, sent: dict) -> None:
    page = make_condition()

    for address in (change(page), change(page).replace("change", "autosave")):
        assert staff.post(address, sent).status_code in (200, 302)
    assert staff.get(change(page)).status_code == 200
    assert [each.kind for each in draft(page).sections] == ["emergency", "overview"]


def test_the_history_compares_and_takes_back(staff: Client) -> None:
    page = make_condition()
    published(page)
    edited(page, {"overview": "Second words."})
    edited(page, {"overview": "Third words."})
    start = change(page).removesuffix("change/")

    listed = staff.get(f"{start}revisions/").text
    assert "(live)" in listed
    assert "(draft)" in listed
    for asked in ("", "?with=2"):
        beside = staff.get(f"{start}revisions/3/{asked}").text
        assert "From number 2 to number 3" in beside
        assert "<del>Second</del><ins>Third</ins> words." in beside
    assert "From number 1 to number 3" in staff.get(f"{start}revisions/3/?with=live").text
    first = staff.get(f"{start}revisions/1/")
    assert "How the page began" in first.text
    assert "<ins>Sore back</ins>" in first.text
    for wrong in ("revisions/9/", "revisions/1/?with=9", "revisions/1/?with=x"):
        assert staff.get(f"{start}{wrong}").status_code == 404
    taken = Filled(staff, f"{start}revisions/2/take/").press("")
    assert "Number 2 is the draft again." in taken.text
    assert body_of(page) == "Second words."


def test_what_the_editor_says_of_patients_is_what_patients_see(staff: Client) -> None:
    page = make_condition()
    published(page)
    edited(page, {"causes": ("Causes", "")})  # of which nothing shows
    start = change(page).removesuffix("change/")

    assert "Patients see this text." in staff.get(change(page)).text
    assert "Preview: patients see this text" in staff.get(f"{start}preview/").text
    assert "Patients see this text already." in staff.get(f"{start}publish/").text
    assert "Nothing is changed: patients see" in editor(staff, page).press("_save").text
    other = editor(staff, page).type("summary", "Another.").press("_save").text
    assert "Saved as a draft. Patients do not see it yet." in other
    back = editor(staff, page).type("summary", "A back that hurts.").press("_save").text
    assert "Saved as a draft. It is what patients see." in back
    assert "Patients see this text." in back
    for number, words in {3: "Patients do not see it yet.", 1: "It is what patients see."}.items():
        taken = Filled(staff, f"{start}revisions/{number}/take/").press("").text
        assert f"Number {number} is the draft again. {words}" in taken


def test_only_words_that_were_typed_are_told_as_typed(staff: Client) -> None:
    page = make_condition()
    published(page)
    start = change(page).removesuffix("change/")

    def told(address: str) -> bool:
        return bool(re.search("typed and not saved", staff.get(f"{start}{address}").text))

    editor(staff, page).type("summary", "Another.").press("_do", "preview")
    assert told("publish/")
    assert told("revisions/1/take/")
    assert told("revisions/")
    edited(page, summary="Another.")  # as somebody else has saved, too
    assert not told("publish/")
    assert not told("revisions/1/take/")
    assert not told("revisions/")
    editor(staff, page).type("note", "Why.").press("_do", "preview")
    assert not told("publish/")
    assert told("revisions/")


def test_what_was_typed_into_a_page_that_a_colleague_deletes_is_shown(staff: Client) -> None:
    page = make_condition()
    open_here = editor(staff, page).type("summary", "Backs hurt <often>.")
    earlier = Filled(staff, change(page).replace("change", "revisions/1/take"))

    Page.objects.all().delete()

    for button in ("_save", "_do"):
        gone = open_here.press(button, "preview")
        assert gone.status_code == 404
        assert "This is not there any more" in gone.text
        assert html.escape("Backs hurt <often>.") in gone.text
    gone = earlier.press("_take")
    assert gone.status_code == 404
    assert "This is not there any more" in gone.text
    assert "Copy from below" not in gone.text  # nobody typed which text was shown


def test_each_kind_of_section_says_what_belongs_into_it(staff: Client) -> None:
    page = make_condition()

    assert set(ABOUT) == set(SectionKind.values)
    shown = staff.get(change(page)).text
    for kind in CONDITION_KINDS:  # those of the page, and those that can be added
        assert str(ABOUT[kind]) in shown


def queries(client: Client, address: str, method: str = "get", **more) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert getattr(client, method)(address, **more).status_code in (200, 302)
    return len(asked)


def test_one_page_among_many_takes_as_few_queries_as_one_alone(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Physician.objects.create(slug="dr-a", name="Dr. A", specialty="x", bio="y")
    page = make_condition(treatments=[make_treatment().ref], physicians=["dr-a"])
    published(page)

    def measured() -> tuple[int, ...]:
        editor(staff, page)
        # Another page of the admin with nothing on it, for what each page of it takes.
        empty = queries(staff, "/admin/conditions/condition/add/")
        opened = queries(staff, change(page)) - empty
        form = editor(staff, page).type("summary", f"Words {Revision.objects.count()}.")
        address = change(page).replace("change", "autosave")
        kept = queries(staff, address, "post", data=form.fields) - empty
        with CaptureQueriesContext(connection) as asked:
            form.press("_save", follow=False)
        listed = queries(staff, "/admin/conditions/condition/")
        return opened, len(asked) - empty, kept, listed

    measured()
    monkeypatch.setattr(Remembered, "in_background", True)  # as in a web process
    few = measured()
    document = draft(page).to_json()
    for number in range(2, 2_000):
        Page.objects.bulk_create([Page(kind="condition", ref=f"page-{number}")])
    others = Page.objects.filter(ref__startswith="page-")
    made = Revision.objects.bulk_create(
        Revision(page=each, number=1, title="Other", document=document) for each in others
    )
    for each in made:
        each.page.draft = each
    Page.objects.bulk_update([each.page for each in made], ["draft"], batch_size=500)
    Revision.objects.bulk_create(
        Revision(page=page, number=number, title="Old", document=document)
        for number in range(100, 300)
    )
    many = measured()

    assert few == many
    assert few[0] <= 8, few
    assert few[1] <= 15, few
    assert few[2] <= 8, few


def test_a_notice_changed_after_counsel_confirmed_it_is_to_be_confirmed_again(
    staff: Client,
) -> None:
    notice = Notice.objects.create(slug="a", title="A", body="Text", confirmed=True)
    address = f"/admin/clinic_site/notice/{notice.pk}/change/"

    Filled(staff, address).type("title", "B").press("_save")
    assert Notice.objects.get().confirmed
    Filled(staff, address).type("body", "Other").press("_save")
    assert not Notice.objects.get().confirmed
    nothing = Filled(staff, address).type("body", " ").type("confirmed", "on")
    assert "There is no text yet" in nothing.press("_save").text
    assert not Notice.objects.get().confirmed


def moves(client: Client, page: Page, kind: str) -> list[str]:
    """What the buttons that move an item of a list, and are shown, would send, in order."""
    shown = rf'value="((?:up|down)-{kind}:(?!__)[^"]*)">'
    found = re.findall(shown, client.get(change(page)).text)
    return [each.replace(f"-{kind}:", " ") for each in found]


def test_the_first_of_a_list_moves_down_only_and_the_last_one_up_only(staff: Client) -> None:
    sources = [Source(key=key, title=key, year="2020") for key in ("one", "two", "three")]
    treatments = [make_treatment(slug=slug, title=slug).ref for slug in ("rest", "walking")]
    points = ["One.", "Two.", "Three."]
    page = make_condition(sources=sources, treatments=treatments, key_points=points)

    assert moves(staff, page, "source") == ["down one", "up two", "down two", "up three"]
    assert moves(staff, page, "treatment") == ["down 0", "up 1"]
    assert moves(staff, page, "key_point") == ["down 0", "up 1", "down 1", "up 2"]
    editor(staff, page).press("_do", "remove-source:three")
    editor(staff, page).press("_do", "remove-source:two")
    assert moves(staff, page, "source") == []


def test_no_two_things_in_the_editor_have_one_id_whatever_the_keys_of_sources_are(
    staff: Client,
) -> None:
    keys = ("a", "a-title", "a-year", "new", "new-title", "s")
    sources = [Source(key=key, title=key, year="2020") for key in keys]
    for page in (make_condition(sources=sources), make_treatment(sources=sources)):
        editor(staff, page).type("section_new", "causes").press("_do", "add-section")
        ids = re.findall(r'\bid="([^"]+)"', staff.get(change(page)).text)
        assert sorted({each for each in ids if ids.count(each) > 1}) == []


def test_a_source_that_i_removed_while_someone_changed_it_can_come_back(
    staff: Client, colleague: Client
) -> None:
    page = make_condition()
    editor(staff, page).press("_do", "remove-source:survey")
    editor(colleague, page).type("source-survey-title", "A newer survey").press("_save")

    editor(staff, page).press("_do", "take-theirs:source-survey")
    editor(staff, page).press("_save")

    assert [each.title for each in draft(page).sources] == ["A newer survey"]
