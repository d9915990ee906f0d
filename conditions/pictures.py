"""Which pages show an uploaded picture."""

from collections.abc import Iterator

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from clinic_site.pictures import PictureUse, adds_picture_uses
from conditions.history import Revision
from conditions.models import Condition, Page, Section, Treatment


@adds_picture_uses
def pages_with(source: str) -> Iterator[PictureUse]:
    """Return the pages that show the picture of this source, live or in the draft."""
    live = Page.objects.exclude(live=None).values("live")
    texts = Revision.objects.filter(pk__in=live).annotate(text=Cast("document_json", TextField()))
    showing = Q(live__in=texts.filter(text__contains=source).values("pk"))
    in_draft = Section.objects.filter(body__contains=source).values("page")
    for model in (Condition, Treatment):
        shown_by = list(model.objects.filter(showing))
        drafts = model.objects.filter(Q(picture_source=source) | Q(pk__in=in_draft))
        for page in dict.fromkeys([*shown_by, *drafts]):
            yield PictureUse.by(page, is_public=page in shown_by)
