"""Staff in the stories: accounts with roles, signed in without a password."""

import base64
import json
import time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import TOTP

from clinic_site.access.models import TotpDevice, User
from clinic_site.actor import Actor

SECRET = "NQ3GK3TEMVZCA43UOJUW4ZZAMZXXEIDF"  # of each app in the stories
PASSWORD = "correct horse battery"


def make_account(name: str, *roles: str, **values: Any) -> User:
    """An account with these roles, or the one of that name; no password opens it."""
    user = User.objects.filter(username=name).first()
    user = user or User.objects.create_user(name, **{"is_staff": True, **values})
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def by(user: User) -> Actor:
    """This account, as it does something."""
    return Actor(user.username, user)


def make_signer(user: User, name: str = "Dr. Jane Doe") -> Actor:
    """This account, which signs by this name: a manager confirmed it."""
    user.first_name = user.confirmed_name = name
    user.name_confirmed_by = make_account("who confirmed", "manager", is_active=False)
    user.save()
    return by(user)


def app_of(user: User) -> TotpDevice:
    """An app that shows codes for this account."""
    device, _made = TotpDevice.objects.get_or_create(user=user, defaults={"secret": SECRET})
    return device


def code_now(secret: str = SECRET) -> str:
    """The code that an app shows now."""
    return f"{TOTP(base64.b32decode(secret)).token():06}"


def with_password(name: str, *roles: str, **values: Any) -> User:
    """An account with these roles, and PASSWORD."""
    user = make_account(name, *roles, **values)
    user.set_password(PASSWORD)
    user.save()
    return user


def signed_in(user: User) -> Client:
    """A browser in which this account is signed in, with its app."""
    client = Client(SERVER_NAME="localhost", REMOTE_ADDR="192.0.2.7")
    client.force_login(user)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = app_of(user).persistent_id
    for name in ("signed_in_at", "seen_at", "proved_at"):
        session[name] = int(time.time())
    session.save()
    return client


def sign_in_as(*roles: str, name: str = "") -> Client:
    """A browser in which somebody with these roles, and no others, is signed in."""
    return signed_in(make_account(name or "-".join(roles) or "nobody", *roles))


def cookie_of(name: str, *roles: str) -> str:
    """The cookie of such a browser, as JSON, for one that asks the running site."""
    client = sign_in_as(*roles, name=name)
    cookie = settings.SESSION_COOKIE_NAME
    return json.dumps({"name": cookie, "value": client.cookies[cookie].value})
