"""manage.py changepassword: Django's own, on record."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword

from clinic_site.access.models import User
from clinic_site.access.record import AccountAction, record_of
from clinic_site.actor import SHELL, Actor


class Command(changepassword.Command):
    """Changes a password, which ends the sessions of the account; its second factor stays."""

    def handle(self, *args: Any, **options: Any) -> Any:
        options["username"] = options["username"] or getpass.getuser()  # as Django does
        said = super().handle(*args, **options)
        user = User.objects.get_by_natural_key(options["username"])
        record_of(user, AccountAction.PASSWORD_CHANGED, by=Actor(SHELL))
        return said
