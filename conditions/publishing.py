"""The one way by which a draft reaches patients."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from conditions.models import Condition, Page, Revision, Treatment


@transaction.atomic
def publish(*, page: Condition | Treatment, by: User | None, note: str = "") -> Revision:
    """Make the page's draft, as it stands in the database now, its live revision.

    `by` is the member of staff (None for a command), `note` says why in a few words. A draft
    that equals the live revision makes no new one. Returns the live revision.
    """
    Page.objects.select_for_update().get(pk=page.pk)
    page = type(page).objects.select_related("live").get(pk=page.pk)
    document = page.document_class.from_draft(page)  # type: ignore[arg-type]
    if page.live is not None and page.live.document_json == document.to_json():
        return page.live
    last = page.revisions.aggregate(last=Max("number"))["last"] or 0
    page.live = Revision.objects.create(
        page=page,
        number=last + 1,
        slug=document.slug,
        title=document.title,
        summary=document.summary,
        document_json=document.to_json(),
        published_by=by,
        note=note,
    )
    page.save(update_fields=["live"])
    return page.live
