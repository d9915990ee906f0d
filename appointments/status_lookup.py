"""Finding a request by what its patient knows of it: its reference and the phone number given.

Whatever is wrong, the answer and the work are the same, so that nobody learns which references
there are. Wrong tries are audit rows. Tries that come at the same moment can pass the limit
together, once an hour and by no more than the database has connections.
"""

import datetime as dt
import hmac

from django.http import HttpRequest
from django.utils import timezone

from appointments.audit import PATIENT, Action, AuditEvent, record
from appointments.blind_index import phone_index
from appointments.models import AppointmentRequest
from clinic_site.client_address import hashed_address

MOST_WRONG_TRIES = 10  # of one sender, and for one reference
WINDOW = dt.timedelta(hours=1)

WRONG_PAIR = "wrong pair"
TOO_MANY = "after too many tries"  # not counted, so that an hour's wait is always enough
RIGHT_PAIR = "by reference and phone"


def find_request(*, reference: str, phone: str, by: HttpRequest) -> AppointmentRequest | None:
    """Return the request of this reference, if `phone` (in E.164) is the number it was sent with.

    None where there is none, the number is another, or too many tries were wrong in the last
    hour. Each try is on record. Raises DatabaseError.
    """
    wrong = AuditEvent.objects.order_by().filter(
        action=Action.REFUSED,
        actor=PATIENT,
        detail=WRONG_PAIR,
        at__gte=timezone.now() - WINDOW,
    )
    sender = hashed_address(by)
    of_sender = wrong.filter(source=sender) if sender else wrong.none()
    wrong_tries = max(
        same[:MOST_WRONG_TRIES].count() for same in (of_sender, wrong.filter(references=reference))
    )
    found = (
        AppointmentRequest.objects.filter(reference=reference)
        .only("reference", "attempt", "phone_index")
        .first()
    )
    right = hmac.compare_digest(found.phone_index if found else "", phone_index(phone))
    if wrong_tries >= MOST_WRONG_TRIES:
        record(Action.REFUSED, [reference], by=by, detail=TOO_MANY)
        return None
    if not right:
        record(Action.REFUSED, [reference], by=by, detail=WRONG_PAIR)
        return None
    record(Action.STATUS_SEEN, [reference], by=by, detail=RIGHT_PAIR)
    return found
