"""manage.py make_staff_account: the first account of the admin, for a new installation."""

import os
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand

from clinic_site.access.models import User

NAME = "staff"


class Command(BaseCommand):
    """Makes the account once; its password is shown until it has been changed."""

    help = "Make the first staff account, and print its one-time password until it is changed."

    def handle(self, *args: Any, **options: Any) -> None:
        kept = settings.VAR / "one-time-password"
        if not User.objects.exists():
            password = "-".join(secrets.token_hex(2) for _ in range(5))
            first = User.objects.create_user(NAME, password=password, is_staff=True)
            first.groups.set(Group.objects.all())
            kept.unlink(missing_ok=True)
            with open(kept, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(password)
        if not kept.exists():
            return
        password = kept.read_text()
        user = User.objects.filter(username=NAME).first()
        if user is None or not user.check_password(password):
            kept.unlink()  # its person has chosen another
            return
        self.stdout.write(
            f"Staff:      sign in as {NAME!r} with the one-time password {password}\n"
            "            then choose your own: /admin/password_change/"
        )
