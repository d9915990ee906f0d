"""Who of staff has a request open."""

from django.utils.translation import gettext as _

from appointments.models import AppointmentRequest, Presence
from clinic_site.access.models import User


def note_presence(appointment_request: AppointmentRequest, person: User) -> str:
    """Note that somebody has a request open; say who else has, in words, or "".

    Raises IntegrityError where it is purged meanwhile.
    """
    Presence.objects.note(appointment_request, person)
    others = Presence.objects.now().filter(thing=appointment_request).exclude(person=person)
    found = list(others.order_by("person__username").values_list("person__username", flat=True))
    if not found:
        return ""
    if len(found) == 1:
        return _("%s has it open too.") % found[0]
    return _("%s have it open too.") % ", ".join(found)
