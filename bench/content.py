"""How pages, search and the admin's list do with 2,000 conditions against 20, for `make bench`.

Run by bench/run.py, which makes the databases.
"""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from bench.growth import compare, prepare


def fill(up_to: int) -> None:
    """Publish copies of the shipped condition until there are `up_to` conditions."""
    from conditions.content.document import ConditionDocument
    from conditions.models import Address, Condition, Page, Revision
    from conditions.search import index_page

    path = Path("conditions/content/spinal-compression-fractures.yaml")
    shipped = ConditionDocument.from_yaml(path.read_text(encoding="utf-8"), str(path))
    with transaction.atomic():
        for number in range(Condition.objects.count(), up_to):
            slug, title = f"condition-{number}", f"Condition {number} of the spine"
            document = dataclasses.replace(shipped, ref=slug, slug=slug, title=title)
            page = Page.objects.create(kind="condition", ref=slug, slug=slug)
            page.draft = page.live = Revision.objects.create(
                page=page,
                number=1,
                title=title,
                summary=document.summary,
                document=document.to_json(),
                published_at=timezone.now(),
            )
            page.save(update_fields=["draft", "live"])
            Address.objects.create(page=page, slug=slug)
            index_page(page.pk, document)
    connection.cursor().execute("ANALYZE")


def publish() -> None:
    """Publish the shipped condition once more, with other words."""
    from conditions.models import Condition
    from tests.make import edited, published

    page = Condition.objects.get(slug="spinal-compression-fractures")
    words = page.draft.summary.removesuffix(" Truly.")
    words += " Truly." if words == page.draft.summary else ""
    published(edited(page, summary=words))


def main() -> None:
    """Measure each kind of work with few and with many conditions, and print the table."""
    prepare()
    from tests.make import sign_in_as

    public, staff = Client(), sign_in_as("editor")

    def get(client: Client, address: str) -> Callable[[], object]:
        def work() -> object:
            answer = client.get(address)
            if answer.status_code != 200:
                sys.exit(f"{address} answered {answer.status_code}")
            return answer

        return work

    works = {
        "condition page, uncached": get(public, "/conditions/spinal-compression-fractures/"),
        "search, a common word": get(public, "/search/?q=bone"),
        "search, a rare word": get(public, "/search/?q=sacral+insufficiency"),
        "save and publish one page": publish,
        "admin list of conditions": get(staff, "/admin/conditions/condition/"),
    }
    compare(works, fill=fill, few=20, many=2_000, what="conditions")


if __name__ == "__main__":
    main()
