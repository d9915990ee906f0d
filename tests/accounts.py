"""Staff in the stories: accounts with roles, signed in without a password."""

import json
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client

from clinic_site.access.models import User
from clinic_site.actor import Actor


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


def signed_in(user: User) -> Client:
    """A browser in which this account is signed in."""
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(user)
    return client


def sign_in_as(*roles: str, name: str = "") -> Client:
    """A browser in which somebody with these roles, and no others, is signed in."""
    return signed_in(make_account(name or "-".join(roles) or "nobody", *roles))


def cookie_of(name: str, *roles: str) -> str:
    """The cookie of such a browser, as JSON, for one that asks the running site."""
    client = sign_in_as(*roles, name=name)
    cookie = settings.SESSION_COOKIE_NAME
    return json.dumps({"name": cookie, "value": client.cookies[cookie].value})
