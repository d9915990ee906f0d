"""What makes a request look like spam. Nothing here ever turns a patient away.

A sender is a keyed hash of an address (clinic_site.client_address); no address is kept.
"""

import datetime as dt

from django.conf import settings

from appointments.choices import Origin, Suspicion
from appointments.models import AppointmentRequest

YOUNGEST = dt.timedelta(seconds=3)  # a person needs longer than this for three answers
WINDOW = dt.timedelta(hours=1)
LOOK_BACK = 10  # times as many requests as are taken in an hour


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
    # The newest ones are enough: a flood makes no answer slow. What is suspected already does not
    # count for all, or one sender could have everyone else suspected.
    lately = AppointmentRequest.objects.filter(received_at__gte=now - WINDOW, origin=Origin.WEB)
    newest = lately.order_by("-received_at").values_list("sender_index", "suspicion")
    rows = list(newest[: LOOK_BACK * settings.REQUESTS_AN_HOUR])
    of_sender = sum(each == sender for each, _suspicion in rows)
    if sender and of_sender >= settings.REQUESTS_AN_HOUR_OF_ONE_SENDER:
        return Suspicion.SENDER
    unsuspected = sum(not suspicion for _sender, suspicion in rows)
    return Suspicion.OVERALL if unsuspected >= settings.REQUESTS_AN_HOUR else ""
