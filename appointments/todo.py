"""What requests and mail need from staff, for the list on the admin's front page."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.mails import MAY_SEE_REQUESTS, NEW_REQUEST
from appointments.models import AppointmentRequest
from appointments.services.queue import counts
from clinic_site.crypto.key_check import KeyState, key_state
from clinic_site.mail.models import who_gets
from clinic_site.models import Clinic
from clinic_site.todo import Line, May, adds_shortcuts, adds_todo


@adds_todo(MAY_SEE_REQUESTS, "clinic_site.change_clinic")
def key_todo(may: May) -> Iterable[Line]:
    """While a key is wrong and requests are shut, before all else."""
    state = key_state()
    if state is not KeyState.RIGHT:
        queue = reverse("admin:appointments_appointmentrequest_changelist")
        text = f"{_('Requests can neither be sent nor read.')} {state.label}"
        yield Line(text, queue if may(MAY_SEE_REQUESTS) else "", first=True)


@adds_todo(MAY_SEE_REQUESTS)
def waiting_todo(may: May) -> Iterable[Line]:
    """What waits in the queue."""
    now, queue = timezone.now(), reverse("admin:appointments_appointmentrequest_changelist")
    found = counts(AnonymousUser(), now)  # lists that are the same for everybody
    if count := found["waiting"]:
        text = ngettext("%d request waits.", "%d requests wait.", count) % count
        yield Line(text, f"{queue}?tab=waiting", first=True)
    if suspected := found["spam"]:
        text = ngettext(
            "%d request looks like spam, and may be a patient.",
            "%d requests look like spam, and may be patients.",
            suspected,
        )
        yield Line(text % suspected, f"{queue}?tab=spam", first=True)
    if changes := found["changes"]:
        text = ngettext(
            "%d patient asks for a change, or canceled.",
            "%d patients ask for a change, or canceled.",
            changes,
        )
        yield Line(text % changes, f"{queue}?tab=changes", first=True)
    if over := AppointmentRequest.objects.visits_over(now).count():
        text = ngettext("%d visit is over: close it.", "%d visits are over: close them.", over)
        yield Line(text % over, f"{queue}?tab=visits")


@adds_todo("clinic_site.change_mailchoice")
def mail_todo(may: May) -> Iterable[Line]:
    """Mail about requests that nobody asked for."""
    if not who_gets(NEW_REQUEST):
        yield Line(
            _("Choose who gets a mail about new requests: nobody does."),
            reverse("admin:clinic_site_mailchoice_changelist"),
        )


@adds_todo("clinic_site.change_clinic")
def purge_todo(may: May) -> Iterable[Line]:
    """A decision that only the clinic can take."""
    clinic = Clinic.objects.first()
    if clinic and clinic.keep_requests_days is None:
        yield Line(
            _("Decide how long requests are kept."),
            reverse("admin:clinic_site_clinic_change", args=[clinic.pk]),
        )


@adds_shortcuts(MAY_SEE_REQUESTS)
def visits_shortcut(may: May) -> Iterable[Line]:
    """Today's visits."""
    yield Line(_("Today’s visits"), reverse("admin:appointments_appointmentrequest_visits"))


@adds_shortcuts("appointments.count_appointmentrequest")
def report_shortcut(may: May) -> Iterable[Line]:
    """How many requests wait, and for how long."""
    yield Line(_("How requests wait"), reverse("admin:appointments_appointmentrequest_report"))
