"""Finding requests by what staff or a patient know, through blind indexes.

Nothing of it gets into a URL.
"""

import datetime as dt
import hmac
import re

from django.conf import settings
from django.db.models import Q

from appointments.audit import REQUEST, record_seen
from appointments.models import AppointmentRequest
from appointments.models.request import AppointmentRequestQuerySet
from appointments.references import typed_reference
from appointments.services.blind_index import (
    asked_name_indexes,
    email_index,
    phone_end_index,
    phone_index,
)
from appointments.states import ENDED
from clinic_site.actor import Actor
from clinic_site.audit.record import record_refused
from clinic_site.counters import count_of, count_up
from clinic_site.phones import find_phone
from clinic_site.text import visible


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
    indexes = asked_name_indexes(what)[: settings.FOUND_BY_WORDS]
    found = everything if indexes else everything.none()
    for index in indexes:
        found = found.filter(name_words__index=index)
    return found


def likely_duplicates(appointment_request: AppointmentRequest) -> list[AppointmentRequest]:
    """Return other requests with the same phone or email about the time of this one."""
    at, within = appointment_request.received_at, settings.LIKELY_DUPLICATE_WITHIN
    same = Q(phone_index=appointment_request.phone_index) & ~Q(phone_index="")
    same |= Q(email_index=appointment_request.email_index) & ~Q(email_index="")
    others = AppointmentRequest.objects.filter(same, received_at__range=(at - within, at + within))
    others = others.exclude(pk=appointment_request.pk).order_by("-received_at")
    return list(others[: settings.LIKELY_DUPLICATES_SHOWN])


def of_this_phone(text: str, now: dt.datetime) -> list[AppointmentRequest] | None:
    """Return the requests of a phone number, or of one that ends in four digits, the latest first.

    Those that have not ended, and those of the last days. None where the text is no number yet.
    """
    phone = find_phone(text)
    if phone:
        same = Q(phone_index=phone_index(phone.number))
    elif re.fullmatch(r"\s*[0-9]{4}\s*", text, re.ASCII):
        same = Q(phone_end_index=phone_end_index(text.strip()))
    else:
        return None
    current = ~Q(status__in=ENDED) | Q(received_at__gte=now - settings.CALLED_BEFORE_WITHIN)
    found = AppointmentRequest.objects.filter(same, current).order_by("-received_at")
    return list(found[: settings.LIKELY_DUPLICATES_SHOWN])


def find_request(
    *, reference: str, phone: str, by: Actor, detail: str = "by reference and phone"
) -> AppointmentRequest | None:
    """Return the request of this reference, if `phone` (in E.164) is the number it was sent with.

    None where there is none, the number is another, or too many tries of this sender, or for this
    reference, were wrong in an hour. Whatever is wrong, the answer and the work are the same, so
    that nobody learns which references there are. Tries that come at the same moment can pass the
    limit together, once an hour and by no more than the database has connections. `detail` goes on
    record. Raises DatabaseError.
    """
    counted = [f"wrong pair:{reference}", *([f"wrong pair:{by.source}"] if by.source else [])]
    too_many = count_of(*counted) >= settings.WRONG_PAIRS_AN_HOUR
    appointment_request = (
        AppointmentRequest.objects.filter(reference=reference)
        .only("reference", "attempt", "phone_index")
        .first()
    )
    right = hmac.compare_digest(
        appointment_request.phone_index if appointment_request else "", phone_index(phone)
    )
    if right and not too_many:
        record_seen(reference, by=by, detail=detail)
        return appointment_request
    for key in counted:
        count_up(key)
    detail = "after too many tries" if too_many else "wrong pair"
    record_refused(REQUEST, [reference], by=by, detail=detail)
    return None
