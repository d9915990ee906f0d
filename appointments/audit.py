"""What is done to a request and goes on record."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic_site.actor import Actor
from clinic_site.audit.models import adds_actions, record_once_an_hour

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
    record_once_an_hour(RequestAction.STATUS_SEEN, REQUEST, reference, by=by, detail=detail)
