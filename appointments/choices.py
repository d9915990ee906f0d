"""The fixed answers of the form, how a request came in, and what made it look like spam."""

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


class Origin(TextChoices):
    """How a request came in."""

    WEB = "web", _("the form")
    PHONE = "phone", _("a call, entered by staff")


class Suspicion(TextChoices):
    """What made a request look like spam."""

    HONEYPOT = "honeypot", _("a field that people do not see was filled in")
    SENDER = "sender", _("many requests from one sender")
    OVERALL = "overall", _("many requests at once")
