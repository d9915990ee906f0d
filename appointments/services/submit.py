"""How a request comes in: once for each attempt, with all that goes with it or not at all."""

import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q

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
from appointments.states import ENDED, Status
from clinic_site.actor import Actor
from clinic_site.audit.record import record


class SentBefore(Exception):
    """Nothing was stored: there is an `appointment_request` already, and its sender is asked.

    The attempt made it, with other content or one that has ended; or its content is equal, and
    it came under another attempt.
    """

    def __init__(self, appointment_request: AppointmentRequest) -> None:
        self.appointment_request = appointment_request


def receive_request(
    *,
    attempt: uuid.UUID,
    answers: Answers,
    honeypot: bool,
    by: Actor,
    again: bool = False,
) -> AppointmentRequest:
    """Store what a patient sent, once for each attempt, and return the request.

    The same attempt with the same content returns the request it made before. Raises SentBefore
    where the patient is to be asked: the attempt was used for other content, or its request has
    ended; or, unless they said to send it `again`, the same phone sent equal content lately and
    its request has not ended. One that looks like spam is quarantined: staff still see it.
    Raises DatabaseError where nothing was stored.
    """

    def store(appointment_request: AppointmentRequest) -> None:
        appointment_request.suspicion = suspicion_of(
            honeypot=honeypot, sender=by.source, now=appointment_request.received_at
        )
        if appointment_request.suspicion:
            appointment_request.status = Status.QUARANTINED
        _store(appointment_request, by)
        record(RequestAction.RECEIVED, REQUEST, [appointment_request.reference], by=by)

    received = _once(attempt, answers, store, again=again)
    if received.state.has_ended:
        raise SentBefore(received)
    return received


def enter_request(*, attempt: uuid.UUID, answers: Answers, by: Actor) -> AppointmentRequest:
    """Store a request that staff took by phone, once for each attempt, and return it.

    Raises SentBefore where the attempt was used for other content, and DatabaseError.
    """

    def store(appointment_request: AppointmentRequest) -> None:
        appointment_request.origin = Origin.PHONE
        appointment_request.first_answer_at = (
            appointment_request.received_at
        )  # somebody spoke with them
        _store(appointment_request, by)
        record(RequestAction.ENTERED, REQUEST, [appointment_request.reference], by=by)

    return _once(attempt, answers, store, again=True)


def _once(
    attempt: uuid.UUID,
    answers: Answers,
    store: Callable[[AppointmentRequest], None],
    *,
    again: bool,
) -> AppointmentRequest:
    """Return the request of this attempt; `store` is given it to be stored where there is none."""
    sent = content_hash(answers)
    for _try in range(3):
        appointment_request = AppointmentRequest(
            answers=answers, attempt=attempt, content_hash=sent
        )
        try:
            with transaction.atomic():
                before = _before(appointment_request, again=again)
                if before is None:
                    store(appointment_request)
            return before or appointment_request
        except IntegrityError as error:
            # Just now the attempt was used with another phone, or the reference that was drawn.
            fault = error
    raise fault


def _before(appointment_request: AppointmentRequest, *, again: bool) -> AppointmentRequest | None:
    """Return the equal request that this attempt made before; None where it made none.

    To be called in the transaction that stores the request, which others with the same phone
    then wait for. Raises SentBefore.
    """
    phone = phone_index(appointment_request.phone)
    if connection.vendor == "postgresql":  # SQLite writes one transaction at a time
        with connection.cursor() as cursor:
            number = int.from_bytes(bytes.fromhex(phone)[:8], signed=True)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
    since = appointment_request.received_at - settings.EQUAL_REQUEST_WITHIN
    equal = Q(
        phone_index=phone, content_hash=appointment_request.content_hash, received_at__gte=since
    )
    found = AppointmentRequest.objects.filter(
        Q(attempt=appointment_request.attempt) | equal & ~Q(status__in=ENDED)
    )
    made = {each.attempt: each for each in found}
    before = made.get(appointment_request.attempt)
    if before is None and made and not again:
        raise SentBefore(next(iter(made.values())))
    if before and before.content_hash != appointment_request.content_hash:
        raise SentBefore(before)
    return before


def _store(appointment_request: AppointmentRequest, by: Actor) -> None:
    """Insert the request with all that goes with it; in the caller's transaction."""
    insert_with_indexes(appointment_request)
    StatusChange.objects.create(
        request=appointment_request,
        to_status=appointment_request.status,
        by=by.name if by.account else "",
    )
    write_mails(appointment_request)


def insert_with_indexes(appointment_request: AppointmentRequest) -> None:
    """Insert the request with what finds it, as its answers cannot be searched."""
    appointment_request.phone_index = phone_index(appointment_request.phone)
    appointment_request.phone_end_index = phone_end_index(appointment_request.phone)
    appointment_request.email_index = email_index(appointment_request.answer("email") or "")
    appointment_request.save(force_insert=True)
    names = (appointment_request.answer("patient_name"), appointment_request.answer("contact_name"))
    words = {word for name in names if name for word in name_indexes(name)}
    NameWord.objects.bulk_create(
        NameWord(request=appointment_request, index=word) for word in sorted(words)
    )
