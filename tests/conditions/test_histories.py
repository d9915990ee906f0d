"""Two people with two tabs each, in any order: no word is lost that its author did not remove."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.access.models import User
from clinic_site.edit_conflict import EditConflict
from conditions.content.document import Section
from conditions.content.parts import Sent, document_from, part_hash
from conditions.models import Page, Revision, WorkingCopy
from conditions.publishing.drafts import (
    autosave,
    discard,
    draft_document,
    form_of,
    revert_to,
    save,
    values_of,
)
from conditions.publishing.publish import NotPublishable, publish
from tests.accounts import by, make_account
from tests.generated import many
from tests.make import make_condition

PARTS = ("title", "summary", "section-emergency", "section-overview", "section-causes")
DOES = ("type", "type", "type", "remove", "autosave", "save", "publish", "discard", "take", "open")
steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(DOES), st.sampled_from(PARTS), st.integers(0, 2)),
    min_size=10,
    max_size=40,
)


class Tab:
    """The editor of one person, as it stands in a browser, with what they typed there."""

    def __init__(self, page: Page, user: User) -> None:
        self.page, self.user, self.by = page, user, by(user)
        self.open()

    def now(self) -> Page:
        return Page.objects.select_related("draft").get(pk=self.page.pk)

    def open(self) -> None:
        state = form_of(self.now(), self.user)
        self.values = dict(state.values)
        self.opened, self.shown = state.opened, state.shown
        self.clashes = state.clashes

    def type(self, part: str, word: str) -> None:
        value = self.values.get(part) or {"heading": "Why", "body": ""}
        if part.startswith("section-"):
            self.values[part] = {**value, "body": f"{value['body']}\n- {word}"}
        else:
            self.values[part] = f"{self.values[part]} {word}"

    def sent(self) -> Sent:
        return Sent(self.values, self.opened, self.shown)

    def autosave(self) -> None:
        autosave(page=self.now(), by=self.by, sent=self.sent())

    def save(self, choice: int) -> Revision:
        """Save; where someone else changed the same part, see both and choose, as people do."""
        for _again in range(3):
            try:
                revision = save(page=self.now(), by=self.by, sent=self.sent())
            except EditConflict:
                self.open()
                for clash in self.clashes:
                    chosen = (clash.mine, clash.theirs, joined(clash.theirs, clash.mine))[choice]
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
    if isinstance(mine, str):
        return f"{theirs} {mine}"
    return {"heading": mine["heading"], "body": f"{theirs['body']}\n{mine['body']}"}


def everything() -> str:
    documents = [*Revision.objects.values_list("document", flat=True)]
    documents += [*WorkingCopy.objects.values_list("document", flat=True)]
    return " ".join(map(str, documents))


@pytest.mark.django_db
@given(steps)
@many(500, sample=10)
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
