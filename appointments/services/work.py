"""What staff do with a request: a call, a note and the next step at once; and taking it back."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.audit import REQUEST, RequestAction
from appointments.mails import TO_PATIENT, write_mails, write_news
from appointments.models import AppointmentRequest, Note, StatusChange
from appointments.models.history import ANSWERS, NoteKind
from appointments.presenters import read
from appointments.services.workflow import InvalidTransition, locked, move, reads, save
from appointments.states import ASIDE, BACK, LEAVE, STEPS, CloseReason, News, Status, Step
from clinic_site.actor import Actor
from clinic_site.audit.models import record
from clinic_site.edit_conflict import EditConflict
from clinic_site.mail.models import MailState


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

    `call` is a NoteKind, `step` names one of STEPS; what that needs is given, and nothing else, as
    WorkForm sees to. Without a `visit_place` that stays as it is.

    What was done already is a second click, and is accepted quietly: of a call or a note only for
    some seconds, as it may be another one; later, `since` the page was opened, it is a conflict.
    `version` is that of the page; a mere note overtakes nobody and needs none. Raises
    DoesNotExist, EditConflict, InvalidTransition.
    """
    chosen, said = STEPS[step], bool(text.strip())
    overtakes = bool(call) or chosen != LEAVE
    if not (overtakes or said):
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
        if overtakes and asked.version != version:
            raise EditConflict
        if not is_noted and since and _is_noted(asked, kind, text, by, since):
            raise EditConflict
        if chosen.target is None and chosen not in asked.state.steps_of(is_set_aside=True):
            status = asked.get_status_display()
            raise InvalidTransition(_("A request that is “%s” cannot be set aside.") % status)
        if not is_noted:
            Note.objects.create(request=asked, kind=kind, text=text, by=by.account)
            record(RequestAction.NOTED, REQUEST, [asked.reference], by=by, detail=kind)
        if not overtakes:
            return asked
        done = []
        if call and asked.state.is_waiting:
            if call in ANSWERS and asked.first_answer_at is None:
                asked.first_answer_at = timezone.now()
            if asked.taken_by_id is None:
                asked.taken_by = by.account
                done.append("taken")
        is_due = asked.set_aside_until and asked.set_aside_until <= timezone.localdate()
        if chosen.target not in {None, Status.CLOSED} or call and is_due:
            asked.set_aside_until, asked.set_aside_reason = None, ""
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
            Note.objects.create(
                request=asked,
                kind=NoteKind.SET_ASIDE,
                until=set_aside_until,
                until_before=until_before,
                text="" if call else values["set_aside_reason"],
                by=by.account,
            )
            done.append("set aside" if set_aside_until else "set aside no more")
        save(asked, by=by, detail=", ".join(done))
    return asked


def _is_noted(
    asked: AppointmentRequest, kind: str, text: str, by: Actor, since: dt.datetime
) -> bool:
    """Whether the same person noted the same since then."""
    lately = asked.notes.filter(by=by.account, kind=kind, at__range=(since, timezone.now()))
    return any(reads(note, "text", text) for note in lately)


def _is_done(asked: AppointmentRequest, chosen: Step, values: dict[str, Any]) -> bool:
    if chosen.form == "visit" and asked.change_requested_at is not None:
        return False
    can_stay = chosen in asked.state.steps_of(is_set_aside=True)
    is_there = chosen.target == asked.status if chosen.target else can_stay
    return is_there and all(reads(asked, name, value) for name, value in values.items())


def _go(asked: AppointmentRequest, to: Status, close_reason: str, by: Actor) -> str:
    """Move the request on and tell its patient; return what was done, for the record."""
    before, news = Status(asked.status), asked.state.news_of(to)
    move(asked, to, by=by, close_reason=close_reason)
    if asked.suspicion and to != Status.CLOSED:  # it was none: tell what waited
        asked.suspicion = ""
        write_mails(asked)
    elif close_reason != CloseReason.SPAM:
        write_news(asked, news)
    return f"{before} to {to}"


def undo(*, pk: int, version: int, by: Actor) -> AppointmentRequest:
    """Take back what was done to a request last; a second time changes nothing.

    `version` is that of the page. Raises DoesNotExist, EditConflict, InvalidTransition.
    """
    with locked(pk) as asked:
        last = _last(asked)
        if last is not None and last.is_undone:
            return asked
        if asked.version != version:
            raise EditConflict
        if last is None or undoable(asked) is None:
            raise InvalidTransition(_("It can no longer be undone. What is next?"))
        if isinstance(last, StatusChange):
            _open_again(asked, last, by)
            detail = f"{Status.CLOSED} to {asked.status}, undone"
        else:
            until, why = last.until_before, _reason_before(asked, last)
            asked.set_aside_until, asked.set_aside_reason = until, why
            Note.objects.create(
                request=asked, kind=NoteKind.UNDONE, until=until, text=why, by=by.account
            )
            detail = "set aside, undone"
        save(asked, by=by, detail=detail)
    return asked


def undoable(asked: AppointmentRequest) -> StatusChange | Note | None:
    """Return what can be taken back of a request now; None for nothing."""
    last, now = _last(asked), timezone.now()
    if last is None or not now - settings.UNDO_WITHIN <= last.at <= now:
        return None
    if isinstance(last, StatusChange):
        return last if last.to_status == asked.status == Status.CLOSED else None
    until = asked.set_aside_until if asked.state.is_waiting else None
    is_set_aside = last.kind == NoteKind.SET_ASIDE and until is not None
    return last if is_set_aside and last.until == until else None


def _last(asked: AppointmentRequest) -> StatusChange | Note | None:
    happened = [each for each in (asked.changes.last(), asked.notes.last()) if each is not None]
    return max(happened, key=lambda each: each.at, default=None)


def _reason_before(asked: AppointmentRequest, aside: Note) -> str:
    """Return why it was set aside before; "" where it was not."""
    rows = asked.notes.filter(pk__lt=aside.pk)
    before = rows.filter(until=aside.until_before).last() if aside.until_before else None
    if before is not None and not read(before, "text"):  # the call says why
        before = rows.filter(pk__lt=before.pk).last()
    return read(before, "text") or str(before.get_kind_display()) if before is not None else ""


def _open_again(asked: AppointmentRequest, closing: StatusChange, by: Actor) -> None:
    """Have the request stand as before it was closed, and its patient hear of no closing."""
    before = asked.changes.filter(to_status=closing.from_status, close_reason="").last()
    StatusChange.objects.create(
        request=asked,
        from_status=Status.CLOSED,
        to_status=closing.from_status,
        by=by.name,
        visit_at=closing.visit_at,
        visit_minutes=closing.visit_minutes,
        close_reason=closing.close_reason,
    )
    heard = asked.notes.filter(kind__in=ANSWERS).exists()
    if asked.first_answer_at == asked.status_at and not heard:  # by the closing alone
        asked.first_answer_at = None
    asked.status, asked.close_reason = closing.from_status, ""
    # As it was, or a mail about the step before that still waits would be taken for overtaken.
    asked.status_at = before.at if before else asked.received_at
    asked.change_requested_at = closing.change_requested_at
    told = asked.mails.filter(kind=TO_PATIENT[News.CLOSED].name, created_at__gte=closing.at)
    told = told.exclude(state=MailState.SET_ASIDE)
    unsent = told.unsent()
    if told.exists() and not unsent.update(state=MailState.SET_ASIDE):
        write_news(asked, News.CHANGED)
