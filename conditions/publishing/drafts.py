"""Saving: what a person types is kept at once, and Save puts it together with what others saved.

A page's draft is its newest revision saved by hand. What is typed and not saved is one working
copy for each person; Discard, and a change that cannot be put together, set it aside as a
revision, so that no word is lost. Nothing is refused here.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from conditions.content.document import DOCUMENTS, PageDocument, Section, normal
from conditions.content.kinds import SKELETON, blank_heading
from conditions.content.parts import (
    NOT_THERE,
    Clash,
    Sent,
    document_from,
    hashes_of,
    merge,
    part_hash,
    values_of,
)
from conditions.models import Address, Page, Revision, WorkingCopy


@dataclass(frozen=True)
class FormState:
    """What the editor shows one person: the draft, with what they have typed and not saved.

    `opened` has the hash of each part in the draft that `values` began from, `shown` that of each
    value; both go back with what is typed next. `typed_at` is when it was typed, None for an
    untouched draft; `together` names the parts that others have saved since.
    """

    values: dict[str, Any]
    opened: dict[str, str]
    shown: dict[str, str]
    clashes: list[Clash]
    together: list[str]
    typed_at: dt.datetime | None


def locked(page: Page) -> Page:
    """Lock a page's row and return it as it is in the database now."""
    rows = Page.objects.select_related("draft", "live", "review")
    return rows.select_for_update(of=("self",)).get(pk=page.pk)


def draft_document(page: Page) -> PageDocument:
    """Return the document of a page's draft."""
    assert page.draft is not None
    return page.draft.page_document


def skeleton(kind: str, title: str) -> PageDocument:
    """Return what a new page begins from: its title, and a blank section of each usual kind."""
    sections = [Section(kind=each, heading=blank_heading(each), body="") for each in SKELETON[kind]]
    slug = slugify(title)[:70] or kind
    taken = {*Page.objects.filter(ref__startswith=slug).values_list("ref", flat=True)}
    taken |= {*Address.objects.filter(slug__startswith=slug).values_list("slug", flat=True)}
    names = (slug, *(f"{slug}-{number}" for number in range(2, len(taken) + 3)))
    free = next(name for name in names if name not in taken)
    return DOCUMENTS[kind](slug=free, title=title, name="", summary="", sections=tuple(sections))


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
    page.draft = _add(page, document, by.account if by else None, note)
    page.save(update_fields=["draft"])
    return page.draft


def _add(
    page: Page, document: PageDocument, by: User | None, note: str = "", *, by_hand: bool = True
) -> Revision:
    last = page.revisions.aggregate(last=Max("number"))["last"] or 0
    return Revision.objects.create(
        page=page,
        number=last + 1,
        title=document.title,
        summary=document.summary,
        document=document.to_json(),
        saved_by=by,
        note=note[:300],
        by_hand=by_hand,
    )


def copy_of(page: Page, person: User) -> WorkingCopy | None:
    """Return what a person has typed on a page and not saved."""
    return WorkingCopy.objects.filter(page=page.pk, person=person).first()


def form_of(page: Page, person: User) -> FormState:
    """Return what the editor shows this person."""
    theirs = values_of(draft_document(page))
    opened = hashes_of(theirs)
    copy = copy_of(page, person)
    if copy is None:
        return FormState(theirs, opened, opened, [], [], None)
    mine = values_of(copy.page_document)
    values, clashes = merge(mine=mine, opened=copy.opened, theirs=theirs)
    values = values_of(document_from(page.kind, page.ref, values))
    for part in copy.opened:
        if part not in theirs and part in values:  # a colleague has removed it
            opened[part] = NOT_THERE
    clashing = {clash.part for clash in clashes}
    together = [
        part
        for part in dict.fromkeys([*theirs, *copy.opened])
        if copy.opened.get(part, NOT_THERE) != part_hash(theirs.get(part))
        and part not in clashing
        and part != "sources"
    ]
    typed_at = copy.at if values != theirs else None  # a colleague may have saved the very same
    return FormState(values, opened, hashes_of(values), clashes, together, typed_at)


@transaction.atomic
def autosave(
    *,
    page: Page,
    by: Actor,
    sent: Sent,
) -> WorkingCopy | None:
    """Keep what a person typed, exactly so; return their working copy, None where it is the draft.

    What they typed meanwhile in another tab is kept, and where
    both tabs changed one part, set aside.
    """
    page = locked(page)
    return _keep(page, by, _typed(page, by, sent))


class _Typed(NamedTuple):
    """What a person has typed, all tabs together, and the draft's parts that it began from."""

    document: PageDocument
    opened: dict[str, str]
    copy: WorkingCopy | None  # as it was before


def _typed(page: Page, by: Actor, sent: Sent) -> _Typed:
    """Put what was sent together with the working copy, of which a lost part is set aside."""
    assert by.account is not None
    copy = copy_of(page, by.account)
    before = values_of(copy.page_document if copy else draft_document(page))
    began = dict(copy.opened) if copy else hashes_of(before)
    parts = dict.fromkeys([*sent.opened, *sent.values])
    was_shown = {part: sent.shown.get(part, NOT_THERE) for part in parts}
    both, clashes = merge(mine=sent.values, opened=was_shown, theirs=before)
    lost = {each.part for each in clashes} | (before.keys() - both.keys())
    if copy and any(part_hash(before.get(part)) != began.get(part, NOT_THERE) for part in lost):
        set_aside(page=page, document=copy.page_document, by=by)
    for part in parts:
        is_touched = part_hash(sent.values.get(part)) != was_shown[part]
        # A page that shows this very text may know a newer draft: that of a clash that it showed.
        if is_touched or part_hash(before.get(part)) == was_shown[part]:
            began[part] = sent.opened.get(part, NOT_THERE)
    return _Typed(document_from(page.kind, page.ref, both), began, copy)


def _keep(page: Page, by: Actor, typed: _Typed) -> WorkingCopy | None:
    """Store what was typed as the working copy; None where it is the draft."""
    copy = typed.copy or WorkingCopy(page_id=page.pk, person=by.account)
    if values_of(typed.document) == values_of(draft_document(page)):
        if copy.pk:
            copy.delete()
        return None
    copy.document, copy.opened = typed.document.to_json(), typed.opened
    copy.save()
    return copy


def save(
    *,
    page: Page,
    by: Actor,
    sent: Sent,
    note: str = "",
) -> Revision:
    """Save what a person typed as the page's new draft, put together with what others saved.

    Takes what `autosave` takes. A text equal to the draft makes no new revision. Raises
    EditConflict, with the clashes, where someone else changed the same part: what was typed is
    set aside and stays the working copy. What `form_of` shows then, sent once more, is saved.
    """
    saved = _save(page, by, sent, note)
    if isinstance(saved, Revision):
        return saved
    raise EditConflict(saved)


@transaction.atomic
def _save(page: Page, by: Actor, sent: Sent, note: str) -> Revision | list[Clash]:
    page = locked(page)
    assert page.draft is not None
    typed = _typed(page, by, sent)
    mine, theirs = values_of(typed.document), values_of(draft_document(page))
    merged, clashes = merge(mine=mine, opened=typed.opened, theirs=theirs)
    if clashes:
        set_aside(page=page, document=typed.document, by=by)
        _keep(page, by, typed)
        return clashes
    document = normal(document_from(page.kind, page.ref, merged))
    if typed.copy:
        typed.copy.delete()
    if document == draft_document(page):
        return page.draft
    return _move_draft(page, document, by, note)


def set_aside(*, page: Page, document: PageDocument, by: Actor) -> Revision:
    """Keep a text in the history that is no draft, unless it is the last that was so kept."""
    last = page.revisions.filter(by_hand=False, saved_by=by.account).first()
    if last is not None and last.page_document == document:
        return last
    return _add(page, document, by.account, by_hand=False)


@transaction.atomic
def keep_aside(*, page: Page, by: Actor) -> None:
    """Set aside a copy of what a person has typed and not saved, before some of it goes."""
    assert by.account is not None
    page = locked(page)
    if copy := copy_of(page, by.account):
        set_aside(page=page, document=copy.page_document, by=by)


@transaction.atomic
def discard(*, page: Page, by: Actor) -> Revision | None:
    """Set aside what a person has typed and not saved; None where there is nothing."""
    assert by.account is not None
    page = locked(page)
    copy = copy_of(page, by.account)
    if copy is None:
        return None
    kept = set_aside(page=page, document=copy.page_document, by=by)
    copy.delete()
    return kept


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


def save_again(page: Page, revision: Revision, by: Actor | None) -> Revision:
    """Return the same text as a revision of its own: one goes live at most once."""
    return _add(page, revision.page_document, by.account if by else None, revision.note)
