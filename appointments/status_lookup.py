"""Finding a request by what its patient knows of it: its reference and the phone number given.

Whatever is wrong, the answer and the work are the same, so that nobody learns which references
there are. Tries that come at the same moment can pass the limit together, once an hour and by no
more than the database has connections.
"""

import hmac

from django.conf import settings

from appointments.audit import REQUEST, record_seen
from appointments.blind_index import phone_index
from appointments.models import AppointmentRequest
from clinic_site.actor import Actor
from clinic_site.audit.record import record_refused
from clinic_site.counters import count_of, count_up


def find_request(*, reference: str, phone: str, by: Actor) -> AppointmentRequest | None:
    """Return the request of this reference, if `phone` (in E.164) is the number it was sent with.

    None where there is none, the number is another, or too many tries of this sender, or for this
    reference, were wrong in an hour. Raises DatabaseError.
    """
    counted = [f"wrong pair:{reference}", *([f"wrong pair:{by.source}"] if by.source else [])]
    too_many = count_of(*counted) >= settings.WRONG_PAIRS_AN_HOUR
    found = (
        AppointmentRequest.objects.filter(reference=reference)
        .only("reference", "attempt", "phone_index")
        .first()
    )
    right = hmac.compare_digest(found.phone_index if found else "", phone_index(phone))
    if right and not too_many:
        record_seen(reference, by=by, detail="by reference and phone")
        return found
    for key in counted:
        count_up(key)
    detail = "after too many tries" if too_many else "wrong pair"
    record_refused(REQUEST, [reference], by=by, detail=detail)
    return None
