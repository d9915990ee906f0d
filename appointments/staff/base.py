"""What the queue's own pages in the admin share: who may open them, and when."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View

from appointments.audit import REQUEST
from appointments.mails import MAY_SEE_REQUESTS
from appointments.models import AppointmentRequest
from clinic_site.access.kept import form_sent
from clinic_site.access.refused import NotAllowed
from clinic_site.actor import Actor
from clinic_site.audit.models import record
from clinic_site.crypto.key_check import key_state, keys_are_right

MAY_CHANGE = "appointments.change_appointmentrequest"


class StaffView(View):
    """A page of the queue's own, for staff who have the `permission`.

    While a key is wrong it reads and writes nothing, says which setting is wrong, and keeps what
    was typed; people without the right to see requests get what they would get anyway.
    """

    permission = MAY_SEE_REQUESTS
    reference = ""  # of the request that the page is about

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.has_perm(MAY_SEE_REQUESTS) and not keys_are_right():
            title, state = _("Requests are shut"), key_state().label
            again = form_sent(request)["fields"]
            return self.show(
                "appointments/keys_wrong.html", title, status=503, state=state, again=again
            )
        self.refuse_without(self.permission)
        return super().dispatch(request, *args, **kwargs)

    def refuse_without(self, permission: str) -> None:
        if not self.request.user.has_perm(permission):
            raise NotAllowed(permission, REQUEST, [self.reference] if self.reference else [])

    @property
    def by(self) -> Actor:
        return Actor.staff(self.request)

    def record(self, action: str, requests: Iterable[AppointmentRequest]) -> None:
        record(action, REQUEST, [each.reference for each in requests], by=self.by)

    def show(
        self, template_name: str, title: str, *, status: int = 200, **context: Any
    ) -> HttpResponse:
        context = {**admin.site.each_context(self.request), "title": title, **context}
        return render(self.request, template_name, context, status=status)


def go_to(page: str, *args: object, query: str = "") -> HttpResponse:
    """Return the way on to a page of the queue."""
    address = reverse(f"admin:appointments_appointmentrequest_{page}", args=args)
    return HttpResponseRedirect(address + query, status=303)


def number_in(text: str) -> int:
    """Return the number of up to nine digits that a text is; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
