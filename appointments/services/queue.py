"""The lists of requests that staff work through, each a tab of the queue; and what comes next."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import AppointmentRequest, Presence
from appointments.models.request import BEFORE_ALL_OTHERS, AppointmentRequestQuerySet
from appointments.services.waiting import overdue_before
from appointments.states import WAITING, Status
from clinic_site.clinic import current_clinic

Select = Callable[[Any, dt.datetime], Q]  # of whoever looks, and the time


@dataclass(frozen=True)
class Tab:
    """One list. `select` says which requests are in it, `empty` that there are none.

    Only lists of what waits are counted.
    """

    name: str
    label: Any
    select: Select
    empty: Any
    is_counted: bool = True
    order: str = "queue_order"


# The second part bounds the look to the few that wait, whatever the database makes of the first.
_WAITING = Q(status__in=WAITING, queue_order__lt=BEFORE_ALL_OTHERS)
_WAITS = Q(
    status__in=[each for each in WAITING if each != Status.QUARANTINED],
    queue_order__lt=BEFORE_ALL_OTHERS,
)


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
    return _WAITING & Q(received_at__lt=overdue_before(current_clinic(), now))


def _set_aside(user: Any, now: dt.datetime) -> Q:
    return _WAITS & Q(set_aside_until__gt=timezone.localdate(now))


def _changes(user: Any, now: dt.datetime) -> Q:
    """Those whose patient asked for a change, or canceled, and staff have not seen to it."""
    return Q(change_requested_at__isnull=False)


def _visits(user: Any, now: dt.datetime) -> Q:
    """Those with a visit; the ones that are over stand first."""
    return Q(status=Status.SCHEDULED)


def _spam(user: Any, now: dt.datetime) -> Q:
    return Q(status=Status.QUARANTINED)


TABS = {
    tab.name: tab
    for tab in [
        Tab("waiting", _("Waiting"), _in_sight, _("Nothing waits.")),
        Tab("mine", _("Mine"), _mine, _("You have taken none that waits.")),
        Tab("nobody", _("Nobody’s"), _nobodys, _("Somebody has each one that waits.")),
        Tab(
            *("overdue", _("Overdue"), _overdue, _("None has waited for too long.")),
            order="received_at",
        ),
        Tab(
            *("changes", _("Changes"), _changes, _("No patient asks for a change.")),
            order="change_requested_at",
        ),
        Tab("aside", _("Set aside"), _set_aside, _("None is set aside.")),
        Tab("visits", _("Visits"), _visits, _("No visit is set."), False, "visit_at"),
        Tab("spam", _("Suspected spam"), _spam, _("Nothing looks like spam.")),
        Tab("all", _("All"), lambda *_: Q(), _("There are no requests yet."), False),
    ]
}
FIRST = TABS["waiting"]


def requests_in(tab: Tab, user: Any, now: dt.datetime) -> AppointmentRequestQuerySet:
    """Return the requests of a list, in its order, as `user` sees it now."""
    return AppointmentRequest.objects.filter(tab.select(user, now)).order_by(tab.order, "pk")


def with_people(rows: AppointmentRequestQuerySet, user: Any) -> AppointmentRequestQuerySet:
    """Read who has each of these with them, and as `open_by` the colleague who has it open."""
    others = Presence.objects.now().filter(thing=OuterRef("pk")).exclude(person=user.pk)
    name = others.order_by("-at").values("person__username")[:1]
    return rows.select_related("taken_by").annotate(open_by=Subquery(name))


def counts(user: Any, now: dt.datetime) -> dict[str, int]:
    """Return how many requests each counted list holds, by its name, in one query."""
    counted = [tab for tab in TABS.values() if tab.is_counted]
    requests = AppointmentRequest.objects.values("pk")
    # For "or" SQLite would look through all there are.
    either = requests.filter(_WAITING).union(requests.filter(_changes(user, now)))
    rows = AppointmentRequest.objects.filter(pk__in=either)
    return rows.aggregate(
        **{tab.name: Count("pk", filter=tab.select(user, now)) for tab in counted}
    )


def tabs_for(user: Any, now: dt.datetime, here: str = "") -> list[tuple[Tab, int | None, bool]]:
    """Return each list, how many requests it holds if they are counted, and whether it is `here`.

    It is what templates/admin/appointments/_tabs.html takes as `tabs`.
    """
    found = counts(user, now)
    return [(tab, found.get(tab.name), tab.name == here) for tab in TABS.values()]


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
        later &= Q((f"{tab.order}__gte", place))  # a place in the index to begin at
        if found := rows.filter(later).values_list("pk", flat=True).first():
            return found
    return rows.values_list("pk", flat=True).first()
