"""What makes a request look like spam. Nothing here ever turns a patient away.

A sender is a keyed hash of an address (clinic_site.client_address); no address is kept.
"""

import datetime as dt

from django.conf import settings

from appointments.choices import Suspicion
from appointments.models import AppointmentRequest

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
    lately = AppointmentRequest.objects.filter(received_at__gte=now - WINDOW, origin="web")
    of_sender, in_all = settings.REQUESTS_AN_HOUR_OF_ONE_SENDER, settings.REQUESTS_AN_HOUR
    if sender and lately.filter(sender_index=sender)[:of_sender].count() >= of_sender:
        return Suspicion.SENDER
    if lately[:in_all].count() >= in_all:
        return Suspicion.OVERALL
    return ""
