"""What the worker does once a day. The apps register theirs."""

import datetime as dt
from collections.abc import Callable

from clinic_site.access.models import KeptForm
from clinic_site.access.sessions import SessionStore
from clinic_site.counters import sweep
from clinic_site.mail.models import DailyRun

# Called every half minute with the clinic's local time, and with a function that says that the
# worker is alive and returns False where it is to end. It claims its day itself.
DailyWork = Callable[[dt.datetime, Callable[[], bool]], None]

works: list[DailyWork] = []


def adds_daily_work(work: DailyWork) -> DailyWork:
    """Register what is to be done once a day."""
    works.append(work)
    return work


def claim_day(name: str, day: dt.date) -> bool:
    """Note that `name` is done on that day; False where it was noted before, by any worker.

    A later day is of before a clock was set back: nothing is left undone until then.
    """
    _run, made = DailyRun.objects.get_or_create(name=name, defaults={"day": day})
    return made or bool(DailyRun.objects.filter(name=name).exclude(day=day).update(day=day))


@adds_daily_work
def sweep_what_is_over(local: dt.datetime, go_on: Callable[[], bool]) -> None:
    """Delete counters of limits, sessions of staff, and the forms they left behind."""
    if claim_day("sweep", local.date()):
        sweep()
        SessionStore.clear_expired()
        KeptForm.objects.over().delete()
