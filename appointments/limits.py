"""What makes a request look like spam. Nothing here ever turns a patient away.

A sender is a keyed hash of an address (clinic_site.client_address); no address is kept.
"""

import datetime as dt

from django.conf import settings

from appointments.choices import Origin, Suspicion
from appointments.models import AppointmentRequest, AppointmentRequestQuerySet

YOUNGEST = dt.timedelta(seconds=3)  # a person needs longer than this for three answers
WINDOW = dt.timedelta(hours=1)


def suspicion_of(
    *, honeypot: bool, attempt_age: dt.timedelta, sender: str, now: dt.datetime
) -> str:
    """Return why a request looks like spam, as a Suspicion; "" where nothing does.

    `sender` is the keyed hash of who sends it; `attempt_age` how long ago the form was opened.
    """
    if honeypot:
        return Suspicion.HONEYPOT
    if attempt_age < YOUNGEST:
        return Suspicion.TOO_FAST
    lately = AppointmentRequest.objects.filter(received_at__gte=now - WINDOW, origin=Origin.WEB)
    of_sender = lately.filter(sender_index=sender)
    if sender and _are_as_many(of_sender, settings.REQUESTS_AN_HOUR_OF_ONE_SENDER):
        return Suspicion.SENDER
    # What is suspected already does not count, or one sender could have everyone else suspected.
    unsuspected = lately.filter(suspicion="")
    return Suspicion.OVERALL if _are_as_many(unsuspected, settings.REQUESTS_AN_HOUR) else ""


def _are_as_many(requests: AppointmentRequestQuerySet, limit: int) -> bool:
    """Whether there are `limit` of them or more; looks no further than that."""
    return limit < 1 or requests[limit - 1 : limit].exists()
