"""The lists of requests that staff work through, each a tab of the queue; and what comes next."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import AppointmentRequest, Presence
from appointments.models.request import AppointmentRequestQuerySet
from appointments.services.waiting import overdue_before
from appointments.states import WAITING, Status
from clinic_site.clinic import current_clinic

Select = Callable[[Any, dt.datetime], Q]  # of whoever looks, and the time


@dataclass(frozen=True)
class Tab:
    """One list. `select` says which requests are in it; only lists of what waits are counted."""

    name: str
    label: Any
    select: Select
    is_counted: bool = True
    order: str = "queue_order"


_WAITS = Q(status__in=WAITING) & ~Q(status=Status.QUARANTINED)


def _in_sight(user: Any, now: dt.datetime) -> Q:
    """Those that wait, unless they are set aside until a day to come."""
    today = timezone.localdate(now)
    return _WAITS & (Q(set_aside_until=None) | Q(set_aside_until__lte=today))


def _mine(user: Any, now: dt.datetime) -> Q:
    return _in_sight(user, now) & Q(taken_by=user.pk)


def _nobodys(user: Any, now: dt.datetime) -> Q:
    return _in_sight(user, now) & Q(taken_by=None)


def _overdue(user: Any, now: dt.datetime) -> Q:
    """Those that have waited for too long, set aside or not, suspected or not."""
    times = overdue_since(current_clinic(), now)
    return Q(status__in=WAITING, received_at__lte=times[-1]) if times else Q(pk__in=[])


def _set_aside(user: Any, now: dt.datetime) -> Q:
    return _WAITS & Q(set_aside_until__gt=timezone.localdate(now))


def _changes(user: Any, now: dt.datetime) -> Q:
    """Those whose patient asked for a change, or canceled, and staff have not seen to it."""
    return Q(change_requested_at__isnull=False)


TABS = {
    tab.name: tab
    for tab in [
        Tab("waiting", _("Waiting"), _in_sight),
        Tab("mine", _("Mine"), _mine),
        Tab("nobody", _("Nobody’s"), _nobodys),
        Tab("overdue", _("Overdue"), _overdue),
        Tab("changes", _("Changes"), _changes),
        Tab("aside", _("Set aside"), _set_aside),
        Tab("visits", _("Visits"), lambda *_: Q(status=Status.SCHEDULED), False, "visit_at"),
        Tab("spam", _("Suspected spam"), lambda *_: Q(status=Status.QUARANTINED)),
        Tab("all", _("All"), lambda *_: Q(), is_counted=False),
    ]
}
FIRST = TABS["waiting"]


def requests_in(tab: Tab, user: Any, now: dt.datetime) -> AppointmentRequestQuerySet:
    """Return the requests of a list, in its order, as `user` sees it now."""
    return AppointmentRequest.objects.filter(tab.select(user, now)).order_by(tab.order, "pk")


def counts(user: Any, now: dt.datetime) -> dict[str, int]:
    """Return how many requests each counted list holds, by its name, in two queries."""
    counted = [tab for tab in TABS.values() if tab.is_counted]
    rows = AppointmentRequest.objects.filter(
        Q(status__in=WAITING) | Q(change_requested_at__isnull=False)
    )
    return rows.aggregate(
        **{tab.name: Count("pk", filter=tab.select(user, now)) for tab in counted}
    )


def next_in(tab: Tab, user: Any, now: dt.datetime, *, after: AppointmentRequest) -> int | None:
    """Return the id of the request to work on after another, as it stood in a list; None for none.

    The next one in order, then from the top. What a colleague has taken or open is passed over.
    """
    here = Presence.objects.now().exclude(person=user.pk).values("thing")
    rows = (
        requests_in(tab, user, now)
        .exclude(pk=after.pk)
        .filter(Q(taken_by=None) | Q(taken_by=user.pk))
        .exclude(pk__in=here)
    )
    place = getattr(after, tab.order)
    if place is not None:
        later = Q((f"{tab.order}__gt", place)) | Q((tab.order, place), pk__gt=after.pk)
        if found := rows.filter(later).values_list("pk", flat=True).first():
            return found
    return rows.values_list("pk", flat=True).first()
