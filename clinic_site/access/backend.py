"""Who somebody is, by name and password, and what they may do, by their roles."""

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection
from django.http import HttpRequest
from gevent.threadpool import ThreadPool

from clinic_site.access.models import User
from clinic_site.access.roles import permissions_of, permissions_of_superusers


@functools.cache
def _pool(of_stranger: bool) -> ThreadPool:
    # Of one thread, and not the hub's own pool of ten: ten hashes at once would stop everybody.
    return ThreadPool(1)


def in_thread(act: Callable[..., Any], *args: Any, of_stranger: bool = False) -> Any:
    """Return what `act(*args)` returns, or raise what it raises; it must not use the database.

    For a password's hash, 200 ms of computing. In a web process others go on meanwhile, and at most
    two are at work: one of strangers, who have a queue of their own, and one of everybody else. To
    be called outside a transaction: whoever waits gives back their connection to the database, or
    a few of them would hold all that the process has.
    """
    if not settings.WEB_PROCESS:
        return act(*args)
    connection.close()
    return _pool(of_stranger).apply(act, args)


class RoleBackend(BaseBackend):
    """Answers from what stands in the code; rows of permissions count for nothing."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str = "",
        password: str = "",
        of_stranger: bool = True,
        **kwargs: Any,
    ) -> User | None:
        hash_it = functools.partial(in_thread, of_stranger=of_stranger)
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None or not user.has_usable_password():
            hash_it(make_password, password)  # it takes as long, so that it tells nothing
            return None
        return user if hash_it(check_password, password, user.password) else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active:
            return set()
        if user_obj.is_superuser:
            return permissions_of_superusers()
        return permissions_of(user_obj.roles)
