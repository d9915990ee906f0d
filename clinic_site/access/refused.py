"""The page for staff whom a page is not open to: which role it takes, and whom to ask for it."""

from collections.abc import Iterable
from typing import cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from clinic_site.access.kept import fields_sent, typed
from clinic_site.access.models import User
from clinic_site.access.roles import roles_with
from clinic_site.actor import Actor
from clinic_site.audit.record import record_refused
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
    record_refused(
        refusal.subject_kind,
        refusal.references,
        by=Actor.staff(request),
        detail=_what(request),
    )
    needed = roles_with(refusal.permission)
    context = {
        **admin.site.each_context(request),
        "title": _("This page is not open to you"),
        "needed": needed,
        "roles": sorted(cast(User, user).roles),
        "typed": typed(fields_sent(request)),
        "is_missing": user.is_superuser or not user.roles & set(needed),
    }
    response = TemplateResponse(request, "admin/access/refused.html", context, status=403)
    add_never_cache_headers(response)
    return response


def _address_name(request: HttpRequest) -> str:
    return (request.resolver_match and request.resolver_match.url_name) or ""


def _wanted(request: HttpRequest) -> str:
    """Return the permission that one of Django's own pages of a model asks for; "" of no other."""
    name = _address_name(request)
    changes = "change" if request.method == "POST" else "view"
    actions = {"changelist": changes, "change": changes, "history": "view"}
    for model in admin.site._registry:
        start = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(start):
            action = name.removeprefix(start)
            action = actions.get(action, action)
            return f"{model._meta.app_label}.{action}_{model._meta.model_name}"
    return ""


def _what(request: HttpRequest) -> str:
    """Say which page it was, and of which row, without what else the address holds."""
    values = request.resolver_match.kwargs.values() if request.resolver_match else ()
    rows = [str(value) for value in values if str(value).isdecimal()]
    return " ".join([str(request.method), _address_name(request), *rows])[:100]
