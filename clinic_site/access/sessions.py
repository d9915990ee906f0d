"""Sessions of staff: how they are stored, and how long they last."""

import time
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends import db
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from clinic_site.access.entry import is_own
from clinic_site.access.kept import note_session
from clinic_site.access.models import User
from clinic_site.clinic import current_clinic
from clinic_site.crypto.key_ring import blind_index
from clinic_site.middleware import is_admin


def _row_key(session_key: str | None) -> str:
    return blind_index("session", session_key or "")[:40]  # as much of it as the column holds


class SessionStore(db.SessionStore):
    """Django's own in the database, found by a keyed hash of the cookie: a copy opens none.

    Nothing here calls its asynchronous methods, which are Django's own.
    """

    def _get_session_from_db(self) -> Any:
        found = self.model.objects.filter(
            session_key=_row_key(self.session_key), expire_date__gt=timezone.now()
        ).first()
        if found is None:
            self._session_key = None
        return found

    def create_model_instance(self, data: Any) -> Any:
        row = super().create_model_instance(data)
        row.session_key = _row_key(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(_row_key(key))


def _left(session: Any) -> tuple[int, int]:
    """Return for how many seconds it lasts if nobody does anything, and at most."""
    now = int(time.time())
    idle = session.get("seen_at", 0) + current_clinic().idle_minutes * 60 - now
    whole = session.get("signed_in_at", 0) + settings.SESSION_COOKIE_AGE - now
    return min(idle, whole), whole


def seconds_left(request: HttpRequest) -> int:
    """Return for how long whoever is signed in stays so if they do nothing; 0 if nobody is."""
    return max(0, _left(request.session)[0]) if request.user.is_authenticated else 0


class StaffSession:
    """Ends sessions that are over, and notes that whoever has one is there.

    A request that a script makes by itself says so (X-Background) and does not count, unless it
    sends what somebody typed ("typed").
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_admin(request):
            return self.get_response(request)
        found: Any = request.user
        signed_in: list[User] = []

        def who() -> Any:  # asked when a view wants to know
            session = request.session
            _set_back(session)
            if SESSION_KEY in session and _left(session)[0] <= 0:
                session.flush()
                return AnonymousUser()
            if found.is_authenticated:
                _note(request)
                signed_in.append(found)
            return found

        request.user = cast(User, SimpleLazyObject(who))
        response = self.get_response(request)
        for user in signed_in:
            note_session(request, response, user)
        return response


def _set_back(session: Any) -> None:
    """Count what is to come as now, or a clock that was set back would keep the session open."""
    now = int(time.time())
    for name in ("signed_in_at", "seen_at"):
        if session.get(name, now) > now:
            session[name] = now


def _note(request: HttpRequest) -> None:
    """Note that somebody is there, at most once a minute."""
    session, now = request.session, int(time.time())
    is_due = now - session.get("seen_at", 0) >= settings.SEEN_EVERY.total_seconds()
    if is_due and request.headers.get("X-Background", "typed") == "typed":
        session["seen_at"] = now


# Without a token, as the page that asks can be older than the session.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def still_here(request: HttpRequest) -> HttpResponse:
    """Say how long the session lasts, for the script that warns; on POST, somebody is there."""
    if request.method == "POST":
        may = is_own(request) and admin.site.has_permission(request)
        return HttpResponse(status=204 if may else 403)
    left = seconds_left(request)
    can_stay = left > 0 and _left(request.session)[1] > left
    return JsonResponse({"seconds": left, "can_stay": can_stay})
