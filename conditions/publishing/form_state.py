"""What the editor shows a person: the draft, put together with what they have typed."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from clinic_site.access.models import User
from conditions.content.document import PageDocument
from conditions.content.parts import (
    NOT_THERE,
    Clash,
    document_from,
    hashes_of,
    merge,
    part_hash,
    values_of,
)
from conditions.models import Page, WorkingCopy


@dataclass(frozen=True)
class FormState:
    """What the editor shows one person: the draft, with what they have typed and not saved.

    `values` is both together, as `document` is, and `draft` the draft alone. `opened` has the hash
    of each part in the draft that `values` began from; it goes back with what is typed next, as
    `shown` does. `saved_by` names who else has saved a part since it was typed in, or opened.
    `typed_at` is when it was typed, None for an untouched draft.
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


def copy_of(page: Page, person: User) -> WorkingCopy | None:
    """Return what a person has typed on a page and not saved."""
    return WorkingCopy.objects.filter(page=page.pk, person=person).first()


def form_of(page: Page, person: User) -> FormState:
    """Return what the editor shows this person."""
    return state_of(page, copy_of(page, person))


def state_of(page: Page, copy: WorkingCopy | None) -> FormState:
    """Return what the editor shows whoever typed `copy`; None where nothing was typed."""
    document = draft_document(page)
    draft = values_of(document)
    opened = hashes_of(draft)
    if copy is None:
        return FormState(document, draft, draft, opened)
    merged, clashes, saved_by = with_draft(page, copy)
    document = document_from(page.kind, page.ref, merged)
    values = values_of(document)
    for part in copy.opened:
        if part not in draft and part in values:  # a colleague has removed it
            opened[part] = NOT_THERE
    typed_at = copy.at if values != draft else None  # a colleague may have saved the very same
    return FormState(document, values, draft, opened, clashes, saved_by, typed_at, copy.note)


def with_draft(page: Page, copy: WorkingCopy) -> tuple[dict[str, Any], list[Clash], dict[str, str]]:
    """Put a working copy together with the draft; name who else has saved which part since. Where
    nobody else has, two texts are no clash: what the person typed last stands.
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
