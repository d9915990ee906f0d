"""Which pages show an uploaded picture."""

from collections.abc import Iterator

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from clinic_site.pictures import PictureUse, adds_picture_uses
from conditions.models import Condition, Treatment
from conditions.publishing.drafts import draft_document, unsaved


@adds_picture_uses
def pages_with(source: str) -> Iterator[PictureUse]:
    """Return the pages that show the picture of this source: live, in the draft, or in a text that
    somebody has typed and can still save.
    """
    for model in (Condition, Treatment):
        pages = model.objects.select_related("draft")
        live = list(pages.filter(shown_pictures__hash=source.partition(":")[2]))
        yield from (PictureUse.by(page, is_public=True) for page in live)
        texts = pages.alias(
            drafted=Cast("draft__document", TextField()),
            typed=Cast("working_copies__document", TextField()),
        )
        naming = texts.filter(Q(drafted__contains=source) | Q(typed__contains=source))
        for page in dict.fromkeys(each for each in naming if each not in live):
            typed = [state.document for copy, state in unsaved(page) if copy.can_be_saved]
            if any(source in str(each.to_json()) for each in [draft_document(page), *typed]):
                yield PictureUse.by(page, is_public=False)
