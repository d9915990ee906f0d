"""What requests and mail need from staff, for the list on the admin's front page."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import AppointmentRequest
from appointments.outbox import MailState, OutboxMessage, who_wants
from clinic_site.crypto.key_check import KeyState, key_state
from clinic_site.models import Clinic
from clinic_site.tasks import Task, adds_tasks


@adds_tasks
def key_tasks() -> Iterable[Task]:
    """One task, before all others, while a key is wrong and requests are shut."""
    state = key_state()
    if state is not KeyState.RIGHT:
        shut = _("Requests can neither be sent nor read.")
        address = reverse("admin:appointments_appointmentrequest_changelist")
        yield Task(f"{shut} {state}", address, first=True)


@adds_tasks
def waiting_tasks() -> Iterable[Task]:
    """What waits in the queue."""
    count = AppointmentRequest.objects.waiting().count()
    queue = reverse("admin:appointments_appointmentrequest_changelist")
    if count:
        text = ngettext("%d request waits.", "%d requests wait.", count) % count
        yield Task(text, queue, first=True)
    wishes = AppointmentRequest.objects.to_settle().count()
    if wishes:
        text = ngettext(
            "%d patient asks for a change, or withdrew.",
            "%d patients ask for a change, or withdrew.",
            wishes,
        )
        yield Task(text % wishes, f"{queue}?to_do=settle", first=True)
    over = AppointmentRequest.objects.visits_over(timezone.now()).count()
    if over:
        text = ngettext("%d visit is over: close it.", "%d visits are over: close them.", over)
        yield Task(text % over, f"{queue}?to_do=over")


@adds_tasks
def mail_tasks() -> Iterable[Task]:
    """Mail that did not go out, and mail that nobody asked for."""
    dead = OutboxMessage.objects.dead().count()
    if dead:
        text = ngettext("%d mail could not be sent.", "%d mails could not be sent.", dead) % dead
        address = reverse("admin:appointments_outboxmessage_changelist")
        yield Task(text, f"{address}?state__exact={MailState.DEAD}", first=True)
    if not who_wants("new_requests"):
        yield Task(
            _("Choose who gets a mail about new requests: nobody does."),
            reverse("admin:appointments_mailchoice_changelist"),
        )


@adds_tasks
def erasing_tasks() -> Iterable[Task]:
    """A decision that only the clinic can take."""
    clinic = Clinic.objects.first()
    if clinic is not None and clinic.keep_requests_days is None:
        yield Task(
            _("Decide how long requests are kept."),
            reverse("admin:clinic_site_clinic_change", args=[clinic.pk]),
        )
