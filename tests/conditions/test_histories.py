"""Two people with two tabs each, in any order: no word is lost that its author did not remove."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.access.models import User
from clinic_site.edit_conflict import EditConflict
from conditions.content.document import Section
from conditions.content.parts import Sent, document_from, part_hash, values_of
from conditions.editor.form import press
from conditions.models import Page, Revision, WorkingCopy
from conditions.publishing.drafts import autosave, discard, draft_document, form_of, revert_to, save
from conditions.publishing.publish import NotPublishable, publish
from tests.generated import many
from tests.make import by, make_account, make_condition

pytestmark = pytest.mark.on_postgresql

PARTS = (
    *("title", "summary", "key_points", "section-emergency", "section-overview"),
    *("section-causes", "source-survey", "source-new"),
)
BUTTONS = (
    *("remove-section:causes", "remove-source:survey", "remove-source:new", "take-theirs:"),
    *("up-source:new", "down-source:survey", "remove-key_point:", "up-key_point:"),
)
DOES = (
    *("type", "type", "type", "remove", "autosave", "late", "save", "back", "publish"),
    *("discard", "take", "open", "press", "press"),
)
steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(DOES), st.sampled_from(PARTS), st.integers(0, 7)),
    min_size=10,
    max_size=40,
)


class Tab:
    """The editor of one person, as it stands in a browser, with what they typed there."""

    def __init__(self, page: Page, user: User) -> None:
        self.page, self.user, self.by = page, user, by(user)
        self.left: list[Sent] = []  # as it stood when it was sent, for Back and for what is late
        self.open()

    def now(self) -> Page:
        return Page.objects.select_related("draft").get(pk=self.page.pk)

    def open(self) -> None:
        state = form_of(self.now(), self.user)
        self.values = dict(state.values)
        self.opened, self.shown = state.opened, state.shown
        self.clashes = state.clashes

    def back(self, pages: int) -> None:
        """Come back to a form as it was sent; a browser fills in again what was typed."""
        sent = self.sent_before(pages)
        self.values, self.opened = dict(sent.values), dict(sent.opened)
        self.shown = dict(sent.shown)

    def sent_before(self, pages: int) -> Sent:
        return self.left[-1 - pages % len(self.left)]

    def type(self, part: str, word: str) -> None:
        value = self.values.get(part)
        if part == "key_points":
            self.values[part] = [*(value or []), word]
        elif part.startswith("section-"):
            value = value or {"heading": "Why", "body": ""}
            self.values[part] = {**value, "body": f"{value['body']}\n- {word}"}
        elif part.startswith("source-"):
            key = part.removeprefix("source-")
            value = value or {"title": "", "publisher": "", "year": "2020", "url": ""}
            self.values[part] = {**value, "title": f"{value['title']} {word}"}
            self.values["sources"] = list(dict.fromkeys([*self.values["sources"], key]))
        else:
            self.values[part] = f"{value} {word}"

    def sent(self) -> Sent:
        self.left.append(Sent(dict(self.values), dict(self.opened), dict(self.shown)))
        return self.left[-1]

    def press(self, part: str, choice: int) -> None:
        do = BUTTONS[choice]
        if do == "take-theirs:":
            do += part
        elif "key_point" in do:
            do += next(iter(self.values["key_points"]), "")
        press(page=self.now(), by=self.by, sent=self.sent(), do=do)
        self.open()

    def autosave(self) -> None:
        autosave(page=self.now(), by=self.by, sent=self.sent())

    def save(self, choice: int) -> Revision:
        """Save; where someone else changed the same part, see both and choose, as people do."""
        for _again in range(3):
            try:
                revision = save(page=self.now(), by=self.by, sent=self.sent()).revision
            except EditConflict:
                self.open()
                for clash in self.clashes:
                    both = joined(clash.theirs, clash.mine)
                    chosen = (clash.mine, clash.theirs, both)[choice % 3]
                    self.values[clash.part] = chosen
                    if chosen is None:
                        del self.values[clash.part]
            else:
                self.open()
                return revision
        raise AssertionError("Saving what was shown was refused.")


def joined(theirs: Any, mine: Any) -> Any:
    if theirs is None or mine is None:
        return theirs or mine
    if isinstance(mine, dict):
        return {name: joined(theirs[name], text) for name, text in mine.items()}
    return [*theirs, *mine] if isinstance(mine, list) else f"{theirs} {mine}"


def everything() -> str:
    documents = [*Revision.objects.values_list("document", flat=True)]
    documents += [*WorkingCopy.objects.values_list("document", flat=True)]
    return " ".join(map(str, documents))


@pytest.mark.django_db
@given(steps)
@many(500, sample=6)
def test_no_word_is_lost_and_nothing_autosaved_is_published(history) -> None:
    Page.objects.all().delete()
    page = make_condition(sections=[Section(kind="emergency", heading="Go if:", body="- numb")])
    people = [make_account(name, "editor") for name in ("ana", "bo")]
    tabs = [Tab(page, user) for user in (*people, *people)]
    words: list[str] = []
    lives: set[int] = set()
    for which, what, part, choice in history:
        tab = tabs[which]
        if what == "type":
            words.append(f"x{chr(97 + len(words) // 26)}{chr(97 + len(words) % 26)}x")
            tab.type(part, words[-1])
        elif what == "remove":  # what stands in it was kept before
            tab.autosave()
            tab.save(0)
            tab.values.pop("section-causes", None)
        elif what == "autosave":
            tab.autosave()
        elif what == "late" and tab.left:
            autosave(page=tab.now(), by=tab.by, sent=tab.sent_before(choice))
        elif what == "back":
            tab.autosave()
            tab.back(choice)
        elif what == "press":
            tab.press(part, choice)
        elif what == "save":
            tab.save(choice)
        elif what == "publish":
            revision = tab.save(choice)
            with contextlib.suppress(NotPublishable):  # a title too long, a section removed
                publish(page=page, revision=revision, by=tab.by, clinical_change=False)
        elif what == "discard":
            tab.autosave()
            discard(page=page, by=tab.by)
            tab.open()
        elif what == "take":
            tab.autosave()
            draft = tab.now().draft
            assert draft is not None
            text = Revision.objects.filter(page=page.pk, number=1 + choice).first() or draft
            revert_to(page=page, revision=text, by=tab.by, draft=draft, note="")
            tab.open()
        else:
            tab.autosave()
            tab.open()
        lives |= {*Page.objects.exclude(live=None).values_list("live", flat=True)}
    for tab in tabs:
        tab.autosave()

    found = everything()
    assert [word for word in words if word not in found] == []
    assert not Revision.objects.filter(pk__in=lives, by_hand=False).exists()
    assert WorkingCopy.objects.count() <= len(people)


@pytest.mark.django_db
def test_without_what_a_tab_had_from_the_server_the_other_tabs_words_are_lost() -> None:
    """So that the story above can fail: the hashes of the draft alone do not tell."""
    page = make_condition()
    ana = make_account("ana", "editor")
    first, second = Tab(page, ana), Tab(page, ana)
    first.type("summary", "first")
    first.autosave()

    second.type("title", "second")
    second.shown = {"summary": part_hash("else")}
    second.autosave()

    kept = WorkingCopy.objects.get().page_document
    assert "first" not in kept.summary
    assert "first" in everything()  # but it was set aside


@pytest.mark.django_db
def test_what_was_typed_is_kept_as_it_is_and_saved_in_its_normal_form() -> None:
    page = make_condition()
    tab = Tab(page, make_account("ana", "editor"))
    tab.values["summary"] = "  A  back\u202e "
    tab.values["section-overview"] = {"heading": "What ", "body": "\n  It hurts.\n\n"}
    tab.values["key_points"] = ["", " One. "]

    tab.autosave()

    copy = WorkingCopy.objects.get().page_document
    assert copy.summary == "  A  back\u202e "
    assert copy.sections[1].body == "\n  It hurts.\n\n"
    saved = tab.save(0).page_document
    assert (saved.summary, saved.key_points) == ("A back", ("One.",))
    assert saved.sections[1] == Section(kind="overview", heading="What", body="It hurts.")
    # What is equal to the draft then makes no new revision.
    tab.values["summary"] = "A   back"
    tab.save(0)
    assert Revision.objects.count() == 2
    assert draft_document(tab.now()) == document_from("condition", page.ref, values_of(saved))
