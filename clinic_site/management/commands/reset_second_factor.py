"""manage.py reset_second_factor: the last resort for who lost every way in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic_site.access.invitations import link_of, reset_access
from clinic_site.access.models import InvitationReason, User
from clinic_site.actor import SHELL, Actor


class Command(BaseCommand):
    """Takes every way into an account away, and invites its person anew."""

    help = "Take an account's password, devices and codes away, and print an invitation to it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="of the account")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"No active account is named {name}.")
        token = reset_access(user=user, by=Actor(SHELL), reason=InvitationReason.SHELL)
        self.stdout.write(
            f"Whoever opens this link becomes {name}: make sure that it reaches nobody else."
        )
        self.stdout.write(link_of(token))
