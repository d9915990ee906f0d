"""How a request comes in: once for each attempt, with all that goes with it or not at all."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from appointments.audit import REQUEST, RequestAction
from appointments.blind_index import email_index, name_indexes, phone_index
from appointments.choices import Origin, Status
from appointments.journal import StatusChange
from appointments.limits import suspicion_of
from appointments.mails import write_mails
from appointments.models import AppointmentRequest, NameWord
from appointments.references import digest
from clinic_site.actor import Actor
from clinic_site.audit.record import record


class AttemptUsed(Exception):
    """The attempt made a request already, with other content."""


def receive_request(
    *,
    attempt: uuid.UUID,
    fields: Mapping[str, Any],
    honeypot: bool,
    by: Actor,
) -> AppointmentRequest:
    """Store what a patient sent, once for each attempt, and return the request.

    `fields` are the cleaned values by model field. The same attempt with the same content
    returns the request it made before; with other content it raises AttemptUsed. One that looks
    like spam is quarantined: staff still see it. Raises DatabaseError where nothing was stored.
    """

    def store(request: AppointmentRequest) -> None:
        request.suspicion = suspicion_of(
            honeypot=honeypot, sender=by.source, now=request.received_at
        )
        if request.suspicion:
            request.status = Status.QUARANTINED
        _store(request)
        record(RequestAction.RECEIVED, REQUEST, [request.reference], by=by)

    return _once(attempt, fields, store)


def enter_request(
    *, attempt: uuid.UUID, fields: Mapping[str, Any], by: Actor
) -> AppointmentRequest:
    """Store a request that staff took by phone, once for each attempt, and return it.

    Raises AttemptUsed and DatabaseError, as `receive_request` does.
    """

    def store(request: AppointmentRequest) -> None:
        request.origin = Origin.PHONE
        request.first_answer_at = request.received_at  # somebody spoke with them
        _store(request)
        record(RequestAction.ENTERED, REQUEST, [request.reference], by=by)

    return _once(attempt, fields, store)


def _once(
    attempt: uuid.UUID, fields: Mapping[str, Any], store: Callable[[AppointmentRequest], None]
) -> AppointmentRequest:
    """Return the request of this attempt; `store` is given it to be stored where there is none."""
    sent = digest(fields)
    for _try in range(3):
        request = AppointmentRequest(**fields, attempt=attempt, digest=sent)
        try:
            with transaction.atomic():
                store(request)
            return request
        except IntegrityError as error:
            fault = error
        made_before = AppointmentRequest.objects.filter(attempt=attempt).first()
        if made_before is None:
            continue  # it was the reference that is drawn already: draw another
        if made_before.digest != sent:
            raise AttemptUsed
        return made_before
    raise fault


def _store(request: AppointmentRequest) -> None:
    """Insert the request with all that goes with it; in the caller's transaction."""
    request.phone_index = phone_index(request.phone)
    request.email_index = email_index(request.email) if request.email else ""
    request.save(force_insert=True)
    words = {*name_indexes(request.patient_name), *name_indexes(request.contact_name)}
    NameWord.objects.bulk_create(NameWord(request=request, index=word) for word in sorted(words))
    StatusChange.objects.create(request=request, to_status=request.status)
    write_mails(request)
