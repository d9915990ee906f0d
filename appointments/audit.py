"""What is done to a request and goes on record."""

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from clinic_site.actor import Actor
from clinic_site.audit.models import adds_actions, record
from clinic_site.counters import count_up

REQUEST = "request"  # the kind of thing that a reference names


@adds_actions
class RequestAction(models.TextChoices):
    """What can be done to a request, beside what can be done to anything."""

    RECEIVED = "received", _("received")
    ENTERED = "entered", _("entered by staff")
    SEARCHED = "searched", _("searched")
    NOTED = "noted", _("noted")
    STATUS_SEEN = "status_seen", _("status seen by the patient")
    PURGED = "purged", _("erased")


def record_seen(reference: str, *, by: Actor, detail: str = "") -> None:
    """Note that a patient saw a page of theirs, once an hour."""
    action = RequestAction.STATUS_SEEN
    with transaction.atomic():  # else what could not be put on record would count as if it were
        if count_up(f"{action}:{reference}:{detail}") == 1:
            record(action, REQUEST, [reference], by=by, detail=detail)
