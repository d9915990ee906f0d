"""Who of staff has a request open."""

from django.db import models

from clinic_site import presence


class Presence(presence.Presence):
    """That a member of staff has a request open."""

    thing = models.ForeignKey(
        "appointments.AppointmentRequest", models.CASCADE, related_name="presences"
    )
