"""How pages, search and the admin's list do with 2,000 conditions against 20, for `make bench`.

Each pair is measured in one run, on one database, in turn, so that the ratio says how the work
grows and not how busy the machine was. Run by bench/run.py, which makes the databases.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

FEW, MANY, ROUNDS = 20, 2_000, 15


def fill(up_to: int) -> None:
    """Publish copies of the shipped condition until there are `up_to` conditions."""
    from conditions.document import ConditionDocument
    from conditions.history import Revision
    from conditions.models import Condition
    from conditions.rendering import page_text

    path = Path("conditions/content/spinal-compression-fractures.yaml")
    document = ConditionDocument.from_yaml(path.read_text(encoding="utf-8"), str(path))
    text = page_text(document)
    with transaction.atomic():
        for number in range(Condition.objects.count(), up_to):
            slug, title = f"condition-{number}", f"Condition {number} of the spine"
            values = {"slug": slug, "title": title}
            page = Condition.objects.create(
                **document.draft_fields() | values, search_title=title, search_text=text
            )
            page.live = Revision.objects.create(
                page=page,
                number=1,
                summary=document.summary,
                document_json=document.to_json() | values,
                **values,
            )
            page.save(update_fields=["live"])
    connection.cursor().execute("ANALYZE")


def measure(work: Callable[[], object]) -> tuple[float, int]:
    """Return the median milliseconds and the number of queries of `work`, once it is warm."""
    work()
    times = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    with CaptureQueriesContext(connection) as queries:
        work()
    return statistics.median(times), len(queries)


def main() -> None:
    """Measure each kind of work with few and with many conditions, and print the table."""
    django.setup()
    from django.contrib.auth.models import User

    call_command("migrate", verbosity=0)
    call_command("load_content", "conditions/content", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    public, staff = Client(), Client()
    staff.force_login(User.objects.create_superuser("staff"))

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
        "admin list of conditions": get(staff, "/admin/conditions/condition/"),
    }
    fill(FEW)
    few = {name: measure(work) for name, work in works.items()}
    fill(MANY)
    many = {name: measure(work) for name, work in works.items()}
    sys.stdout.write(f"\n{connection.vendor}: {MANY} conditions against {FEW}\n")
    sys.stdout.write(f"{'':28}{'queries':>9}{'ms, few':>9}{'ms, many':>10}{'ratio':>8}\n")
    for name in works:
        (t_few, q_few), (t_many, q_many) = few[name], many[name]
        queries = str(q_many) if q_few == q_many else f"{q_few}->{q_many}"
        sys.stdout.write(f"{name:28}{queries:>9}{t_few:9.1f}{t_many:10.1f}{t_many / t_few:8.2f}\n")


main()
