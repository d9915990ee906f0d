"""What an autosave of the editor takes, against an empty POST of the admin. Run by bench/run.py."""

import itertools
import json
import statistics
import sys

from django.db import connection

from bench.growth import ROUNDS, measure, prepare

PART = "section-symptoms"


def main() -> None:
    """Measure both in one run, and print the ratio."""
    prepare()
    from conditions.models import Condition
    from tests.conditions.editing import change, editor
    from tests.make import sign_in_as

    page = Condition.objects.get(ref="spinal-compression-fractures")
    staff = sign_in_as("editor")
    form = editor(staff, page)
    opened = json.dumps({PART: json.loads(form["_opened"])[PART]})
    shown = {"_shown": opened}
    words = itertools.count()

    def autosave() -> None:
        sent = {f"{PART}-{name}": form[f"{PART}-{name}"] for name in ("heading", "body")}
        sent[f"{PART}-body"] += f" And {next(words)} more."
        address = change(page).replace("change", "autosave")
        answer = staff.post(address, {**sent, "_opened": opened, **shown})
        shown["_shown"] = json.dumps(answer.json()["shown"])

    works = {
        "empty POST of the admin": lambda: staff.post("/admin/conditions/condition/add/"),
        "autosave": autosave,
    }
    # By turns, so that both meet the same machine.
    turns = [{name: measure(work, rounds=1) for name, work in works.items()} for _ in range(ROUNDS)]
    measured = {
        name: (statistics.median(turn[name][0] for turn in turns), turns[-1][name][1])
        for name in works
    }
    base = measured["empty POST of the admin"][0]
    sys.stdout.write(f"\n{connection.vendor}: one part of the longest page\n")
    sys.stdout.write(f"{'':28}{'queries':>9}{'ms':>9}{'ratio':>8}\n")
    for name, (milliseconds, queries) in measured.items():
        ratio = milliseconds / base
        sys.stdout.write(f"{name:28}{queries:>9}{milliseconds:9.1f}{ratio:8.2f}\n")


if __name__ == "__main__":
    main()
