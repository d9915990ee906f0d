"""The models of requests, where Django looks for them."""

from appointments.models.history import Note, Presence, StatusChange
from appointments.models.request import AppointmentRequest, NameWord

__all__ = ["AppointmentRequest", "NameWord", "Note", "Presence", "StatusChange"]
