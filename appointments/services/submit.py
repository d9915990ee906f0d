"""How a request comes in: once for each attempt, with all that goes with it or not at all."""

import uuid

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from appointments.answers import Answers, content_hash
from appointments.audit import REQUEST, RequestAction
from appointments.choices import Origin
from appointments.mails import write_mails
from appointments.models import AppointmentRequest, NameWord, StatusChange
from appointments.services.search import (
    email_index,
    name_index,
    phone_end_index,
    phone_index,
    stored_words,
)
from appointments.services.spam import suspicion_of
from appointments.states import ENDED, Status
from clinic_site.actor import Actor
from clinic_site.audit.models import record


class SentBefore(Exception):
    """Nothing was stored: there is an `appointment_request` already, and its sender is asked."""

    def __init__(self, appointment_request: AppointmentRequest) -> None:
        self.appointment_request = appointment_request


def receive_request(
    *,
    attempt: uuid.UUID,
    answers: Answers,
    by: Actor,
    origin: Origin = Origin.WEB,
    honeypot: bool = False,
    again: bool = False,
) -> AppointmentRequest:
    """Store what a patient sent, or staff took by phone, and return the request.

    The same attempt with the same content returns the request it made before. Raises SentBefore
    where the attempt was used for other content; and, where a patient is to be asked, if its
    request has ended, or, unless they said to send it `again`, if their phone sent equal content
    lately in a request that has not ended. One of theirs that looks like spam is quarantined: staff
    still see it. Raises DatabaseError where nothing was stored.
    """
    by_staff = origin == Origin.PHONE
    sent = content_hash(answers)
    for _try in range(3):
        new = AppointmentRequest(answers=answers, attempt=attempt, content_hash=sent, origin=origin)
        try:
            with transaction.atomic():
                received = _before(new, again=again or by_staff)
                if received is None:
                    received = new
                    _store(new, by, honeypot=honeypot)
            break
        except IntegrityError as error:
            # Just now the attempt was used with another phone, or the reference that was drawn.
            fault = error
    else:
        raise fault
    if received.state.has_ended and not by_staff:
        raise SentBefore(received)
    return received


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


def _store(new: AppointmentRequest, by: Actor, *, honeypot: bool) -> None:
    """Insert the request with all that goes with it; in the caller's transaction."""
    action = RequestAction.RECEIVED
    if new.origin == Origin.PHONE:
        action = RequestAction.ENTERED
        new.first_answer_at = new.received_at  # somebody spoke with them
    elif suspicion := suspicion_of(honeypot=honeypot, sender=by.source, now=new.received_at):
        new.suspicion, new.status = suspicion, Status.QUARANTINED
    insert_with_indexes(new)
    StatusChange.objects.create(request=new, to_status=new.status, by=by.name if by.account else "")
    write_mails(new)
    record(action, REQUEST, [new.reference], by=by)


def insert_with_indexes(appointment_request: AppointmentRequest) -> None:
    """Insert the request with what finds it, as its answers cannot be searched."""
    answer, phone = appointment_request.answer, appointment_request.phone
    appointment_request.phone_index = phone_index(phone)
    appointment_request.phone_end_index = phone_end_index(phone)
    appointment_request.email_index = email_index(answer("email") or "")
    appointment_request.save(force_insert=True)
    names = [answer("patient_name") or "", answer("contact_name") or ""]
    indexes = {name_index(word) for name in names for word in stored_words(name)}
    # In the order of the indexes: that of the words would tell of each which comes before which.
    NameWord.objects.bulk_create(
        NameWord(request=appointment_request, index=index) for index in sorted(indexes)
    )
