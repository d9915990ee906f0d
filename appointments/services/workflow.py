"""What is done to a request: each function is one transaction, under a lock.

A call and the next step, and taking that back, are in `work`.
"""

import contextlib
import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.audit import REQUEST
from appointments.mails import write_change_mails
from appointments.models import AppointmentRequest, Note, StatusChange
from appointments.models.history import NoteKind
from appointments.states import ANSWERED, CloseReason, Status
from clinic_site.actor import Actor
from clinic_site.audit.models import Action, record
from clinic_site.crypto.key_ring import CannotRead
from clinic_site.edit_conflict import EditConflict


class InvalidTransition(Exception):
    """The request does not allow this as it stands; the text says why, to whoever tried."""


@contextlib.contextmanager
def locked(pk: int) -> Iterator[AppointmentRequest]:
    """Give the request, locked for one transaction. Raises DoesNotExist."""
    with transaction.atomic():
        yield AppointmentRequest.objects.select_for_update(of=("self",)).get(pk=pk)


def save(appointment_request: AppointmentRequest, *, by: Actor, detail: str) -> None:
    """Save the locked request; `detail` says what was done, for the record."""
    appointment_request.version += 1
    appointment_request.save()
    if detail:
        record(Action.CHANGED, REQUEST, [appointment_request.reference], by=by, detail=detail)


def move(
    appointment_request: AppointmentRequest, to: Status, *, by: Actor, close_reason: str = ""
) -> None:
    """Set the status and write its row; the caller saves the request. Raises InvalidTransition."""
    before = appointment_request.status
    if to not in appointment_request.state.targets:
        raise InvalidTransition(
            _("A request that is “%(is)s” cannot become “%(to)s”.")
            % {"is": appointment_request.get_status_display(), "to": to.label}
        )
    has_visit = Status.SCHEDULED in {before, to}  # set by this, or taken off
    # It deals with the change that the patient asked for.
    settles = to in {Status.SCHEDULED, Status.CLOSED} or before == Status.CANCELLED
    # Who canceled, or was answered before it was closed, waits for no first answer.
    answers = (
        to == Status.SCHEDULED
        or before == Status.CANCELLED
        or not ANSWERED.isdisjoint({close_reason, appointment_request.close_reason})
    )
    StatusChange.objects.create(
        request=appointment_request,
        from_status=before,
        to_status=to,
        by=by.name if by.account else "",
        visit_at=appointment_request.visit_at if has_visit else None,
        visit_minutes=appointment_request.visit_minutes if has_visit else None,
        change_requested_at=appointment_request.change_requested_at if settles else None,
        close_reason=close_reason,
    )
    if settles:
        appointment_request.change_requested_at = None
    now = timezone.now()
    if answers and appointment_request.first_answer_at is None:
        appointment_request.first_answer_at = now
    appointment_request.status, appointment_request.status_at = to, now
    appointment_request.close_reason = close_reason


def take(*, pk: int, by: Actor) -> None:
    """Put a request into the hands of `by`. Raises EditConflict where a colleague has it."""
    with locked(pk) as appointment_request:
        if appointment_request.taken_by is None:
            appointment_request.taken_by = by.account
            save(appointment_request, by=by, detail="taken")
        elif appointment_request.taken_by != by.account:
            raise EditConflict


def release(*, pk: int, version: int, by: Actor) -> None:
    """Put a request back for anyone to take. Raises EditConflict, as another may have it by now."""
    with locked(pk) as appointment_request:
        if appointment_request.taken_by_id is None:
            return
        if appointment_request.version != version:
            raise EditConflict
        appointment_request.taken_by = None
        save(appointment_request, by=by, detail="released")


def acknowledge(*, pk: int, version: int, by: Actor) -> None:
    """Note that staff have dealt with a change that the patient asked for, or a cancellation.

    Raises EditConflict, as the patient may have written again.
    """
    with locked(pk) as appointment_request:
        if appointment_request.change_requested_at is None:
            return
        if appointment_request.version != version:
            raise EditConflict
        appointment_request.change_request, appointment_request.change_requested_at = "", None
        save(appointment_request, by=by, detail="acknowledged")


def cancel(*, pk: int, by: Actor) -> None:
    """Cancel a request, as its patient; a second time changes nothing."""
    with locked(pk) as appointment_request:
        if appointment_request.state.has_ended:
            return
        before = appointment_request.status
        # Somebody may be about to call, or keeps a place free: staff see it until they say that it
        # is dealt with.
        needs_staff = (
            appointment_request.change_requested_at is not None
            or appointment_request.taken_by_id is not None
            or before in {Status.CONTACTING, Status.SCHEDULED}
        )
        move(appointment_request, Status.CANCELLED, by=by)
        appointment_request.set_aside_until, appointment_request.set_aside_reason = None, ""
        if needs_staff:
            appointment_request.change_request = ""
            appointment_request.change_requested_at = appointment_request.status_at
            write_change_mails(appointment_request)
        save(appointment_request, by=by, detail=f"{before} to {Status.CANCELLED}")


def request_change(*, pk: int, text: str, by: Actor) -> None:
    """Keep what a patient wants changed; the last words stand, the same again change nothing.

    Raises InvalidTransition once the request has ended, and after many changes in a day.
    """
    with locked(pk) as appointment_request:
        if appointment_request.state.has_ended:
            raise InvalidTransition(_("This request has ended. Call us, or send a new one."))
        is_same = reads(appointment_request, "change_request", text)
        if appointment_request.change_requested_at and is_same:
            return
        now = timezone.now()
        lately = appointment_request.notes.filter(
            kind=NoteKind.CHANGE_REQUEST, at__range=(now - dt.timedelta(days=1), now)
        )
        if lately.count() >= settings.CHANGES_A_DAY:
            raise InvalidTransition(_("You have written to us many times today. Please call us."))
        appointment_request.change_request, appointment_request.change_requested_at = text, now
        appointment_request.set_aside_until, appointment_request.set_aside_reason = None, ""
        # The note stays once the change is made.
        Note.objects.create(request=appointment_request, kind=NoteKind.CHANGE_REQUEST, text=text)
        write_change_mails(appointment_request)
        save(appointment_request, by=by, detail="change asked for")


def reads(row: AppointmentRequest | Note, field: str, text: str) -> bool:
    """Whether an encrypted column holds this text; not where no key opens it."""
    try:
        return getattr(row, field) == text
    except CannotRead:
        return False


def close_as_spam(*, pks: list[int], by: Actor) -> int:
    """Close as spam those of these requests that still are `likely_spam`; return how many."""
    closed, likely_spam = 0, AppointmentRequest.objects.likely_spam()
    for pk in sorted(pks):
        with contextlib.suppress(AppointmentRequest.DoesNotExist), transaction.atomic():
            spam = likely_spam.select_for_update(of=("self",)).get(pk=pk)
            move(spam, Status.CLOSED, by=by, close_reason=CloseReason.SPAM)
            save(spam, by=by, detail="closed as spam")
            closed += 1
    return closed
