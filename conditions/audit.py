"""What is done to a page and goes on record: what patients read, and who answers for it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic_site.actor import SYSTEM, Actor
from clinic_site.audit.models import adds_actions, record

PAGE = "page"  # the kind of thing that an address names


@adds_actions
class PageAction(models.TextChoices):
    """What can be done to a page, beside what can be done to anything."""

    PUBLISHED = "published", _("published")
    UNPUBLISHED = "unpublished", _("taken off the site")
    SIGNED = "signed", _("signed")


def on_record(action: PageAction, ref: str, number: int, by: Actor | None) -> None:
    """Put on record what was done to the page of a ref, with which of its revisions."""
    record(action, PAGE, [ref], by=by or Actor(SYSTEM), detail=f"number {number}")
