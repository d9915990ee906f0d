"""Which pages show an uploaded picture."""

from collections.abc import Iterator

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from clinic_site.pictures import PictureUse, adds_picture_uses
from conditions.models import Condition, Page, Revision, Treatment, WorkingCopy


@adds_picture_uses
def pages_with(source: str) -> Iterator[PictureUse]:
    """Return the pages that show the picture of this source: live, in the draft, or as typed."""
    text = Cast("document", TextField())
    drafts = Revision.objects.filter(pk__in=Page.objects.exclude(draft=None).values("draft"))
    drafts = drafts.annotate(text=text).filter(text__contains=source)
    typed = WorkingCopy.objects.annotate(text=text).filter(text__contains=source)
    naming = Q(pk__in=drafts.values("page")) | Q(pk__in=typed.values("page"))
    is_live = Q(shown_pictures__hash=source.partition(":")[2])
    for model in (Condition, Treatment):
        pages = model.objects.select_related("draft")
        shown_by = list(pages.filter(is_live))
        for page in dict.fromkeys([*shown_by, *pages.filter(naming)]):
            yield PictureUse.by(page, is_public=page in shown_by)
