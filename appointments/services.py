"""What is done to a request: each function is one transaction, under a lock."""

import datetime as dt
from typing import cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.audit import REQUEST, RequestAction
from appointments.choices import ANSWERED, CloseReason, Status
from appointments.journal import ANSWERS, Note, NoteKind, StatusChange
from appointments.mails import write_change_mails, write_mails
from appointments.models import AppointmentRequest
from clinic_site.actor import Actor
from clinic_site.audit.record import Action, record
from clinic_site.crypto.key_ring import CannotRead

# Where a request can go from where it stands. What has ended can be taken up again by staff.
NEXT: dict[str, set[str]] = {
    Status.QUARANTINED: {Status.NEW, Status.CLOSED, Status.WITHDRAWN},
    Status.NEW: {Status.CONTACTING, Status.SCHEDULED, Status.CLOSED, Status.WITHDRAWN},
    Status.CONTACTING: {Status.NEW, Status.SCHEDULED, Status.CLOSED, Status.WITHDRAWN},
    Status.SCHEDULED: {
        *(Status.CONTACTING, Status.SCHEDULED, Status.CLOSED, Status.WITHDRAWN),
    },
    Status.CLOSED: {Status.CONTACTING},
    Status.WITHDRAWN: {Status.CONTACTING},
}


class ChangedMeanwhile(Exception):
    """Someone else changed the request since it was shown."""


class NotPossible(Exception):
    """The request cannot go there from where it stands; its text says why, to staff."""


def _staff(by: Actor) -> User:
    return cast(User, by.account)


def _locked(pk: int) -> AppointmentRequest:
    """Return the request, locked until the transaction ends."""
    return AppointmentRequest.objects.select_for_update(of=("self",)).get(pk=pk)


def _save(request: AppointmentRequest, *changed: str) -> None:
    request.version += 1
    request.save(update_fields=[*changed, "version"])


def _move(
    request: AppointmentRequest,
    to: str,
    by: str,
    *,
    answers: bool = False,
    visit_at: dt.datetime | None = None,
    close_reason: str = "",
) -> None:
    """Set the status and write its row; the caller saves the fields that _MOVED names.

    `answers`: whether the patient has heard from the clinic by what staff did.
    """
    before = request.status
    if to not in NEXT[before]:
        raise NotPossible(
            _("A request that is “%(is)s” cannot become “%(to)s”.")
            % {"is": request.get_status_display(), "to": Status(to).label}
        )
    StatusChange.objects.create(
        request=request,
        from_status=before,
        to_status=to,
        by=by,
        visit_at=visit_at or (request.visit_at if before == Status.SCHEDULED else None),
        close_reason=close_reason,
    )
    now = timezone.now()
    if answers and request.first_answer_at is None:
        request.first_answer_at = now
    request.status, request.status_at, request.close_reason = to, now, close_reason


_WISH = ("change_wanted", "change_wanted_at")
_MOVED = ("status", "status_at", "close_reason", "first_answer_at")


def change_status(
    *,
    pk: int,
    to: str,
    version: int,
    by: Actor,
    visit_at: dt.datetime | None = None,
    visit_place: str = "",
    close_reason: str = "",
) -> AppointmentRequest:
    """Move a request on, as staff; a repeat of what was just done is accepted quietly.

    Scheduling takes `visit_at`, closing a `close_reason`. Raises ChangedMeanwhile, NotPossible.
    """
    if (to == Status.SCHEDULED) != (visit_at is not None):
        raise NotPossible(_("Enter the day and the time of the visit."))
    if (to == Status.CLOSED) != bool(close_reason):
        raise NotPossible(_("Choose why it is closed."))
    with transaction.atomic():
        request = _locked(pk)
        wanted = (to, close_reason, visit_at or request.visit_at)
        same = wanted == (request.status, request.close_reason, request.visit_at)
        if to == Status.SCHEDULED:
            same &= request.change_wanted_at is None and _reads(request, "visit_place", visit_place)
        if same:
            return request
        if request.version != version:
            raise ChangedMeanwhile
        before = request.status
        _move(
            request,
            to,
            by.name,
            answers=to == Status.SCHEDULED or close_reason in ANSWERED,
            visit_at=visit_at,
            close_reason=close_reason,
        )
        changed = set(_MOVED)
        if to == Status.SCHEDULED:
            request.visit_at, request.visit_place = visit_at, visit_place
            changed |= {"visit_at", "visit_place"}
        if to in {Status.SCHEDULED, Status.CLOSED} or before == Status.WITHDRAWN:
            request.change_wanted, request.change_wanted_at = "", None
            changed |= set(_WISH)
        if before == Status.QUARANTINED and to == Status.NEW:
            request.suspicion = ""
            changed.add("suspicion")
            write_mails(request)
        _save(request, *changed)
        record(Action.CHANGED, REQUEST, [request.reference], by=by, detail=f"{before} to {to}")
    return request


def take(*, pk: int, by: Actor) -> AppointmentRequest:
    """Put a request into the hands of who asks. Raises ChangedMeanwhile where another has it."""
    with transaction.atomic():
        request = _locked(pk)
        if request.taken_by_id == _staff(by).pk:
            return request
        if request.taken_by_id is not None:
            raise ChangedMeanwhile
        request.taken_by = _staff(by)
        _save(request, "taken_by")
        record(Action.CHANGED, REQUEST, [request.reference], by=by, detail="taken")
    return request


def release(*, pk: int, by: Actor) -> AppointmentRequest:
    """Put a request back for anyone to take, whoever has it."""
    with transaction.atomic():
        request = _locked(pk)
        if request.taken_by_id is None:
            return request
        request.taken_by = None
        _save(request, "taken_by")
        record(Action.CHANGED, REQUEST, [request.reference], by=by, detail="released")
    return request


def settle(*, pk: int, version: int, by: Actor) -> AppointmentRequest:
    """Note that staff have dealt with what the patient did last: a wish, or a withdrawal.

    Raises ChangedMeanwhile, as the patient may have written again.
    """
    with transaction.atomic():
        request = _locked(pk)
        if request.change_wanted_at is None:
            return request
        if request.version != version:
            raise ChangedMeanwhile
        request.change_wanted, request.change_wanted_at = "", None
        _save(request, *_WISH)
        record(Action.CHANGED, REQUEST, [request.reference], by=by, detail="settled")
    return request


def add_note(*, pk: int, by: Actor, kind: str = NoteKind.NOTE, text: str = "") -> Note:
    """Add a note or a call to a request; a first call moves a new one to contacting.

    Who calls about a request that nobody has taken has taken it.

    Rows are only added, so nothing of a colleague's can be overwritten; the same again within
    seconds is a second click, and adds nothing. Raises NotPossible for a note without text.
    """
    if kind == NoteKind.NOTE and not text.strip():
        raise NotPossible(_("Write the note."))
    with transaction.atomic():
        request = _locked(pk)
        now = timezone.now()
        lately = request.notes.filter(
            by=_staff(by), kind=kind, at__range=(now - settings.SECOND_CLICK, now)
        )
        for note in lately:
            if _reads(note, "text", text):
                return note
        note = Note.objects.create(request=request, kind=kind, text=text, by=_staff(by))
        if kind != NoteKind.NOTE and request.is_waiting and request.taken_by_id is None:
            request.taken_by = _staff(by)
            _save(request, "taken_by")
            record(Action.CHANGED, REQUEST, [request.reference], by=by, detail="taken")
        if kind != NoteKind.NOTE and request.status == Status.NEW:
            _move(request, Status.CONTACTING, by.name, answers=kind in ANSWERS)
            _save(request, *_MOVED)
        elif kind in ANSWERS and request.is_waiting and request.first_answer_at is None:
            request.first_answer_at = now
            _save(request, "first_answer_at")
        record(RequestAction.NOTED, REQUEST, [request.reference], by=by, detail=kind)
    return note


def withdraw(*, pk: int, by: Actor) -> AppointmentRequest:
    """Take a request back, as its patient; a second time changes nothing."""
    with transaction.atomic():
        request = _locked(pk)
        if request.status in {Status.WITHDRAWN, Status.CLOSED}:
            return request
        before, wished = request.status, request.change_wanted_at is not None
        _move(request, Status.WITHDRAWN, "")
        if wished or request.taken_by_id or before in {Status.CONTACTING, Status.SCHEDULED}:
            # Somebody may be about to call, or keeps a place free: staff see it until settled.
            request.change_wanted, request.change_wanted_at = "", request.status_at
            write_change_mails(request)
        _save(request, *_MOVED, *_WISH)
        detail = f"{before} to withdrawn"
        record(Action.CHANGED, REQUEST, [request.reference], by=by, detail=detail)
    return request


def ask_for_change(*, pk: int, text: str, by: Actor) -> AppointmentRequest:
    """Keep what a patient wants changed, where staff see it; the last wish stands.

    The same words again change nothing. Staff get no mail about suspected spam. Raises
    NotPossible once the request has ended, and after many wishes in a day.
    """
    with transaction.atomic():
        request = _locked(pk)
        if request.status in {Status.WITHDRAWN, Status.CLOSED}:
            raise NotPossible(_("This request has ended. Call us, or send a new one."))
        if request.change_wanted_at and _reads(request, "change_wanted", text):
            return request
        now = timezone.now()
        lately = request.notes.filter(
            kind=NoteKind.WISH, at__range=(now - dt.timedelta(days=1), now)
        )
        if lately.count() >= settings.CHANGES_A_DAY:
            raise NotPossible(_("You have written to us many times today. Please call us."))
        request.change_wanted, request.change_wanted_at = text, now
        _save(request, *_WISH)
        Note.objects.create(request=request, kind=NoteKind.WISH, text=text)  # stays when it is met
        if request.status != Status.QUARANTINED:
            write_change_mails(request)
        record(Action.CHANGED, REQUEST, [request.reference], by=by, detail="change asked for")
    return request


def _reads(row: AppointmentRequest | Note, field: str, text: str) -> bool:
    try:
        return getattr(row, field) == text
    except CannotRead:
        return False


def close_as_spam(*, pks: list[int], by: Actor) -> int:
    """Close those of these requests that are quarantined as spam; return how many.

    One whose patient asked for a change is none: it stays.
    """
    closed = 0
    for pk in sorted(pks):
        with transaction.atomic():
            try:
                request = _locked(pk)
            except AppointmentRequest.DoesNotExist:  # erased meanwhile
                continue
            if request.status != Status.QUARANTINED or request.change_wanted_at is not None:
                continue
            _move(request, Status.CLOSED, by.name, close_reason=CloseReason.SPAM)
            _save(request, *_MOVED)
            record(Action.CHANGED, REQUEST, [request.reference], by=by, detail="closed as spam")
            closed += 1
    return closed
