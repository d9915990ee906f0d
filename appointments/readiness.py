"""What the requests rely on: the worker, mail that goes out, the audit's triggers."""

import datetime as dt

from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.outbox import OutboxMessage, WorkerBeat
from appointments.waiting import count_overdue
from clinic_site.audit.triggers import triggers_missing
from clinic_site.clinic import read_clinic
from clinic_site.crypto.key_check import KeyState, key_state
from clinic_site.readiness import Finding, adds_check

# A worker says every few seconds that it is there; run by cron, each minute.
ALIVE = dt.timedelta(seconds=150)


@adds_check("worker")
def worker_is_alive() -> Finding:
    """A worker said so lately."""
    beat = WorkerBeat.objects.first()
    if beat is None:
        return Finding(False, "has never run")
    good = timezone.now() - beat.at < ALIVE
    return Finding(
        good, f"{'alive at' if good else 'silent since'} {beat.at:%Y-%m-%d %H:%M:%S} UTC"
    )


@adds_check("keys")
def keys_open_requests() -> Finding:
    """The keys are those that this database was written with."""
    state = key_state()
    return Finding(state is KeyState.RIGHT, state.value)


@adds_check("mail")
def mail_goes_out() -> Finding:
    """No mail was given up."""
    waiting, dead = OutboxMessage.objects.waiting().count(), OutboxMessage.objects.dead().count()
    return Finding(dead == 0, f"{waiting} waiting, {dead} given up")


@adds_check("audit")
def audit_is_guarded() -> Finding:
    """The database itself refuses to change audit rows."""
    missing = triggers_missing()
    if missing:
        return Finding(False, f"{', '.join(missing)} missing: run manage.py migrate")
    return Finding(True, "refuses changes")


@adds_check("requests")
def requests_waiting() -> Finding:
    """How many wait; nothing of the site is broken when they do."""
    waiting = AppointmentRequest.objects.waiting().count()
    overdue = count_overdue(read_clinic(), timezone.now())
    return Finding(True, f"{waiting} waiting, {overdue} for too long")
