"""The page for staff whom a page is not open to: which role it takes, and whom to ask for it."""

from collections.abc import Iterable
from typing import cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from clinic_site.access.entry import page
from clinic_site.access.kept import fields_sent, typed
from clinic_site.access.models import User
from clinic_site.access.record import KIND
from clinic_site.access.roles import roles_with
from clinic_site.actor import Actor
from clinic_site.audit.models import record_refused
from clinic_site.middleware import is_admin
from clinic_site.views import forbidden


class NotAllowed(PermissionDenied):
    """Somebody lacks a permission ("" where no role has it); the record names what it was about."""

    def __init__(
        self, permission: str = "", subject_kind: str = "", references: Iterable[str] = ()
    ) -> None:
        super().__init__(permission)
        self.permission = permission
        self.subject_kind = subject_kind
        self.references = references


def handle_403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Tell staff in the admin, and note it once, whatever raised it; else it is patients' page."""
    user = getattr(request, "user", None)
    if not is_admin(request) or user is None or not user.is_staff:
        return forbidden(request, exception)
    refusal = exception if isinstance(exception, NotAllowed) else NotAllowed(_wanted(request))
    # Without what else the address holds.
    detail = " ".join([str(request.method), *_name_and_row(request)])[:100]
    record_refused(refusal.subject_kind, refusal.references, by=Actor.staff(request), detail=detail)
    needed = roles_with(refusal.permission)
    about = (refusal.subject_kind, *refusal.references)
    response = page(
        request,
        "refused",
        status=403,
        title=_("This page is not open to you"),
        needed=needed,
        roles=sorted(cast(User, user).roles),
        typed=typed(fields_sent(request)),
        is_own=about == (KIND, user.get_username()) and not user.is_superuser,
        is_missing=user.is_superuser or not user.roles & set(needed),
    )
    add_never_cache_headers(response)
    return response


def _wanted(request: HttpRequest) -> str:
    """Return the permission that one of Django's own pages of a model asks for; "" of no other."""
    name = _name_and_row(request)[0]
    changes = "change" if request.method == "POST" else "view"
    actions = {"changelist": changes, "change": changes, "history": "view"}
    for model in admin.site._registry:
        start = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(start):
            action = name.removeprefix(start)
            action = actions.get(action, action)
            return f"{model._meta.app_label}.{action}_{model._meta.model_name}"
    return ""


def _name_and_row(request: HttpRequest) -> list[str]:
    """Return the name of the page, and the number of its row where it has one."""
    found = request.resolver_match
    rows = [str(each) for each in found.kwargs.values()] if found else []
    return [(found and found.url_name) or "", *filter(str.isdecimal, rows)]
