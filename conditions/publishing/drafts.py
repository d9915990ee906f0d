"""The editor's side of a page: what is typed is kept at once, and Save puts it together with what
others saved.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from django.utils.translation import gettext as _

from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from conditions.content.document import DOCUMENTS, PageDocument, Section, normal
from conditions.content.kinds import ADDED_LATER, blank_heading
from conditions.content.parts import (
    NOT_THERE,
    Clash,
    Sent,
    document_from,
    free_name,
    hashes_of,
    merge,
    part_hash,
    values_of,
)
from conditions.models import Address, Page, Revision, WorkingCopy

NOTE = Revision._meta.get_field("note").max_length or 0  # the most characters of one


@dataclass(frozen=True)
class FormState:
    """What the editor shows one person: the draft, with what they have typed and not saved.

    `values` and `document` are both together, `draft` is the draft alone. `opened` has the hash of
    each part in the draft that `values` began from; like `shown`, it comes back with what is typed
    next. `saved_by` names who else has saved a part since; `typed_at` is None where nothing is
    typed.
    """

    document: PageDocument
    values: dict[str, Any]
    draft: dict[str, Any]
    opened: dict[str, str]
    clashes: list[Clash] = field(default_factory=list)
    saved_by: dict[str, str] = field(default_factory=dict)
    typed_at: dt.datetime | None = None
    note: str = ""

    @property
    def shown(self) -> dict[str, str]:
        """The hash of each value, and of the note."""
        return hashes_of({**self.values, "note": self.note})


def draft_document(page: Page) -> PageDocument:
    """Return the document of a page's draft."""
    assert page.draft is not None
    return page.draft.page_document


def copy_of(page: Page, person: User | None) -> WorkingCopy | None:
    """Return what a person has typed on a page and not saved."""
    return WorkingCopy.objects.filter(page=page.pk, person=person).first()


def form_of(page: Page, person: User) -> FormState:
    """Return what the editor shows this person."""
    return state_of(page, copy_of(page, person))


def state_of(page: Page, copy: WorkingCopy | None) -> FormState:
    """Return what the editor shows whoever typed `copy`."""
    document = draft_document(page)
    draft = values_of(document)
    opened = hashes_of(draft)
    if copy is None:
        return FormState(document, draft, draft, opened)
    merged, clashes, saved_by = _with_draft(page, copy)
    document = document_from(page.kind, page.ref, merged)
    values = values_of(document)
    # What a colleague has removed is not in the draft any more.
    opened |= {part: NOT_THERE for part in copy.opened if part in values and part not in draft}
    typed_at = copy.at if values != draft else None  # a colleague may have saved the very same
    return FormState(document, values, draft, opened, clashes, saved_by, typed_at, copy.note)


def unsaved(page: Page) -> list[tuple[WorkingCopy, FormState]]:
    """Return what each person has typed on a page and not saved, the oldest first."""
    copies = page.working_copies.select_related("person").order_by("at")
    states = [(copy, state_of(page, copy)) for copy in copies]
    return [(copy, state) for copy, state in states if state.typed_at or state.note]


def _with_draft(
    page: Page, copy: WorkingCopy
) -> tuple[dict[str, Any], list[Clash], dict[str, str]]:
    """Merge a working copy with the draft, and name who else has saved which part since: where
    nobody has, two texts are no clash, and what the person typed last stands.
    """
    mine, draft = values_of(copy.page_document), values_of(draft_document(page))
    merged, clashes = merge(mine=mine, opened=copy.opened, theirs=draft)
    began = {
        part: copy.opened.get(part, NOT_THERE)
        for part in dict.fromkeys([*draft, *copy.opened, *mine])
        if part != "sources"
    }
    stale = {part: hash for part, hash in began.items() if hash != part_hash(draft.get(part))}
    saved_by = _saved_by_others(page, copy.person_id, stale)
    return merged, [each for each in clashes if each.part in saved_by], saved_by


def _saved_by_others(page: Page, person: int, began: Mapping[str, str]) -> dict[str, str]:
    """Return who else was the last to change each part since it had the hash that `began` has."""
    found: dict[str, str] = {}
    newer, after, looked_at = None, dict(began), 0
    rows = page.revisions.filter(by_hand=True).select_related("saved_by")
    for older in rows[: settings.REVISIONS_SHOWN].iterator(chunk_size=5) if began else ():
        looked_at += 1
        values = values_of(older.page_document)
        before = {part: part_hash(values.get(part)) for part in after}
        if newer is not None and newer.saved_by_id != person:
            name = str(newer.saved_by or _("Someone else"))
            found = {part: name for part in after if before[part] != after[part]} | found
        newer, after = older, {part: now for part, now in before.items() if now != began[part]}
        if not after:
            break
    if looked_at == settings.REVISIONS_SHOWN:  # too long ago to be looked up: both texts are shown
        found = {part: str(_("Someone else")) for part in after} | found
    return found


@dataclass(frozen=True)
class Saved:
    """What Save made: the draft, and of the parts that were typed in another tab, those that are in
    it, and those that are set aside, as they stood otherwise in the page that was saved.
    """

    revision: Revision
    also: list[str]
    aside: list[str]


def locked(page: Page) -> Page:
    """Lock a page's row; return it as it is in the database now, Http404 where it is gone."""
    rows = Page.objects.select_related("draft", "live", "review")
    return get_object_or_404(rows.select_for_update(of=("self",)), pk=page.pk)


def begin_page(*, kind: str, title: str, by: Actor) -> Page:
    """Store a new page, which has its title and a blank section of each usual kind."""
    sections = tuple(
        Section(kind=each, heading=blank_heading(each), body="")
        for each in DOCUMENTS[kind].kinds
        if each not in ADDED_LATER[kind]
    )
    slug = slugify(title)[:70] or kind
    while True:
        taken = {*Page.objects.filter(ref__startswith=slug).values_list("ref", flat=True)}
        taken |= {*Address.objects.filter(slug__startswith=slug).values_list("slug", flat=True)}
        document = DOCUMENTS[kind](
            slug=free_name(slug, taken), title=title, name="", summary="", sections=sections
        )
        try:
            return create_page(document=document, by=by)
        except IntegrityError:  # of two pages begun at once, one takes the next name
            if not Page.objects.filter(ref=document.ref).exists():
                raise


@transaction.atomic
def create_page(*, document: PageDocument, by: Actor | None, note: str = "") -> Page:
    """Store a new page, whose first draft is `document`; its ref is the document's."""
    page = Page.objects.create(kind=document.page_type, ref=document.ref)
    _move_draft(page, document, by, note)
    return page


@transaction.atomic
def replace_draft(*, page: Page, document: PageDocument, by: Actor | None, note: str = "") -> None:
    """Save `document` as a page's draft, whatever the draft is now."""
    page = locked(page)
    if draft_document(page) != document:
        _move_draft(page, document, by, note)


def _move_draft(page: Page, document: PageDocument, by: Actor | None, note: str) -> Revision:
    page.draft = add_revision(page, document, by, note)
    page.save(update_fields=["draft"])
    return page.draft


def add_revision(
    page: Page, document: PageDocument, by: Actor | None, note: str, *, by_hand: bool = True
) -> Revision:
    """Store a text as the newest revision of a page, which the caller has locked."""
    last = page.revisions.aggregate(last=Max("number"))["last"] or 0
    return Revision.objects.create(
        page=page,
        number=last + 1,
        title=document.title,
        summary=document.summary,
        document=document.to_json(),
        saved_by=by.account if by else None,
        note=note[:NOTE],
        by_hand=by_hand,
    )


@transaction.atomic
def autosave(*, page: Page, by: Actor, sent: Sent) -> FormState:
    """Keep what a person typed, exactly so; return what the editor shows them then. What they typed
    in the same part in another tab meanwhile is set aside.
    """
    page = locked(page)
    copy, _aside = _typed(page, by, sent)
    return state_of(page, _kept(page, copy))


def _typed(page: Page, by: Actor, sent: Sent) -> tuple[WorkingCopy, list[str]]:
    """Return the working copy with what was sent, not stored yet, and the parts of which another
    text went: it is set aside.
    """
    assert by.account is not None
    copy = copy_of(page, by.account)
    before = values_of(copy.page_document if copy else draft_document(page))
    began = dict(copy.opened) if copy else hashes_of(before)
    parts = dict.fromkeys([*sent.opened, *sent.values])
    was_shown = {part: sent.shown.get(part, NOT_THERE) for part in parts}
    both, clashes = merge(mine=sent.values, opened=was_shown, theirs=before)
    lost = dict.fromkeys([*(each.part for each in clashes), *(before.keys() - both.keys())])
    typed = {part for part, was in before.items() if part_hash(was) != began.get(part, NOT_THERE)}
    aside = [part for part in lost if part in typed]
    is_cut = len(both.get("key_points", ())) < len(before.get("key_points", ()))
    other = copy.note if copy and part_hash(copy.note) != sent.shown.get("note") else ""
    other = "" if sent.note in (None, other) else other  # the note of another tab, which goes
    if copy and (aside or other or (is_cut and "key_points" in typed)):
        set_aside(page=page, document=copy.page_document, by=by, note=other)
    for part in parts:
        is_touched = part_hash(sent.values.get(part)) != was_shown[part]
        # A page that shows this very text may know a newer draft: that of a clash that it showed.
        if is_touched or part_hash(before.get(part)) == was_shown[part]:
            began[part] = sent.opened.get(part, NOT_THERE)
    copy = copy or WorkingCopy(page_id=page.pk, person=by.account)
    copy.document = document_from(page.kind, page.ref, both).to_json()
    copy.opened = began
    copy.note = copy.note if sent.note is None else sent.note
    return copy, aside


def _kept(page: Page, copy: WorkingCopy) -> WorkingCopy | None:
    """Store a working copy; where it is the draft, with no note, remove it and return None."""
    if copy.note or values_of(copy.page_document) != values_of(draft_document(page)):
        copy.save()
        return copy
    if copy.pk:
        copy.delete()
    return None


def save(*, page: Page, by: Actor, sent: Sent) -> Saved:
    """Save what a person typed as the page's new draft, put together with what others saved.

    A text equal to the draft makes no new revision; its note waits for one that does. Raises
    EditConflict where someone else changed the same part: what was typed is set aside and stays the
    working copy. What `form_of` shows then, sent once more, is saved.
    """
    with transaction.atomic():
        page = locked(page)
        # What stands in the page that is saved counts, whatever another tab has kept since.
        began_here = {
            part: hash
            for part, hash in sent.opened.items()
            if part_hash(sent.values.get(part)) != hash
        }
        here = dataclasses.replace(sent, shown={**sent.shown, **began_here})
        copy, aside = _typed(page, by, here)
        merged, clashes, _saved_by = _with_draft(page, copy)
        document = document_from(page.kind, page.ref, merged)
        if not clashes:
            return _saved(page, by, sent, copy, normal(document), aside)
        set_aside(page=page, document=document, by=by, note=copy.note)
        _kept(page, copy)
    raise EditConflict  # only now, so that what was set aside is stored


def _saved(
    page: Page, by: Actor, sent: Sent, copy: WorkingCopy, document: PageDocument, aside: list[str]
) -> Saved:
    assert page.draft is not None
    if document == draft_document(page):
        copy.document, copy.opened = page.draft.document, hashes_of(values_of(document))
        _kept(page, copy)
        return Saved(page.draft, [], aside)
    if copy.pk:
        copy.delete()
    mine = hashes_of(values_of(copy.page_document))
    also = [
        part
        for part in dict.fromkeys([*mine, *sent.values])
        if mine.get(part, NOT_THERE)
        not in (part_hash(sent.values.get(part)), copy.opened.get(part, NOT_THERE))
        and part != "sources"
    ]
    return Saved(_move_draft(page, document, by, copy.note), also, aside)


def set_aside(*, page: Page, document: PageDocument, by: Actor, note: str = "") -> Revision:
    """Keep a text in the history, not as a draft, unless it is the last that was so kept; once more
    for each piece of a note that is too long for one.
    """
    last = page.revisions.filter(by_hand=False, saved_by=by.account).first()
    if last is not None and last.page_document == document and note in ("", last.note):
        return last
    pieces = [note[start : start + NOTE] for start in range(0, len(note) or 1, NOTE)]
    return [add_revision(page, document, by, each, by_hand=False) for each in pieces][-1]


@transaction.atomic
def discard(*, page: Page, by: Actor) -> Revision | None:
    """Set aside what a person has typed and not saved; return it, or None where it is nothing."""
    page = locked(page)
    copy = copy_of(page, by.account)
    if copy is None:
        return None
    document = state_of(page, copy).document
    copy.delete()
    return set_aside(page=page, document=document, by=by, note=copy.note)


@transaction.atomic
def revert_to(*, page: Page, revision: Revision, by: Actor, draft: Revision, note: str) -> Revision:
    """Make an earlier text the draft, as a new revision; what the person had typed is set aside.
    Raises EditConflict where the draft is no longer `draft`, which was shown.
    """
    page = locked(page)
    if page.draft_id != draft.pk:
        raise EditConflict
    discard(page=page, by=by)
    document = normal(revision.page_document)
    if page.draft is not None and document == draft_document(page):
        return page.draft
    return _move_draft(page, document, by, note)
