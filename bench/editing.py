"""What an autosave of the editor takes, against an empty POST of the admin."""

import itertools
import json

from django.db import connection

from bench.common import by_turns, line, measure, milliseconds
from conditions.models import Condition
from tests.conditions.editing import change, editor
from tests.make import sign_in_as

PART = "section-symptoms"


def main() -> None:
    """Measure both, and print the table."""
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
