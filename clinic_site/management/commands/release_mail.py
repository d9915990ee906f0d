"""manage.py release_mail: let mail go out again that a restore holds back."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from clinic_site.actor import SHELL, Actor
from clinic_site.audit.models import Action, record
from clinic_site.mail.models import MailHold, OutboxMessage


class Command(BaseCommand):
    """Each mail that waits has its whole time from now."""

    help = "Let mail go out again that a restore holds back."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            if not MailHold.objects.all().delete()[0]:
                self.stdout.write("No mail is held back.")
                return
            said = f"{OutboxMessage.objects.waiting().try_again()} mails released"
            record(Action.CHANGED, "mail", by=Actor(SHELL), detail=said)
        self.stdout.write(f"{said}.")
