"""Which pages show an uploaded picture."""

from collections.abc import Iterator

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from clinic_site.pictures import PictureUse, adds_picture_uses
from conditions.models import Condition, Treatment


@adds_picture_uses
def pages_with(source: str) -> Iterator[PictureUse]:
    """Return the pages that show the picture of this source: live, in the draft, or as typed."""
    for model in (Condition, Treatment):
        pages = model.objects.select_related("draft")
        live = list(pages.filter(shown_pictures__hash=source.partition(":")[2]))
        texts = pages.alias(
            drafted=Cast("draft__document", TextField()),
            typed=Cast("working_copies__document", TextField()),
        )
        naming = texts.filter(Q(drafted__contains=source) | Q(typed__contains=source))
        for page in dict.fromkeys([*live, *naming]):
            yield PictureUse.by(page, is_public=page in live)
