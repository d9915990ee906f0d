"""Taking back, for some minutes, that a request was closed or set aside."""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.mails import TO_PATIENT, write_news
from appointments.models import AppointmentRequest, Note, StatusChange
from appointments.models.history import ANSWERS, NoteKind
from appointments.presenters import read
from appointments.services.workflow import (
    ASIDE,
    MOVED,
    InvalidTransition,
    locked,
    save,
    staff,
)
from appointments.states import News, Status
from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from clinic_site.mail.models import MailState


def undo(*, pk: int, version: int, by: Actor) -> AppointmentRequest:
    """Take back what was done to a request last; a second time changes nothing.

    `version` is that of the page which offered it. Raises AppointmentRequest.DoesNotExist,
    EditConflict, and InvalidTransition where that cannot be any more.
    """
    with locked(pk) as asked:
        last = _last(asked)
        if last is not None and last.is_undone:
            return asked
        if asked.version != version:
            raise EditConflict
        if last is None or not _can_be_undone(asked, last):
            raise InvalidTransition(_("It can no longer be undone. What is next?"))
        if isinstance(last, StatusChange):
            _open_again(asked, last, by)
            detail = f"{Status.CLOSED} to {asked.status}, undone"
        else:
            until, why = last.until_before, _reason_before(asked, last)
            asked.set_aside_until, asked.set_aside_reason = until, why
            Note.objects.create(
                request=asked, kind=NoteKind.UNDONE, until=until, text=why, by=staff(by)
            )
            detail = "set aside, undone"
        save(asked, *MOVED, *ASIDE, by=by, detail=detail)
    return asked


def undoable(asked: AppointmentRequest) -> StatusChange | Note | None:
    """Return what can be taken back of a request now; None for nothing."""
    last = _last(asked)
    return last if last is not None and _can_be_undone(asked, last) else None


def _last(asked: AppointmentRequest) -> StatusChange | Note | None:
    happened = [each for each in (asked.changes.last(), asked.notes.last()) if each is not None]
    return max(happened, key=lambda each: each.at, default=None)


def _can_be_undone(asked: AppointmentRequest, last: StatusChange | Note) -> bool:
    now = timezone.now()
    if not now - settings.UNDO_WITHIN <= last.at <= now:
        return False
    if isinstance(last, StatusChange):
        return last.to_status == asked.status == Status.CLOSED
    until = asked.set_aside_until if asked.state.is_waiting else None
    return last.kind == NoteKind.SET_ASIDE and until is not None and last.until == until


def _reason_before(asked: AppointmentRequest, aside: Note) -> str:
    """Return why a request was set aside before it was so anew; "" where it was not."""
    rows = asked.notes.filter(pk__lt=aside.pk)
    before = rows.filter(until=aside.until_before).last() if aside.until_before else None
    if before is not None and not read(before, "text"):  # the call says why
        before = rows.filter(pk__lt=before.pk).last()
    return read(before, "text") or str(before.get_kind_display()) if before is not None else ""


def _open_again(asked: AppointmentRequest, closing: StatusChange, by: Actor) -> None:
    """Have the request stand as before it was closed, and its patient hear of no closing."""
    before = asked.changes.exclude(pk=closing.pk).last()
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
    unsent = told.unsent(timezone.now())
    if told.exists() and not unsent.update(state=MailState.SET_ASIDE):
        write_news(asked, News.CHANGED)
