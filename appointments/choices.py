"""The fixed answers of a request, and where it can stand."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """What a patient asks for."""

    APPOINTMENT = "appointment", _("An appointment")
    QUESTION = "question", _("An answer to a question")


class ContactBy(TextChoices):
    """How the clinic should answer."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("Email")


class PatientStatus(TextChoices):
    """Whether the patient is known to the clinic."""

    NEW = "new", _("No, this is the first time")
    RETURNING = "returning", _("Yes")
    UNSURE = "unsure", _("Not sure")


class VisitTime(TextChoices):
    """The part of the day that suits a visit."""

    ANY = "any", _("Any time")
    MORNING = "morning", _("Morning")
    AFTERNOON = "afternoon", _("Afternoon")


class VisitDay(TextChoices):
    """The days that suit a visit."""

    MON = "mon", _("Monday")
    TUE = "tue", _("Tuesday")
    WED = "wed", _("Wednesday")
    THU = "thu", _("Thursday")
    FRI = "fri", _("Friday")


class Status(TextChoices):
    """Where a request stands."""

    NEW = "new", _("new")
    CONTACTING = "contacting", _("contacting the patient")
    SCHEDULED = "scheduled", _("scheduled")
    CLOSED = "closed", _("closed")
    WITHDRAWN = "withdrawn", _("withdrawn")
    QUARANTINED = "quarantined", _("suspected spam")


# Nobody has dealt with these yet. Suspected spam counts: it may be a patient.
WAITING = (Status.NEW, Status.CONTACTING, Status.QUARANTINED)
# These end it; what is erased in time is one of them.
ENDED = (Status.CLOSED, Status.WITHDRAWN)


class CloseReason(TextChoices):
    """Why staff closed a request."""

    VISITED = "visited", _("the visit took place")
    ANSWERED = "answered", _("the question is answered")
    NOT_REACHED = "not_reached", _("the patient could not be reached")
    REFERRED = "referred", _("referred elsewhere")
    CANCELLED = "cancelled", _("canceled by the patient")
    NO_SHOW = "no_show", _("the patient did not come")
    DUPLICATE = "duplicate", _("asked for twice")
    MISTAKE = "mistake", _("entered by mistake")
    OTHER = "other", _("another reason, as noted")
    SPAM = "spam", _("spam")


# Who closes for one of these has heard from the patient, or answered.
ANSWERED = {
    *(CloseReason.VISITED, CloseReason.ANSWERED, CloseReason.REFERRED),
    *(CloseReason.CANCELLED, CloseReason.NO_SHOW),
}


class Origin(TextChoices):
    """How a request came in."""

    WEB = "web", _("the form")
    PHONE = "phone", _("a call, entered by staff")


class Suspicion(TextChoices):
    """What made a request look like spam."""

    HONEYPOT = "honeypot", _("a field that people do not see was filled in")
    SENDER = "sender", _("many requests from one sender")
    OVERALL = "overall", _("many requests at once")
