"""The one way by which a draft reaches patients, and back."""

from collections.abc import Iterator
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.actor import Actor
from clinic_site.clinic import active_physicians, current_clinic, picture_sizes
from clinic_site.edit_conflict import EditConflict
from clinic_site.markdown import pictures_in
from clinic_site.models import Physician, Picture
from clinic_site.models.site_version import public_change
from clinic_site.plain import plain
from conditions.audit import PageAction, on_record
from conditions.content.checks import check, option_findings
from conditions.content.document import ConditionDocument, PageDocument, TreatmentDocument
from conditions.content.findings import Finding, Place, at, error, warning
from conditions.models import Address, Condition, Offer, Page, Revision, Section, Treatment
from conditions.publishing import signing
from conditions.publishing.drafts import add_revision, locked
from conditions.search import index_page


class NotPublishable(Exception):
    """The draft has errors; `findings` holds them."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(" ".join(f"{each.where}: {each.message}" for each in findings))
        self.findings = findings


def findings_of(
    page: Page, document: PageDocument, beside: dict[str, Any] | None = None
) -> list[Finding]:
    """Return what stands against publishing `document` for `page`, errors and warnings; `beside`
    has, by their refs, the documents that go live together with it.
    """
    found = check(document, current_clinic().phone)
    found += _relation_findings(page, document, beside or {})
    if Address.objects.filter(slug=document.slug).exclude(page=page.pk).exists():
        found.insert(0, error(at("slug"), "taken", document.slug))
    if page.live is not None and page.review is None:
        found.append(warning(Place("", _("Review")), "unsigned"))
    elif page.live is not None and page.is_overdue(timezone.localdate()):
        found.append(warning(Place("", _("Review")), "overdue"))
    return found


def _relation_findings(
    page: Page, document: PageDocument, beside: dict[str, Any]
) -> Iterator[Finding]:
    """Find what stands against the page in those that it names, or that name it."""
    if isinstance(document, ConditionDocument):
        conditions = [document]
    else:
        offering = Condition.objects.published().filter(offers__treatment=page.pk)
        conditions = [beside.get(each.ref) or each.live.page_document for each in offering]
    refs = {ref for each in conditions for ref in (*each.treatments, *each.related)}
    rows = Page.objects.select_related("draft", "live").defer("draft__document")
    named = {(each.kind, each.ref): each for each in rows.filter(ref__in=refs)}
    if isinstance(document, ConditionDocument):
        yield from _named_findings(document, named)
    documents: dict[str, Any] = {
        ref: each.live.page_document for (_kind, ref), each in named.items() if each.live
    }
    documents |= beside | {page.ref: document}
    found: dict[Finding, None] = {}
    for condition in conditions:
        offered = [documents.get(ref) for ref in condition.treatments]
        shown = [each for each in offered if isinstance(each, TreatmentDocument)]
        found |= dict.fromkeys(option_findings(condition, shown, of=document))
    yield from found


def _named_findings(
    document: ConditionDocument, named: dict[tuple[str, str], Page]
) -> Iterator[Finding]:
    shown = {each.kind for each in document.shown_sections}
    if document.treatments and "treatments" not in shown:
        yield warning(at("treatments"), "no_place")
    for part, kind in (("treatments", "treatment"), ("related", "condition")):
        for ref in getattr(document, part):
            page = named.get((kind, ref))
            if page is None:
                # Its name is free for a page that would then show here without being asked.
                yield (error if kind == "treatment" else warning)(at(part), "gone", ref)
            elif page.live is None:
                yield warning(at(part), "unpublished", page)
    for slug in document.physicians:
        if slug not in {each.slug for each in active_physicians()}:
            yield warning(at("physicians"), "no_physician", slug)


@public_change()
def publish(
    *,
    page: Page,
    revision: Revision,
    by: Actor | None,
    clinical_change: bool,
    beside: dict[str, Any] | None = None,
) -> Revision:
    """Make `revision`, the draft that was shown, what patients see, and return it, or the new one
    as which a text published before goes live. Raises NotPublishable and EditConflict.

    `by` is None for a command. `clinical_change` says that more than wording has changed: that
    withdraws the signature, as what `signing.clinical_change` finds does. `beside` has, by their
    refs, the documents that go live together with it.
    """
    take_turns()
    page = locked(page)
    if revision.pk != page.draft_id:
        raise EditConflict
    if revision.pk == page.live_id:
        return revision
    document = revision.page_document
    picture_sizes.look()  # the checks ask which pictures are here now
    errors = [each for each in findings_of(page, document, beside) if each.level == "error"]
    if errors:
        raise NotPublishable(errors)
    if page.live is not None and page.live.page_document == document:
        return page.live
    if revision.published_at is not None:  # one goes live at most once
        page.draft = revision = add_revision(page, document, by, revision.note)
    Revision.objects.filter(pk=revision.pk).set_published(by=by.account if by else None)
    try:
        Address.objects.get_or_create(page=page, slug=document.slug)
    except IntegrityError:  # there was no first page to wait for, and another took it meanwhile
        raise NotPublishable([error(at("slug"), "taken", document.slug)]) from None
    if page.review is not None:
        signed = page.review.revision.page_document
        if clinical_change or signing.clinical_change(signed, document):
            page.review = None
        page.edited_since_review = page.review is not None and document != signed
    page.slug = document.slug
    page.live = revision
    page.save()
    _keep_what_shows(page, document)
    on_record(PageAction.PUBLISHED, page.ref, revision.number, by)
    return revision


@public_change()
def unpublish(*, page: Page, by: Actor | None) -> None:
    """Take a page from patients; its address then answers 410. Draft and history stay."""
    take_turns()
    page = locked(page)
    if page.live is not None:
        on_record(PageAction.UNPUBLISHED, page.ref, page.live.number, by)
    page.live = page.review = None
    page.edited_since_review = False
    page.save()
    _keep_what_shows(page, None)


def take_turns() -> None:
    """Have one publish, or delete a page, after the other, by a lock on the first page.

    Pages show each other's rows, and may want one address, so that the checks of two at once could
    each pass without the other.
    """
    Page.objects.select_for_update().order_by("pk").only("pk").first()


def _keep_what_shows(page: Page, document: PageDocument | None) -> None:
    """Note what the live page shows, for other pages, for search, and for whoever asks."""
    page.sections.all().delete()
    Section.objects.bulk_create(
        Section(
            page_id=page.pk,
            kind=each.kind,
            heading=each.heading,
            position=position,
            text=plain(each.body),
        )
        for position, each in enumerate(document.shown_sections if document else ())
    )
    refs, named = getattr(document, "treatments", ()), getattr(document, "physicians", ())
    offered = dict(Treatment.objects.filter(ref__in=refs).values_list("ref", "pk"))
    page.offers.all().delete()
    Offer.objects.bulk_create(
        Offer(condition_id=page.pk, treatment_id=offered[ref], position=position)
        for position, ref in enumerate(refs)
        if ref in offered
    )
    page.shown_physicians.set(Physician.objects.filter(slug__in=named))
    hashes = _hashes(document) if document else []
    page.shown_pictures.set(Picture.objects.filter(hash__in=hashes).only("hash"))
    index_page(page.pk, document)


def _hashes(document: PageDocument) -> list[str]:
    found = [each for section in document.shown_sections for each in pictures_in(section.body)]
    sources = [source for source, _alt in found]
    sources += [document.picture.source] if document.picture else []
    return [source.removeprefix("picture:") for source in sources]
