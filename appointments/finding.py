"""Finding requests by what staff know, through blind indexes; nothing of it gets into a URL."""

import datetime as dt
import re

from django.db.models import Q

from appointments.blind_index import (
    asked_name_indexes,
    email_index,
    phone_end_index,
    phone_index,
)
from appointments.models import AppointmentRequest, AppointmentRequestQuerySet
from appointments.references import typed_reference
from clinic_site.people import visible
from clinic_site.phones import find_phone

NEAR = dt.timedelta(hours=48)
MOST_WORDS = 8  # of a name; each is a join
MOST = 50  # requests shown; who finds more knows too little


def find(what: str) -> AppointmentRequestQuerySet:
    """Return the requests that a text names, in the queue's order.

    A reference, an email address, a phone number or the last four digits of one, or words of a
    name (all of them must be there).
    """
    everything = AppointmentRequest.objects.in_order()
    what = visible(what).strip()
    reference = typed_reference(what)
    if reference and AppointmentRequest.objects.filter(reference=reference).exists():
        return everything.filter(reference=reference)
    if "@" in what:
        return everything.filter(email_index=email_index(what))
    if re.fullmatch("[0-9]{4}", what):
        return everything.filter(phone_end_index=phone_end_index(what))
    if phone := find_phone(what):
        return everything.filter(phone_index=phone_index(phone.number))
    indexes = asked_name_indexes(what)[:MOST_WORDS]
    found = everything if indexes else everything.none()
    for index in indexes:
        found = found.filter(name_words__index=index)
    return found


def likely_duplicates(request: AppointmentRequest) -> list[AppointmentRequest]:
    """Return other requests with the same phone or email within 48 hours of this one."""
    near = (request.received_at - NEAR, request.received_at + NEAR)
    same = Q(phone_index=request.phone_index) & ~Q(phone_index="")
    same |= Q(email_index=request.email_index) & ~Q(email_index="")
    others = AppointmentRequest.objects.filter(same, received_at__range=near)
    return list(others.exclude(pk=request.pk).order_by("-received_at")[:10])
