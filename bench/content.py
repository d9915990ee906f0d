"""What an autosave takes; and how pages, search and lists do with 2,000 conditions against 20."""

import dataclasses
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path

from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from bench import CONDITION
from bench.common import by_turns, compare, line, measure, milliseconds
from conditions.content.document import ConditionDocument
from conditions.models import Address, Condition, Page, Revision
from conditions.search import index_page
from tests.conditions.editing import change, editor
from tests.make import edited, published, sign_in_as

PART = "section-symptoms"


def fill(up_to: int) -> None:
    """Publish copies of the shipped condition until there are `up_to` conditions."""
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
    page = Condition.objects.get(slug="spinal-compression-fractures")
    words = page.draft.summary.removesuffix(" Truly.")
    words += " Truly." if words == page.draft.summary else ""
    published(edited(page, summary=words))


def reading(client: Client, address: str) -> Callable[[], None]:
    """Return what reads a page."""

    def work() -> None:
        if (status := client.get(address).status_code) != 200:
            sys.exit(f"{address} answered {status}")

    return work


def compare_autosave() -> None:
    """Measure an autosave of the editor and an empty POST of the admin, and print the table."""
    page = Condition.objects.get(ref="spinal-compression-fractures")
    staff = sign_in_as("editor")
    form = editor(staff, page)
    opened = json.dumps({PART: json.loads(form["_opened"])[PART]})
    shown = {"_shown": opened}
    words = itertools.count()

    def post_nothing() -> None:
        staff.post("/admin/conditions/condition/add/")

    def autosave() -> None:
        sent = {f"{PART}-{name}": form[f"{PART}-{name}"] for name in ("heading", "body")}
        sent[f"{PART}-body"] += f" And {next(words)} more."
        address = change(page).replace("change", "autosave")
        answer = staff.post(address, {**sent, "_opened": opened, **shown})
        shown["_shown"] = json.dumps(answer.json()["shown"])

    queries = [measure(work)[1] for work in (autosave, post_nothing)]
    medians, ratios = by_turns(lambda: milliseconds(autosave), lambda: milliseconds(post_nothing))
    line(f"\n{connection.vendor}: one part of the longest page")
    line("", "queries", "ms", "ratio")
    line("empty POST of the admin", queries[1], medians[1], 1.0)
    line("autosave", queries[0], medians[0], ratios[1])


def main() -> None:
    """Measure each kind of work, and print the tables."""
    compare_autosave()
    public = Client()
    works = {
        "condition page, uncached": reading(public, CONDITION),
        "search, a common word": reading(public, "/search/?q=bone"),
        "search, a rare word": reading(public, "/search/?q=sacral+insufficiency"),
        "save and publish one page": publish,
        "admin list of conditions": reading(sign_in_as("editor"), "/admin/conditions/condition/"),
    }
    compare(works, fill=fill, few=20, many=2_000, what="conditions")
