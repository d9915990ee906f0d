"""Saving: what a person types is kept at once, and Save puts it together with what others saved."""

import dataclasses
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.text import slugify

from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from conditions.content.document import DOCUMENTS, PageDocument, Section, normal
from conditions.content.kinds import ADDED_LATER, blank_heading
from conditions.content.parts import (
    NOT_THERE,
    Sent,
    document_from,
    free_name,
    hashes_of,
    merge,
    part_hash,
    values_of,
)
from conditions.models import Address, Page, Revision, WorkingCopy
from conditions.publishing.form_state import (
    FormState,
    copy_of,
    draft_document,
    state_of,
    with_draft,
)


@dataclass(frozen=True)
class Saved:
    """What Save made: the draft, and what it did with parts that were typed in another tab: those
    in `also` are in it; `aside` are those that stood otherwise in the page that was saved.
    """

    revision: Revision
    also: list[str]
    aside: list[str]


def locked(page: Page) -> Page:
    """Lock a page's row and return it as it is in the database now."""
    rows = Page.objects.select_related("draft", "live", "review")
    return rows.select_for_update(of=("self",)).get(pk=page.pk)


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
        note=note[:300],
        by_hand=by_hand,
    )


@transaction.atomic
def autosave(*, page: Page, by: Actor, sent: Sent) -> FormState:
    """Keep what a person typed, exactly so; return what the editor shows them then. Where they
    typed in the same part in another tab meanwhile, that is set aside.
    """
    page = locked(page)
    return state_of(page, _kept(page, _typed(page, by, sent)[0]))


def _typed(page: Page, by: Actor, sent: Sent) -> tuple[WorkingCopy, list[str]]:
    """Return the working copy with what was sent, not stored yet, and of which parts a text went:
    it is set aside.
    """
    assert by.account is not None
    assert page.draft is not None
    copy = copy_of(page, by.account)
    before = values_of(copy.page_document if copy else draft_document(page))
    began = dict(copy.opened) if copy else hashes_of(before)
    parts = dict.fromkeys([*sent.opened, *sent.values])
    was_shown = {part: sent.shown.get(part, NOT_THERE) for part in parts}
    both, clashes = merge(mine=sent.values, opened=was_shown, theirs=before)
    lost = dict.fromkeys([*(each.part for each in clashes), *(before.keys() - both.keys())])
    aside = [part for part in lost if part_hash(before.get(part)) != began.get(part, NOT_THERE)]
    if copy and aside:
        set_aside(page=page, document=copy.page_document, by=by)
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
    if saved := _save(page, by, sent):
        return saved
    raise EditConflict


@transaction.atomic
def _save(page: Page, by: Actor, sent: Sent) -> Saved | None:
    page = locked(page)
    # What stands in the page that is saved counts, whatever another tab has kept since.
    began_here = {
        part: hash for part, hash in sent.opened.items() if part_hash(sent.values.get(part)) != hash
    }
    here = dataclasses.replace(sent, shown={**sent.shown, **began_here})
    copy, aside = _typed(page, by, here)
    merged, clashes, _saved_by = with_draft(page, copy)
    document = document_from(page.kind, page.ref, merged)
    if clashes:
        set_aside(page=page, document=document, by=by, note=copy.note)
        _kept(page, copy)
        return None
    document = normal(document)
    draft = page.draft
    assert draft is not None
    if document == draft_document(page):
        copy.document, copy.opened = draft.document, hashes_of(values_of(document))
        _kept(page, copy)
        return Saved(draft, [], aside)
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
    """Keep a text in the history, not as a draft, unless it is the last that was so kept."""
    last = page.revisions.filter(by_hand=False, saved_by=by.account).first()
    if last is not None and last.page_document == document:
        return last
    return add_revision(page, document, by, note, by_hand=False)


@transaction.atomic
def discard(*, page: Page, by: Actor) -> Revision | None:
    """Set aside what a person has typed and not saved; return it, or None where it is nothing."""
    assert by.account is not None
    page = locked(page)
    copy = copy_of(page, by.account)
    if copy is None:
        return None
    kept = set_aside(page=page, document=state_of(page, copy).document, by=by, note=copy.note)
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
