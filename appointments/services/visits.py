"""What to think of before a visit is set."""

import datetime as dt

from clinic_site.models import Clinic


def visit_warnings(
    visit_at: dt.datetime, minutes: int, clinic: Clinic, now: dt.datetime, pk: int
) -> list[str]:
    """Return what speaks against a visit of the request `pk`, in words; [] for nothing."""
    return []
