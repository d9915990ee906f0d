"""A request as a row of the queue: what staff need to know before they open it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from appointments.models import AppointmentRequest
from appointments.presenters import (
    CANNOT_BE_READ,
    age_of,
    answer_of,
    ask_for,
    phone_to_dial,
    read,
    told_in_words,
    ways_to_call,
)
from appointments.services.told import Told, told
from appointments.services.waiting import is_overdue
from appointments.states import Status
from clinic_site.clinic import current_clinic
from clinic_site.crypto.key_ring import CannotRead

VISIT = "D, M j, Y, g:i A"


@dataclass(frozen=True)
class Row:
    """One row, in words; `people` says who has the request, and who has it open."""

    request: AppointmentRequest
    name: str
    age: str
    wish: str
    message: str
    phone: str
    calling: list[str]
    stands: list[str]
    people: list[str]


def rows_of(requests: Iterable[AppointmentRequest], now: dt.datetime) -> list[Row]:
    """Return the rows of these requests, as `services.queue.with_people` reads them."""
    requests = list(requests)
    # Who is suspected was told nothing, and needs no query.
    news = told(each for each in requests if each.status != Status.QUARANTINED)
    return [_row(each, news.get(each.pk, Told()), now) for each in requests]


def _row(each: AppointmentRequest, news: Told, now: dt.datetime) -> Row:
    stands, people = _stands(each, news, now), _people(each)
    try:
        each.answers = each.answers  # opened once, for all that is read of it
    except CannotRead:
        return Row(each, str(CANNOT_BE_READ), "", "", "", "", [], stands, people)
    wish = [answer_of(each, "kind"), answer_of(each, "condition")]
    calling = ask_for(each)
    if each.state.is_waiting:
        calling += ways_to_call(each)
    return Row(
        each,
        name=Truncator(answer_of(each, "patient_name")).chars(settings.ROW_NAME),
        age=age_of(each),
        wish=": ".join(filter(None, wish)),
        message=Truncator(answer_of(each, "message")).chars(settings.ROW_MESSAGE),
        phone=phone_to_dial(each),
        calling=[Truncator(each).chars(settings.ROW_NAME) for each in calling],
        stands=stands,
        people=people,
    )


def _stands(each: AppointmentRequest, news: Told, now: dt.datetime) -> list[str]:
    """Return its status, a change asked for, the visit, how long it waits, and the last news."""
    state, today = each.state, timezone.localdate(now)
    status = each.get_status_display()
    if each.close_reason:
        status = f"{status}: {each.get_close_reason_display()}"
    lines = [format_html("<strong>{}</strong>", status)]
    if each.change_requested_at is not None:
        wants = _("not dealt with yet") if state.has_ended else _("wants a change")
        lines.append(format_html('<strong class="overdue">{}</strong>', wants))
    if each.status == Status.SCHEDULED and each.visit_at is not None:
        lines.append(format_html("{}", date_format(timezone.localtime(each.visit_at), VISIT)))
        if not each.has_visit_ahead(now):
            over = _("is over: close it")
            lines.append(format_html('<strong class="overdue">{}</strong>', over))
    if state.is_waiting:
        waits = _("waits %s") % timesince(each.received_at, now, depth=1)
        late = is_overdue(each, current_clinic(), now)
        mark = format_html(', <strong class="overdue">{}</strong>', _("overdue"))
        lines.append(format_html("{}{}", waits, mark if late else ""))
        if each.set_aside_until is not None:
            is_due = each.set_aside_until <= today
            aside = _("was set aside until %s") if is_due else _("set aside until %s")
            until = aside % date_format(each.set_aside_until, "D, M j")
            reason = Truncator(read(each, "set_aside_reason")).chars(settings.ROW_MESSAGE)
            lines.append(format_html("{}{}", until, f": {reason}" if reason else ""))
    return [*lines, *filter(None, [told_in_words(news)])]


def _people(each: AppointmentRequest) -> list[str]:
    open_by = each.open_by  # type: ignore[attr-defined]
    return [
        *([_("%s has it") % each.taken_by.get_username()] if each.taken_by else []),
        *([_("%s has it open") % open_by] if open_by else []),
    ]
