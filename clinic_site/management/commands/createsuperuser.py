"""manage.py createsuperuser: Django's own, on record, with an invitation to set up the account."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.exceptions import ValidationError

from clinic_site.access.invitations import invite, link_of
from clinic_site.access.models import InvitationReason, User, refuse_shared_name, refuse_taken_name
from clinic_site.access.record import AccountAction, record_of
from clinic_site.actor import SHELL, Actor


class Command(createsuperuser.Command):
    """Makes a superuser, who looks after the site and opens no request."""

    def handle(self, *args: Any, **options: Any) -> None:
        before = set(User.objects.values_list("pk", flat=True))
        super().handle(*args, **options)
        for user in User.objects.exclude(pk__in=before).filter(is_superuser=True):
            record_of(user, AccountAction.SUPERUSER_MADE, by=Actor(SHELL))
            token = invite(user=user, by=Actor(SHELL), reason=InvitationReason.SHELL)
            self.stdout.write(f"To set up the second factor, open {link_of(token)}")

    def _validate_username(self, username: str, *args: Any) -> str | None:
        try:
            refuse_shared_name(username)
            refuse_taken_name(username)
        except ValidationError as error:
            return str(error.messages[0])
        return super()._validate_username(username, *args)  # type: ignore[misc]
