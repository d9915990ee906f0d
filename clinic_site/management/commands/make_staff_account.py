"""manage.py make_staff_account: the first account of the admin, for a new installation."""

import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

NAME = "staff"


class Command(BaseCommand):
    """Makes the account once; its password is shown until it has been used to sign in."""

    help = (
        "Make the first staff account and print its password, until someone has signed in with it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the account, or give it a new password where nobody has signed in yet."""
        user = User.objects.filter(username=NAME).first()
        if user is None and User.objects.exists():
            return  # the clinic has accounts of its own
        if user is not None and user.last_login is not None:
            self.stdout.write(
                f"Staff:      sign in as {NAME!r} (its password was printed at the first start)"
            )
            return
        if user is None:
            user = User(username=NAME, is_staff=True, is_superuser=True)
        password = "-".join(secrets.token_hex(2) for _ in range(5))
        user.set_password(password)
        user.save()
        self.stdout.write(
            f"Staff:      sign in as {NAME!r} with the one-time password {password}\n"
            "            then choose your own: /admin/password_change/"
        )
