"""What is done to a request: each function is one transaction, under a lock."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.audit import REQUEST, RequestAction
from appointments.mails import write_change_mails, write_mails, write_news
from appointments.models import AppointmentRequest, Note, StatusChange
from appointments.models.history import ANSWERS, NoteKind
from appointments.states import ANSWERED, STATES, CloseReason, Status
from clinic_site.access.models import User
from clinic_site.actor import Actor
from clinic_site.audit.record import Action, record
from clinic_site.crypto.key_ring import CannotRead
from clinic_site.edit_conflict import EditConflict


class InvalidTransition(Exception):
    """The request does not allow this as it stands; the text says why, to whoever tried."""


def _staff(by: Actor) -> User:
    return cast(User, by.account)


@contextlib.contextmanager
def _locked(pk: int) -> Iterator[AppointmentRequest]:
    """Give the request, locked for one transaction."""
    with transaction.atomic():
        yield AppointmentRequest.objects.select_for_update(of=("self",)).get(pk=pk)


def _save(
    appointment_request: AppointmentRequest, *changed: str, by: Actor, detail: str = ""
) -> None:
    """Save what changed; `detail` says what was done, for the record."""
    appointment_request.version += 1
    appointment_request.save(update_fields=[*changed, "version"])
    if detail:
        references = [appointment_request.reference]
        record(Action.CHANGED, REQUEST, references, by=by, detail=detail)


def _move(
    appointment_request: AppointmentRequest,
    to: Status,
    *,
    by: Actor,
    answers: bool = False,
    close_reason: str = "",
) -> None:
    """Set the status and write its row; the caller saves the fields that _MOVED names.

    `answers`: whether the patient has heard from the clinic by what staff did.
    """
    before = appointment_request.status
    if to not in appointment_request.state.targets:
        raise InvalidTransition(
            _("A request that is “%(is)s” cannot become “%(to)s”.")
            % {"is": appointment_request.get_status_display(), "to": to.label}
        )
    has_visit = Status.SCHEDULED in {before, to}  # set by this, or taken off
    StatusChange.objects.create(
        request=appointment_request,
        from_status=before,
        to_status=to,
        by=by.name if by.account else "",
        visit_at=appointment_request.visit_at if has_visit else None,
        visit_minutes=appointment_request.visit_minutes if has_visit else None,
        close_reason=close_reason,
    )
    now = timezone.now()
    if answers and appointment_request.first_answer_at is None:
        appointment_request.first_answer_at = now
    appointment_request.status, appointment_request.status_at = to, now
    appointment_request.close_reason = close_reason


_CHANGE_REQUEST = ("change_request", "change_requested_at")
_MOVED = ("status", "status_at", "close_reason", "first_answer_at")
_VISIT = ("visit_at", "visit_minutes", "visit_place")


def change_status(
    *,
    pk: int,
    to: str,
    version: int,
    by: Actor,
    visit_at: dt.datetime | None = None,
    visit_minutes: int | None = None,
    visit_place: str = "",
    close_reason: str = "",
) -> AppointmentRequest:
    """Move a request on, as staff; a repeat of what was just done is accepted quietly.

    Scheduling takes `visit_at`, closing a `close_reason`. Raises EditConflict, InvalidTransition.
    """
    to = Status(to)
    if (to == Status.SCHEDULED) != (visit_at is not None):
        raise InvalidTransition(_("Enter the day and the time of the visit."))
    if (to == Status.CLOSED) != bool(close_reason):
        raise InvalidTransition(_("Choose why it is closed."))
    with _locked(pk) as appointment_request:
        before = appointment_request.status
        same = (to, close_reason) == (before, appointment_request.close_reason)
        if to == Status.SCHEDULED:
            visit_minutes = visit_minutes or settings.VISIT_MINUTES
            same &= (
                appointment_request.change_requested_at is None
                and appointment_request.visit_at == visit_at
                and appointment_request.visit_minutes == visit_minutes
                and _reads(appointment_request, "visit_place", visit_place)
            )
        if same:
            return appointment_request
        if appointment_request.version != version:
            raise EditConflict
        changed = set(_MOVED)
        if to == Status.SCHEDULED:
            appointment_request.visit_at = visit_at
            appointment_request.visit_minutes = visit_minutes
            appointment_request.visit_place = visit_place
            changed |= set(_VISIT)
        _move(
            appointment_request,
            to,
            by=by,
            # Who canceled, or was answered before it was closed, waits for no first answer.
            answers=to == Status.SCHEDULED
            or before == Status.CANCELLED
            or not ANSWERED.isdisjoint({close_reason, appointment_request.close_reason}),
            close_reason=close_reason,
        )
        if to in {Status.SCHEDULED, Status.CLOSED} or before == Status.CANCELLED:
            appointment_request.change_request, appointment_request.change_requested_at = "", None
            changed |= set(_CHANGE_REQUEST)
        if appointment_request.suspicion and to != Status.CLOSED:  # it was none: tell what waited
            appointment_request.suspicion = ""
            changed.add("suspicion")
            write_mails(appointment_request)
        elif close_reason != CloseReason.SPAM:
            write_news(appointment_request, STATES[Status(before)].news_of(to))
        _save(appointment_request, *changed, by=by, detail=f"{before} to {to}")
    return appointment_request


def take(*, pk: int, by: Actor) -> AppointmentRequest:
    """Put a request into the hands of `by`. Raises EditConflict where a colleague has it."""
    with _locked(pk) as appointment_request:
        if appointment_request.taken_by_id == _staff(by).pk:
            return appointment_request
        if appointment_request.taken_by_id is not None:
            raise EditConflict
        appointment_request.taken_by = _staff(by)
        _save(appointment_request, "taken_by", by=by, detail="taken")
    return appointment_request


def release(*, pk: int, by: Actor) -> AppointmentRequest:
    """Put a request back for anyone to take, whoever has it."""
    with _locked(pk) as appointment_request:
        if appointment_request.taken_by_id is not None:
            appointment_request.taken_by = None
            _save(appointment_request, "taken_by", by=by, detail="released")
    return appointment_request


def acknowledge(*, pk: int, version: int, by: Actor) -> AppointmentRequest:
    """Note that staff have dealt with the change that the patient asked for, or the cancellation.

    Raises EditConflict, as the patient may have written again.
    """
    with _locked(pk) as appointment_request:
        if appointment_request.change_requested_at is None:
            return appointment_request
        if appointment_request.version != version:
            raise EditConflict
        appointment_request.change_request, appointment_request.change_requested_at = "", None
        _save(appointment_request, *_CHANGE_REQUEST, by=by, detail="acknowledged")
    return appointment_request


def add_note(*, pk: int, by: Actor, kind: str = NoteKind.NOTE, text: str = "") -> Note:
    """Add a note or a call to a request; a first call moves a new one to contacting.

    A call about a waiting request that nobody has taken puts it into the caller's hands. Rows are
    only added, so nothing of a colleague's can be overwritten; the same again within seconds is a
    second click, and adds nothing. Raises InvalidTransition for a note without text.
    """
    if kind == NoteKind.NOTE and not text.strip():
        raise InvalidTransition(_("Write the note."))
    with _locked(pk) as appointment_request:
        now = timezone.now()
        lately = appointment_request.notes.filter(
            by=_staff(by), kind=kind, at__range=(now - settings.SECOND_CLICK, now)
        )
        for note in lately:
            if _reads(note, "text", text):
                return note
        note = Note.objects.create(request=appointment_request, kind=kind, text=text, by=_staff(by))
        waiting, called = appointment_request.state.is_waiting, kind != NoteKind.NOTE
        if called and waiting and appointment_request.taken_by_id is None:
            appointment_request.taken_by = _staff(by)
            _save(appointment_request, "taken_by", by=by, detail="taken")
        if called and appointment_request.status == Status.NEW:
            _move(appointment_request, Status.CONTACTING, by=by, answers=kind in ANSWERS)
            _save(appointment_request, *_MOVED, by=by)
        elif kind in ANSWERS and waiting and appointment_request.first_answer_at is None:
            appointment_request.first_answer_at = now
            _save(appointment_request, "first_answer_at", by=by)
        references = [appointment_request.reference]
        record(RequestAction.NOTED, REQUEST, references, by=by, detail=kind)
    return note


def cancel(*, pk: int, by: Actor) -> AppointmentRequest:
    """Cancel a request, as its patient; a second time changes nothing.

    Staff get no mail about suspected spam.
    """
    with _locked(pk) as appointment_request:
        if appointment_request.state.has_ended:
            return appointment_request
        before = appointment_request.status
        needs_staff = (
            appointment_request.change_requested_at is not None
            or appointment_request.taken_by_id is not None
            or before in {Status.CONTACTING, Status.SCHEDULED}
        )
        _move(appointment_request, Status.CANCELLED, by=by)
        if needs_staff:
            # Somebody may be about to call, or keeps a place free: staff see it until they say
            # that it is dealt with.
            appointment_request.change_request = ""
            appointment_request.change_requested_at = appointment_request.status_at
            if before != Status.QUARANTINED:
                write_change_mails(appointment_request)
        detail = f"{before} to {Status.CANCELLED}"
        _save(appointment_request, *_MOVED, *_CHANGE_REQUEST, by=by, detail=detail)
    return appointment_request


def request_change(*, pk: int, text: str, by: Actor) -> AppointmentRequest:
    """Keep what a patient wants changed, where staff see it; the last words stand.

    The same words again change nothing. Staff get no mail about suspected spam. Raises
    InvalidTransition once the request has ended, and after many changes in a day.
    """
    with _locked(pk) as appointment_request:
        if appointment_request.state.has_ended:
            raise InvalidTransition(_("This request has ended. Call us, or send a new one."))
        if appointment_request.change_requested_at and _reads(
            appointment_request, "change_request", text
        ):
            return appointment_request
        now = timezone.now()
        lately = appointment_request.notes.filter(
            kind=NoteKind.CHANGE_REQUEST, at__range=(now - dt.timedelta(days=1), now)
        )
        if lately.count() >= settings.CHANGES_A_DAY:
            raise InvalidTransition(_("You have written to us many times today. Please call us."))
        appointment_request.change_request, appointment_request.change_requested_at = text, now
        # The note stays once the change is made.
        Note.objects.create(request=appointment_request, kind=NoteKind.CHANGE_REQUEST, text=text)
        if appointment_request.status != Status.QUARANTINED:
            write_change_mails(appointment_request)
        _save(appointment_request, *_CHANGE_REQUEST, by=by, detail="change asked for")
    return appointment_request


def _reads(row: AppointmentRequest | Note, field: str, text: str) -> bool:
    try:
        return getattr(row, field) == text
    except CannotRead:
        return False


def close_as_spam(*, pks: list[int], by: Actor) -> int:
    """Close those of these requests that are quarantined as spam; return how many.

    One whose patient asked for a change is none: it stays. One that is purged is passed over.
    """
    closed = 0
    for pk in sorted(pks):
        with contextlib.suppress(AppointmentRequest.DoesNotExist), _locked(pk) as suspected:
            if suspected.status == Status.QUARANTINED and suspected.change_requested_at is None:
                _move(suspected, Status.CLOSED, by=by, close_reason=CloseReason.SPAM)
                _save(suspected, *_MOVED, by=by, detail="closed as spam")
                closed += 1
    return closed
