"""What the front page tells when mail stands still."""

import datetime as dt

import pytest
from django.utils import timezone

from clinic_site.mail.models import MailHold, MailState, OutboxMessage, WorkerBeat
from clinic_site.todo import open_todo

pytestmark = pytest.mark.on_postgresql


def tasks() -> str:
    return " ".join(task.text for task in open_todo(bool))


@pytest.mark.django_db
def test_a_worker_that_does_not_run_is_a_task(settings) -> None:
    assert "No mail goes out: its worker does not run." in tasks()
    WorkerBeat.objects.create(pk=1, at=timezone.now())
    assert "No mail goes out" not in tasks()
    held = MailHold.objects.create()
    assert "No mail goes out since a restore: whoever runs this site releases it." in tasks()
    held.delete()

    # since long ago, or since before a clock was set back:
    for ago in (settings.WORKER_SILENT_AFTER, -dt.timedelta(days=1)):
        WorkerBeat.objects.update(at=timezone.now() - ago)
        assert "No mail goes out: its worker does not run." in tasks()


@pytest.mark.django_db
def test_mail_that_waits_is_a_task_until_it_is_sent(settings) -> None:
    mail = OutboxMessage.objects.create(kind="new_request", reference="VIS-2345-6789")
    assert "to be sent" not in tasks()

    OutboxMessage.objects.update(created_at=timezone.now() - dt.timedelta(minutes=11))

    assert "1 mail waits to be sent." in tasks()
    task = next(task for task in open_todo(bool) if "waits to be sent" in task.text)
    assert task.first
    assert task.address.endswith("?state__exact=waiting")
    mail.state, mail.sent_at = MailState.SENT, timezone.now()
    mail.save()
    assert "to be sent" not in tasks()
