"""What makes a request look like spam. Nothing here ever turns a patient away."""

import datetime as dt

from django.conf import settings

from appointments.choices import Origin, Suspicion
from appointments.models import AppointmentRequest
from clinic_site.counters import count_up


def suspicion_of(*, honeypot: bool, sender: str, now: dt.datetime) -> str:
    """Return why a request looks like spam, as a Suspicion; "" where nothing does.

    `sender` is the keyed hash of who sends it; "" where that is not known. To be called in the
    transaction that stores the request, so that only what is stored is counted.
    """
    sent = count_up(f"sent:{sender}") if sender else 0
    if honeypot:
        return Suspicion.HONEYPOT
    if sent > settings.REQUESTS_AN_HOUR_OF_ONE_SENDER:
        return Suspicion.SENDER
    # Of all, the rows are counted: one counter would have each patient wait for the one before.
    # The window ends now, so that a clock set back makes nobody a spammer. What is suspected
    # already does not count, or one sender could have everyone else suspected.
    lately = AppointmentRequest.objects.filter(
        received_at__range=(now - dt.timedelta(hours=1), now), origin=Origin.WEB, suspicion=""
    )
    limit = settings.REQUESTS_AN_HOUR
    return Suspicion.OVERALL if limit < 1 or lately[limit - 1 : limit].exists() else ""
