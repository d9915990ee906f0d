"""What makes a request look like spam. Nothing here ever turns a patient away.

A sender is a keyed hash of an address (clinic_site.client_address); no address is kept.
"""

import datetime as dt

from django.conf import settings

from appointments.choices import Origin, Suspicion
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
    # The newest ones tell of both limits: a sender who is not among them is one of too many.
    lately = AppointmentRequest.objects.filter(received_at__gte=now - WINDOW, origin=Origin.WEB)
    newest = lately.order_by("-received_at").values_list("sender_index", flat=True)
    senders = list(newest[: settings.REQUESTS_AN_HOUR])
    if sender and senders.count(sender) >= settings.REQUESTS_AN_HOUR_OF_ONE_SENDER:
        return Suspicion.SENDER
    return Suspicion.OVERALL if len(senders) >= settings.REQUESTS_AN_HOUR else ""
