"""manage.py status: whether everything works, a line for each thing."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from clinic_site.readiness import findings


class Command(BaseCommand):
    """Prints what /readyz keeps to itself."""

    help = "Say whether everything works, a line for each thing; exit with 1 where something fails."

    def handle(self, *args: Any, **options: Any) -> None:
        good = True
        for name, finding in findings():
            self.stdout.write(f"{'ok  ' if finding.good else 'FAIL'}  {name:<10} {finding.text}")
            good = good and finding.good
        if not good:
            sys.exit(1)
