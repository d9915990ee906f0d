"""What staff do as they work on a request: a call, a note and the next step, all at once."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.audit import REQUEST, RequestAction
from appointments.mails import write_mails, write_news
from appointments.models import AppointmentRequest, Note
from appointments.models.history import ANSWERS, NoteKind
from appointments.services.workflow import (
    MOVED,
    InvalidTransition,
    locked,
    move,
    reads,
    save,
    set_aside_no_more,
    staff,
)
from appointments.states import (
    ANSWERED,
    ASIDE,
    BACK,
    LEAVE,
    STATES,
    STEPS,
    CloseReason,
    Status,
    Step,
)
from clinic_site.actor import Actor
from clinic_site.audit.record import record
from clinic_site.edit_conflict import EditConflict


def work_on(
    *,
    pk: int,
    version: int,
    by: Actor,
    call: str = "",
    text: str = "",
    step: str = LEAVE.name,
    set_aside_until: dt.date | None = None,
    visit_at: dt.datetime | None = None,
    visit_minutes: int | None = None,
    visit_place: str | None = None,
    close_reason: str = "",
    since: dt.datetime | None = None,
) -> AppointmentRequest:
    """Log a call with its note, and take the next step with a request: all of it, or nothing.

    `call` is a NoteKind, `step` names one of STEPS. Setting aside takes `set_aside_until`, and the
    note or the call is its reason; scheduling takes `visit_at`, and without a `visit_place` leaves
    that as it is; closing takes a `close_reason`.

    What was done already is a second click, and is accepted quietly: of a call or a note only for
    some seconds, as it may be another one; later, `since` the page was opened, it is a conflict.
    `version` is that of the page; a mere note overtakes nobody and needs none. Raises
    DoesNotExist, EditConflict, InvalidTransition.
    """
    chosen, said = STEPS[step], bool(text.strip())
    if (chosen.form == "visit") != (visit_at is not None):
        raise InvalidTransition(_("Enter the day and the time of the visit."))
    if (chosen.form == "close") != bool(close_reason):
        raise InvalidTransition(_("Choose why it is closed."))
    if (chosen == ASIDE) != (set_aside_until is not None):
        raise InvalidTransition(_("Enter the day until which it is set aside."))
    if chosen == ASIDE and not (call or said):
        raise InvalidTransition(_("Say why it is set aside: log the call, or write a note."))
    if chosen == LEAVE and not (call or said):
        raise InvalidTransition(_("Choose a call, write a note, or choose what is next."))
    values: dict[str, Any] = {}
    if chosen.form == "visit":
        minutes = visit_minutes or settings.VISIT_MINUTES
        values = {"visit_at": visit_at, "visit_minutes": minutes}
        values |= {} if visit_place is None else {"visit_place": visit_place}
    elif chosen.form == "close":
        values = {"close_reason": close_reason}
    elif chosen == ASIDE:
        reason = text if said else str(NoteKind(call).label)
        values = {"set_aside_until": set_aside_until, "set_aside_reason": reason}
    elif chosen == BACK:
        values = {"set_aside_until": None, "set_aside_reason": ""}
    with locked(pk) as asked:
        # Without a call, a note that says why it is set aside stands in the row of that.
        kind = call or (NoteKind.NOTE if said and chosen != ASIDE else "")
        clicked = timezone.now() - settings.SECOND_CLICK
        is_noted = not kind or _is_noted(asked, kind, text, by, clicked)
        if is_noted and _is_done(asked, chosen, values):
            return asked
        is_overtaken = (call or chosen != LEAVE) and asked.version != version
        if is_overtaken or not is_noted and since and _is_noted(asked, kind, text, by, since):
            raise EditConflict
        if chosen.target is None and chosen not in asked.state.steps_of(is_set_aside=True):
            status = asked.get_status_display()
            raise InvalidTransition(_("A request that is “%s” cannot be set aside.") % status)
        if not is_noted:
            Note.objects.create(request=asked, kind=kind, text=text, by=staff(by))
            record(RequestAction.NOTED, REQUEST, [asked.reference], by=by, detail=kind)
        done = _log(asked, call, by) if call else []
        if chosen.target not in {None, Status.CLOSED} or call and _is_due(asked):
            set_aside_no_more(asked)
        until_before = asked.set_aside_until
        if chosen.form != "close":
            for name, value in values.items():
                setattr(asked, name, value)
        to = chosen.target
        if to is None and call and asked.status == Status.NEW:
            to = Status.CONTACTING
        if to is not None:
            done.append(_go(asked, to, close_reason, by))
        if chosen in {ASIDE, BACK}:  # last, as only what was done last can be undone
            why = "" if call else values["set_aside_reason"]
            Note.objects.create(
                request=asked,
                kind=NoteKind.SET_ASIDE,
                until=set_aside_until,
                until_before=until_before,
                text=why,
                by=staff(by),
            )
            done.append("set aside" if set_aside_until else "set aside no more")
        if call or chosen != LEAVE:
            changed = {*MOVED, *values, "taken_by", "change_request", "suspicion"}
            save(asked, *changed, by=by, detail=", ".join(done))
    return asked


def _is_noted(
    asked: AppointmentRequest, kind: str, text: str, by: Actor, since: dt.datetime
) -> bool:
    """Whether the same person noted the same since then."""
    lately = asked.notes.filter(by=staff(by), kind=kind, at__range=(since, timezone.now()))
    return any(reads(note, "text", text) for note in lately)


def _is_due(asked: AppointmentRequest) -> bool:
    """Whether the day until which it was set aside has come."""
    until = asked.set_aside_until
    return until is not None and until <= timezone.localdate()


def _is_done(asked: AppointmentRequest, chosen: Step, values: dict[str, Any]) -> bool:
    """Whether the request stands where a step leads."""
    if chosen.form == "visit" and asked.change_requested_at is not None:
        return False
    is_there = chosen.target in {None, asked.status}
    return is_there and all(reads(asked, name, value) for name, value in values.items())


def _log(asked: AppointmentRequest, call: str, by: Actor) -> list[str]:
    """Note what a call about a waiting request does with it; return that, for the record."""
    if not asked.state.is_waiting:
        return []
    if call in ANSWERS and asked.first_answer_at is None:
        asked.first_answer_at = timezone.now()
    if asked.taken_by_id is not None:
        return []
    asked.taken_by = staff(by)
    return ["taken"]


def _go(asked: AppointmentRequest, to: Status, close_reason: str, by: Actor) -> str:
    """Move the request on and tell its patient; return what was done, for the record."""
    before = Status(asked.status)
    move(
        asked,
        to,
        by=by,
        # Who canceled, or was answered before it was closed, waits for no first answer.
        answers=to == Status.SCHEDULED
        or before == Status.CANCELLED
        or not ANSWERED.isdisjoint({close_reason, asked.close_reason}),
        settles=to in {Status.SCHEDULED, Status.CLOSED} or before == Status.CANCELLED,
        close_reason=close_reason,
    )
    if asked.suspicion and to != Status.CLOSED:  # it was none: tell what waited
        asked.suspicion = ""
        write_mails(asked)
    elif close_reason != CloseReason.SPAM:
        write_news(asked, STATES[before].news_of(to))
    return f"{before} to {to}"
