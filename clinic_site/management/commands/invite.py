"""manage.py invite: print the link by which somebody sets up an account."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic_site.access import invitations
from clinic_site.access.models import (
    InvitationReason,
    User,
    refuse_shared_name,
    refuse_taken_name,
)
from clinic_site.access.roles import Role
from clinic_site.actor import SHELL, Actor


class Command(BaseCommand):
    """Invites to the first account, or to an account of a name and roles."""

    help = "Print an invitation, to be opened once within 24 hours, for an account nobody has used."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="of the account; made where needed")
        parser.add_argument("--role", action="append", choices=Role.values, help="once for each")
        parser.add_argument(
            "--first",
            action="store_true",
            help="the first account, with all roles; prints nothing once someone has signed in",
        )

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        if options["first"]:
            if token := invitations.invite_first():
                self.stdout.write(f"Staff:      open {invitations.link_of(token)}")
                self.stdout.write("            once, within 24 hours")
            return
        if not name:
            raise CommandError("Name the account, or say --first.")
        user = User.objects.filter(username=name).first()
        if user is None:
            try:
                User.username_validator(name)
                refuse_shared_name(name)
                refuse_taken_name(name)
            except ValidationError as error:
                raise CommandError(error.messages[0]) from None
            user = invitations.new_account(name, by=Actor(SHELL))
        elif user.last_login or not user.is_active:
            raise CommandError(
                f"{name} is closed, or has signed in before. To take the present password and "
                f"devices away and invite anew: reset_second_factor {name}"
            )
        if options["role"]:
            invitations.set_roles(user, options["role"], by=Actor(SHELL))
        token = invitations.invite(user=user, by=Actor(SHELL), reason=InvitationReason.NEW)
        self.stdout.write(invitations.link_of(token))
