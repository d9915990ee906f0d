"""Where a request stands, in a patient's words. None of them promises what the clinic did not."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.choices import ENDED, CloseReason, Status
from appointments.models import AppointmentRequest


@dataclass(frozen=True)
class Words:
    """What a patient reads: where the request stands, and what happens next."""

    state: Any
    next: Any


_NEW = Words(
    _("We have your request"),
    _("Our staff read your request. Then we call or write to you, the way you asked."),
)
_WORDS = {
    Status.NEW: _NEW,
    Status.QUARANTINED: _NEW,  # it may well be a patient, who must never read of a suspicion
    Status.CONTACTING: Words(
        _("We are working on your request"),
        _("We call or write to you, the way you asked. Did you miss our call? Then call us."),
    ),
    Status.SCHEDULED: Words(
        _("Your visit is set"),
        _("Please come at this time. If you cannot come, call us, or tell us below."),
    ),
    Status.CLOSED: Words(
        _("This request is closed"),
        _("Do you still need us? Call us, or send a new request."),
    ),
    Status.WITHDRAWN: Words(
        _("You canceled this request"),
        _(
            "There is nothing more that you need to do. "
            "Did you change your mind? Call us, or send a new request."
        ),
    ),
}
_CLOSED = {
    CloseReason.NOT_REACHED: _("We tried to reach you and could not. Please call us."),
    CloseReason.DUPLICATE: _(
        "You sent this more than once. We use only one of them. Not sure? Call us."
    ),
}


_OVER = Words(
    _("The time of your visit has passed"),
    _("Did you miss it, or do you need us again? Call us."),
)


def words_of(request: AppointmentRequest, now: dt.datetime) -> Words:
    """Return what its patient is to read about a request."""
    if request.status == Status.SCHEDULED and not has_visit_ahead(request, now):
        return _OVER
    words = _WORDS[Status(request.status)]
    reason = _CLOSED.get(CloseReason(request.close_reason)) if request.close_reason else None
    return Words(words.state, reason) if reason else words


def has_visit_ahead(request: AppointmentRequest, now: dt.datetime) -> bool:
    """Whether a visit is set and its day, in the active time zone, has not passed."""
    visit = request.visit_at if request.status == Status.SCHEDULED else None
    return visit is not None and timezone.localdate(visit) >= timezone.localdate(now)


def has_ended(request: AppointmentRequest) -> bool:
    """Whether nothing more happens to a request, so that its patient can change nothing."""
    return request.status in ENDED


_AMERICAN = {
    "E": _("Eastern time"),
    "C": _("Central time"),
    "M": _("Mountain time"),
    "P": _("Pacific time"),
    "AK": _("Alaska time"),
    "H": _("Hawaii time"),
}


def zone_as_read(at: dt.datetime) -> str:
    """Return the name of the current time zone at that moment, as people say it.

    >>> with timezone.override("America/Chicago"):
    ...     zone_as_read(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    'Central time'
    >>> with timezone.override("Europe/Berlin"):
    ...     zone_as_read(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    'Berlin time'
    """
    zone = timezone.get_current_timezone()
    key = getattr(zone, "key", "")
    name = timezone.localtime(at).tzname() or ""
    american = re.fullmatch(r"(E|C|M|P|AK|H)[SD]T", name)
    if american and key.startswith(("America/", "US/", "Pacific/")):
        return str(_AMERICAN[american[1]])
    if "/" in key:
        return str(_("%s time") % key.rpartition("/")[2].replace("_", " "))
    return name
