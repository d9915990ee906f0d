"""The lists of requests that staff work through, who has one open, and what comes next."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appointments.models import AppointmentRequest, Presence
from appointments.models.request import BEFORE_ALL_OTHERS, AppointmentRequestQuerySet
from appointments.services.waiting import overdue_before
from appointments.states import WAITING, Status
from clinic_site.clinic import current_clinic


@dataclass(frozen=True)
class Tab:
    """One list: `empty` says that there is nothing in it. Only lists of what waits are counted."""

    name: str
    label: Any
    empty: Any
    is_counted: bool = True
    order: str = "queue_order"


TABS = {
    tab.name: tab
    for tab in [
        Tab("waiting", _("Waiting"), _("Nothing waits.")),
        Tab("mine", _("Mine"), _("You have taken none that waits.")),
        Tab("nobody", _("Nobody’s"), _("Somebody has each one that waits.")),
        Tab("overdue", _("Overdue"), _("None has waited for too long."), order="received_at"),
        Tab(
            *("changes", _("Changes"), _("No patient asks for a change.")),
            order="change_requested_at",
        ),
        Tab("aside", _("Set aside"), _("None is set aside.")),
        Tab("visits", _("Visits"), _("No visit is set."), False, "visit_at"),
        Tab("spam", _("Suspected spam"), _("Nothing looks like spam.")),
        Tab("all", _("All"), _("There are no requests yet."), False),
    ]
}
FIRST = TABS["waiting"]


def _selects(user: Any, now: dt.datetime) -> dict[str, Q]:
    """Return what is in each of TABS, by its name, as `user` sees it now."""
    today, too_long_ago = timezone.localdate(now), overdue_before(current_clinic(), now)
    # This bounds the look to the few that wait, whatever the database makes of the statuses.
    bound = Q(queue_order__lt=BEFORE_ALL_OTHERS)
    waits = Q(status__in=[each for each in WAITING if each != Status.QUARANTINED]) & bound
    in_sight = waits & (Q(set_aside_until=None) | Q(set_aside_until__lte=today))
    return {
        "waiting": in_sight,
        "mine": in_sight & Q(taken_by=user.pk),
        "nobody": in_sight & Q(taken_by=None),
        # Set aside or not, suspected or not.
        "overdue": Q(status__in=WAITING, received_at__lt=too_long_ago) & bound,
        "changes": Q(change_requested_at__isnull=False),
        "aside": waits & Q(set_aside_until__gt=today),
        "visits": Q(status=Status.SCHEDULED),
        "spam": Q(status=Status.QUARANTINED),
        "all": Q(),
    }


def requests_in(tab: Tab, user: Any, now: dt.datetime) -> AppointmentRequestQuerySet:
    """Return the requests of a list, in its order, as `user` sees it now."""
    selected = AppointmentRequest.objects.filter(_selects(user, now)[tab.name])
    return selected.order_by(tab.order, "pk")


def counts(user: Any, now: dt.datetime) -> dict[str, int]:
    """Return how many requests each counted list holds, by its name, in one query."""
    requests, selects = AppointmentRequest.objects, _selects(user, now)
    # For "or" SQLite would look through all there are.
    either = requests.waiting().values("pk").union(requests.to_acknowledge().values("pk"))
    counted = {
        name: Count("pk", filter=selects[name]) for name, tab in TABS.items() if tab.is_counted
    }
    return requests.filter(pk__in=either).aggregate(**counted)


def tabs_for(user: Any, now: dt.datetime, here: str = "") -> list[tuple[Tab, int | None, bool]]:
    """Return each list, how many it holds if they are counted, and whether it is `here`."""
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
        .values_list("pk", flat=True)
    )
    place, found = getattr(after, tab.order), None
    if place is not None:
        later = Q((f"{tab.order}__gt", place)) | Q((tab.order, place), pk__gt=after.pk)
        later &= Q((f"{tab.order}__gte", place))  # a place in the index to begin at
        found = rows.filter(later).first()
    return found or rows.first()


def with_people(rows: AppointmentRequestQuerySet, user: Any) -> AppointmentRequestQuerySet:
    """Read who has each of these with them, and as `open_by` the colleague who has it open."""
    others = Presence.objects.now().filter(thing=OuterRef("pk")).exclude(person=user.pk)
    name = others.order_by("-at").values("person__username")[:1]
    return rows.select_related("taken_by").annotate(open_by=Subquery(name))


def note_presence(appointment_request: AppointmentRequest, person: Any) -> str:
    """Note who has a request open; say who else has, or "". Raises IntegrityError once purged."""
    Presence.objects.note(appointment_request, person)
    others = Presence.objects.now().filter(thing=appointment_request).exclude(person=person)
    found = list(others.order_by("person__username").values_list("person__username", flat=True))
    said = gettext("%s has it open too.") if len(found) == 1 else gettext("%s have it open too.")
    return said % ", ".join(found) if found else ""
