"""Which pages show an uploaded picture."""

from collections.abc import Iterator

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from clinic_site.pictures import PictureUse, adds_picture_uses
from conditions.history import Revision
from conditions.models import Condition, Section, Treatment


@adds_picture_uses
def pages_with(source: str) -> Iterator[PictureUse]:
    """Return the pages that show the picture of this source, live or in the draft."""
    texts = Revision.objects.annotate(text=Cast("document_json", TextField()))
    showing = Q(live__in=texts.filter(text__contains=source).values("pk"))
    in_draft = Section.objects.filter(body__contains=source).values("page")
    for model in (Condition, Treatment):
        live = list(model.objects.filter(showing))
        drafts = model.objects.filter(Q(picture_source=source) | Q(pk__in=in_draft))
        for page in dict.fromkeys([*live, *drafts]):
            yield PictureUse.by(page, is_public=page in live)
