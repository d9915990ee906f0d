"""What is done to requests."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from appointments.models import AppointmentRequest, Status
from appointments.references import digest


class AttemptUsed(Exception):
    """The attempt made a request already, with other content."""


def receive_request(
    *, attempt: uuid.UUID, fields: Mapping[str, Any], suspected: bool
) -> AppointmentRequest:
    """Store what a patient sent, once for each attempt, and return the request.

    `fields` are the cleaned values by model field. The same attempt with the same content
    returns the request it made before; with other content it raises AttemptUsed. A `suspected`
    one is quarantined: staff still see it. Raises DatabaseError where nothing was stored.
    """
    sent = digest(fields)
    for _try in range(3):
        found = AppointmentRequest.objects.filter(attempt=attempt).first()
        if found is not None:
            break
        try:
            with transaction.atomic():
                return AppointmentRequest.objects.create(
                    **fields,
                    attempt=attempt,
                    digest=sent,
                    status=Status.QUARANTINED if suspected else Status.NEW,
                )
        except IntegrityError as error:
            # Either another process stored this attempt meanwhile, which the next look finds,
            # or the reference was drawn before: then a new one is drawn.
            fault = error
    else:
        raise fault
    if found.digest != sent:
        raise AttemptUsed
    return found
