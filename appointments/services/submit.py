"""How a request comes in: once for each attempt, with all that goes with it or not at all."""

import uuid
from collections.abc import Callable

from django.db import IntegrityError, transaction

from appointments.answers import Answers, content_hash
from appointments.audit import REQUEST, RequestAction
from appointments.choices import Origin
from appointments.mails import write_mails
from appointments.models import AppointmentRequest, NameWord
from appointments.models.history import StatusChange
from appointments.services.blind_index import (
    email_index,
    name_indexes,
    phone_end_index,
    phone_index,
)
from appointments.services.spam import suspicion_of
from appointments.states import Status
from clinic_site.actor import Actor
from clinic_site.audit.record import record


class AttemptUsed(Exception):
    """The attempt made a request already, with other content."""


def receive_request(
    *,
    attempt: uuid.UUID,
    answers: Answers,
    honeypot: bool,
    by: Actor,
) -> AppointmentRequest:
    """Store what a patient sent, once for each attempt, and return the request.

    The same attempt with the same content returns the request it made before; with other content
    it raises AttemptUsed. One that looks like spam is quarantined: staff still see it. Raises
    DatabaseError where nothing was stored.
    """

    def store(request: AppointmentRequest) -> None:
        request.suspicion = suspicion_of(
            honeypot=honeypot, sender=by.source, now=request.received_at
        )
        if request.suspicion:
            request.status = Status.QUARANTINED
        _store(request)
        record(RequestAction.RECEIVED, REQUEST, [request.reference], by=by)

    return _once(attempt, answers, store)


def enter_request(*, attempt: uuid.UUID, answers: Answers, by: Actor) -> AppointmentRequest:
    """Store a request that staff took by phone, once for each attempt, and return it.

    Raises AttemptUsed and DatabaseError, as `receive_request` does.
    """

    def store(request: AppointmentRequest) -> None:
        request.origin = Origin.PHONE
        request.first_answer_at = request.received_at  # somebody spoke with them
        _store(request)
        record(RequestAction.ENTERED, REQUEST, [request.reference], by=by)

    return _once(attempt, answers, store)


def _once(
    attempt: uuid.UUID, answers: Answers, store: Callable[[AppointmentRequest], None]
) -> AppointmentRequest:
    """Return the request of this attempt; `store` is given it to be stored where there is none."""
    sent = content_hash(answers)
    for _try in range(3):
        request = AppointmentRequest(answers=answers, attempt=attempt, content_hash=sent)
        try:
            with transaction.atomic():
                store(request)
            return request
        except IntegrityError as error:
            fault = error
        made_before = AppointmentRequest.objects.filter(attempt=attempt).first()
        if made_before is None:
            continue  # it was the reference that is drawn already: draw another
        if made_before.content_hash != sent:
            raise AttemptUsed
        return made_before
    raise fault


def _store(request: AppointmentRequest) -> None:
    """Insert the request with all that goes with it; in the caller's transaction."""
    insert_with_indexes(request)
    StatusChange.objects.create(request=request, to_status=request.status)
    write_mails(request)


def insert_with_indexes(request: AppointmentRequest) -> None:
    """Insert the request with what finds it, as its answers cannot be searched."""
    request.phone_index = phone_index(request.phone)
    request.phone_end_index = phone_end_index(request.phone)
    request.email_index = email_index(request.answer("email") or "")
    request.save(force_insert=True)
    names = (request.answer("patient_name"), request.answer("contact_name"))
    words = {word for name in names if name for word in name_indexes(name)}
    NameWord.objects.bulk_create(NameWord(request=request, index=word) for word in sorted(words))
