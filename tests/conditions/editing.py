"""What the stories of the editor do with a page."""

from django.test import Client

from conditions.models import Page
from conditions.publishing.drafts import draft_document
from tests.forms import Filled


def change(page: Page) -> str:
    """The address of a page's editor."""
    return f"/admin/conditions/{page.kind}/{page.pk}/change/"


def editor(client: Client, page: Page) -> Filled:
    """The editor of a page, open in somebody's browser."""
    return Filled(client, change(page), "edit")


def draft(page: Page):
    """The document of a page's draft, as it is now."""
    return draft_document(Page.objects.select_related("draft").get(pk=page.pk))


def body_of(page: Page, kind: str = "overview") -> str:
    """The text of one of the draft's sections."""
    return next(each.body for each in draft(page).sections if each.kind == kind)
