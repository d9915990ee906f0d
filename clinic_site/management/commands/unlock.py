"""manage.py unlock: let passwords be tried again at once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clinic_site.access.limits import unlock
from clinic_site.access.record import KIND, AccountAction
from clinic_site.actor import SHELL, Actor
from clinic_site.audit.models import record


class Command(BaseCommand):
    """Lifts the limits of the sign-in."""

    help = "Lift the sign-in limits: of one name, or of all names and addresses."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="as it is typed at the sign-in")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        lifted = unlock(name)
        record(AccountAction.UNLOCKED, KIND, [name] if name else [], by=Actor(SHELL))
        self.stdout.write("Passwords can be tried again." if lifted else "No limit was in force.")
