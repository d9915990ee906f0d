"""The one way by which a draft reaches patients, and back; and the clinician's signature."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.actor import Actor
from clinic_site.audit.record import record
from clinic_site.clinic import current_clinic
from clinic_site.edit_conflict import EditConflict
from clinic_site.models import Physician
from conditions.audit import PAGE, PageAction
from conditions.content.checks import check
from conditions.content.document import ConditionDocument, PageDocument
from conditions.content.findings import Finding
from conditions.models import Condition, Page, PageQuerySet, Treatment, by_address
from conditions.models.revision import FormerSlug, Review, Revision
from conditions.publishing.drafts import draft_of, write_draft
from conditions.publishing.signing import ReviewState, changes_meaning, review_state
from conditions.search.search import index_page


class NotPublishable(Exception):
    """The draft has errors; `findings` holds them."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(" ".join(f"{each.where}: {each.message}" for each in findings))
        self.findings = findings


def _locked(page: Page) -> Condition | Treatment:
    """Lock a page's row and return it as it is in the database now."""
    model = Treatment if Treatment.objects.filter(pk=page.pk).exists() else Condition
    Page.objects.select_for_update().get(pk=page.pk)
    return model.objects.select_related("live", "review").get(pk=page.pk)


def findings_of(page: Page, document: PageDocument) -> list[Finding]:
    """Return what stands against publishing `document` for `page`, errors and warnings."""
    return [
        *_address_findings(page, document),
        *check(document, current_clinic().phone),
        *_emergency_word_findings(document),
        *_offer_findings(document),
        *_review_findings(page),
    ]


def _address_findings(page: Page, document: PageDocument) -> Iterator[Finding]:
    taken = Page.objects.exclude(pk=page.pk).filter(live__slug=document.slug).exists()
    if taken or FormerSlug.objects.filter(slug=document.slug).exclude(page=page.pk).exists():
        message = _("Another page has, or had, the address “%s”. Choose another.") % document.slug
        yield Finding(level="error", where=_("Address"), message=message)


def _emergency_word_findings(document: PageDocument) -> Iterator[Finding]:
    """Yield an error for each line of several words: each of them would raise the alarm alone."""
    words = document.emergency_words if isinstance(document, ConditionDocument) else ()
    for word in words:
        if " " in word:
            message = _("“%s” is more than one word. Write one word a line.") % word
            yield Finding(level="error", where=_("Words of an emergency"), message=message)


def _offer_findings(document: PageDocument) -> Iterator[Finding]:
    if not isinstance(document, ConditionDocument) or not document.treatments:
        return
    where = _("Treatments")
    if not any(section.kind == "treatments" for section in document.sections):
        message = _("They show in a section of the kind “Treatments”. Add one.")
        yield Finding(level="warning", where=where, message=message)
    seen = by_address(Treatment.objects.published().named(document.treatments), document.treatments)
    for slug in document.treatments:
        if slug not in seen:
            message = _("“%s” is not published, so it does not show. Publish it.") % slug
            yield Finding(level="warning", where=where, message=message)


def _review_findings(page: Page) -> Iterator[Finding]:
    if page.live is None:
        return
    where = _("Review")
    state = review_state(page, today=timezone.localdate())
    if state == ReviewState.UNSIGNED:
        message = _("No clinician has signed what patients see. Ask one to.")
        yield Finding(level="warning", where=where, message=message)
    elif state == ReviewState.OVERDUE:
        message = _("The clinician's review is overdue. Ask for a new one.")
        yield Finding(level="warning", where=where, message=message)


@transaction.atomic
def publish(
    *,
    page: Page,
    by: Actor | None,
    meaning: bool,
    note: str = "",
    draft_version: int | None = None,
) -> Revision:
    """Make the page's draft, as it stands in the database now, its live revision.

    `by` is the member of staff (None for a command), `note` says why in a few words. `meaning`
    says that more than wording has changed: that withdraws the clinician's signature, as does
    any change that `changes_meaning` finds. A draft that equals the live revision makes no new
    one. Returns the live revision. Raises NotPublishable where the checks find an error, and
    EditConflict where the draft is no longer the `draft_version` that was shown.
    """
    page = _locked(page)
    if draft_version is not None and page.draft_version != draft_version:
        raise EditConflict
    document = draft_of(page)
    errors = [each for each in findings_of(page, document) if each.level == "error"]
    if errors:
        raise NotPublishable(errors)
    if page.live is not None and page.live.document_json == document.to_json():
        return page.live
    # Also where the page was off the site meanwhile: people may have the address still.
    before = page.revisions.order_by("-number").values_list("slug", flat=True).first()
    if before is not None and before != document.slug:
        FormerSlug.objects.get_or_create(page=page, slug=before)
    FormerSlug.objects.filter(page=page, slug=document.slug).delete()
    last = page.revisions.aggregate(last=Max("number"))["last"] or 0
    revision = Revision.objects.create(
        page=page,
        number=last + 1,
        slug=document.slug,
        title=document.title,
        summary=document.summary,
        document_json=document.to_json(),
        published_by=by.account if by else None,
        note=note,
    )
    if page.review is not None:
        signed = page.review.revision.document
        if meaning or changes_meaning(signed, document):
            page.review = None
        page.edited_since_review = page.review is not None and document != signed
    page.live = revision
    page.save()
    _keep_offers(page, document)
    index_page(page.pk, document)
    _on_record(PageAction.PUBLISHED, revision, by)
    return revision


def _on_record(action: PageAction, revision: Revision, by: Actor | None) -> None:
    detail = f"number {revision.number}"
    record(action, PAGE, [revision.slug], by=by or Actor.system(), detail=detail)


def _keep_offers(page: Page, document: PageDocument | None) -> None:
    """Note which treatments a condition's published page offers, for the treatments' own pages."""
    if isinstance(page, Condition):
        slugs = document.treatments if isinstance(document, ConditionDocument) else ()
        page.live_treatments.set(by_address(Treatment.objects.named(slugs), slugs).values())


@transaction.atomic
def unpublish(*, page: Page, by: Actor | None) -> None:
    """Take a page from patients; its address then answers 410. Draft and history stay."""
    page = _locked(page)
    if page.live is not None:
        _on_record(PageAction.UNPUBLISHED, page.live, by)
    page.live = page.review = None
    page.edited_since_review = False
    page.changed_by = by.account if by else None
    page.save()
    _keep_offers(page, None)
    index_page(page.pk, None)


def as_it_would_return(revision: Revision) -> PageDocument:
    """Return an earlier revision's document as it would be published today.

    Treatments and related conditions go by the addresses they have now; those, and physicians,
    that are no longer there are left out.
    """
    document = revision.document
    if not isinstance(document, ConditionDocument):
        return document
    physicians = Physician.objects.filter(slug__in=document.physicians)
    return dataclasses.replace(
        document,
        physicians=tuple(physicians.values_list("slug", flat=True)),
        treatments=_addresses_now(Treatment.objects.all(), document.treatments),
        related=_addresses_now(Condition.objects.all(), document.related),
    )


def _addresses_now(pages: PageQuerySet, slugs: tuple[str, ...]) -> tuple[str, ...]:
    named = by_address(pages.select_related("live").named(slugs), slugs)
    return tuple(named[slug].public_slug for slug in slugs if slug in named)


@transaction.atomic
def return_to(*, revision: Revision, by: Actor, draft_version: int) -> Revision:
    """Publish an earlier revision again, as a new one; the draft becomes the same.

    Raises EditConflict where the draft is no longer the one that was shown, NotPublishable
    where the earlier text breaks a check of today, Unfit where the draft cannot hold it: another
    page has its address now.
    """
    page = _locked(revision.page)
    if page.draft_version != draft_version:
        raise EditConflict
    write_draft(page=page, document=as_it_would_return(revision), by=by.account)
    note = _("Back to number %d") % revision.number
    return publish(page=page, by=by, meaning=False, note=note)


@transaction.atomic
def sign(*, revision: Revision, by: Actor, next_due: dt.date) -> Review:
    """Put a clinician's signature, dated today, under a live revision.

    The name is the account's (`User.signs_as`). Raises EditConflict where the revision is not
    the live one any more, and ValidationError where the account has no name to sign with, or
    the due date is not in the future.
    """
    page = _locked(revision.page)
    if page.live is None or page.live.pk != revision.pk:
        raise EditConflict
    review = Review(
        revision=revision,
        reviewer=by.account,
        reviewer_name=by.account.signs_as if by.account else "",
        reviewed_on=timezone.localdate(),
        next_due=next_due,
    )
    review.full_clean()
    review.save()
    page.review = review
    page.edited_since_review = False
    page.save()
    _on_record(PageAction.SIGNED, revision, by)
    return review
