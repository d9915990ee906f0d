"""What the pages for patients share: nobody is signed in, so they need no CSRF token and no cookie,
and no browser keeps them.
"""

import logging
import uuid
from collections.abc import Container
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import DatabaseError, InterfaceError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
    UnreadablePostError,
)
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from appointments.audit import record_dead_link
from appointments.models import AppointmentRequest
from appointments.services.workflow import InvalidTransition
from appointments.tokens import read_status_token
from clinic_site.actor import Actor
from clinic_site.crypto.key_check import KeyState, can_be_stored, keys_are_right, keys_in_use

logger = logging.getLogger(__name__)

FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}


class Gone(Exception):
    """The token is forged, or its request is purged."""


# Nobody is signed in here, so there is nothing that a forged request could use.
@method_decorator(csrf_exempt, name="dispatch")
class PatientView(View):
    """A page for patients. What is typed into its form is shown again, whatever goes wrong.

    A page with a form names it and its template; `accept` does what a form asks for.
    """

    http_method_names = ["get", "head", "post"]
    form_class: type[forms.Form]
    template_name: str

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if request.method != "POST" and self.is_closed():
                return closed(request)
            response = super().dispatch(request, *args, **kwargs)
        except (Gone, AppointmentRequest.DoesNotExist):
            record_dead_link(Actor.patient(request))
            response = render(request, "appointments/status_gone.html", status=404)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    def is_closed(self) -> bool:
        """Whether a key is wrong, as far as this process knows: the page needs no database."""
        return keys_in_use() not in {KeyState.RIGHT, None}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        several = {
            name
            for name, field in self.form_class.base_fields.items()
            if isinstance(field, forms.MultipleChoiceField)
        }
        form = self.form_class(sent_form(request, several=several))
        if not can_be_stored():
            return self.show(form, away=True)
        if not self.is_ours(form):
            return self.show_again(
                form,
                _(
                    "We could not tell that this came from our page. "
                    "Check it, then send it once more."
                ),
            )
        if not form.is_valid():
            return self.show(form)
        try:
            return self.accept(form)
        except InvalidTransition as error:
            return self.show(form, notice=str(error))
        except (DatabaseError, InterfaceError) as error:
            logger.error("%s failed: %s", type(self).__name__, type(error).__name__)
            return self.show(form, away=True)

    def is_ours(self, form: forms.Form) -> bool:
        """Whether a page of this site sent the form."""
        return from_this_site(self.request)

    def accept(self, form: Any) -> HttpResponse:
        """Do what the valid form asks for, and return the way on.

        Raises Gone, InvalidTransition, DatabaseError.
        """
        raise NotImplementedError

    def show(self, form: forms.Form, *, away: bool = False, **context: Any) -> HttpResponse:
        """Return the page with the form as it is; 503 while the database is `away`."""
        if form.is_bound:
            # No browser keeps the page then, so that Back would not find it: links on it open in
            # a new tab.
            new_tab = mark_safe(' target="_blank"')  # noqa: S308  no one's text
            context["new_tab"] = new_tab
        context = {**self.kwargs, **context, "form": form, "away": away}
        return render(self.request, self.template_name, context, status=503 if away else 200)

    def show_again(self, form: forms.Form, notice: str) -> HttpResponse:
        """Return the page with what was typed, to be sent once more, and say why."""
        return self.show(form, notice=notice)


class TokenView(PatientView):
    """A page of one request, which the token in its address opens."""

    read_token = staticmethod(read_status_token)
    shown: tuple[str, ...]  # what the page needs; no name and nothing typed is even read

    def is_closed(self) -> bool:
        return not keys_are_right()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.attempt()  # first, as a forged token opens not even a form
        return super().post(request, *args, **kwargs)

    def attempt(self) -> uuid.UUID:
        """Return the attempt that the token names. Raises Gone."""
        attempt = self.read_token(self.kwargs["token"])
        if attempt is None:
            raise Gone
        return attempt

    def opened(self) -> AppointmentRequest:
        """Return the request that the token opens. Raises Gone, DatabaseError."""
        requests = AppointmentRequest.objects.filter(attempt=self.attempt())
        appointment_request = requests.only(*self.shown).first()
        if appointment_request is None:
            raise Gone
        return appointment_request


def from_this_site(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this site sent the form (or does not say)."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin", "null")
    return origin in {"null", f"{request.scheme}://{request.get_host()}"}


def sent_form(request: HttpRequest, *, several: Container[str] = ()) -> QueryDict:
    """Return what was sent; `several` names the fields that may have more than one value.

    Raises BadRequest (400) for what no form of this site sends: another kind of body, a file, two
    values where one is asked for; and for half a body, as a connection that breaks leaves it. To
    take a part would lose the rest without a word.
    """
    if request.content_type not in FORM_TYPES:
        raise BadRequest("Not a form.")
    try:
        whole = len(request.body) == int(request.META.get("CONTENT_LENGTH") or 0)
    except UnreadablePostError:
        whole = False
    if not whole:
        raise BadRequest("Not all of it arrived.")
    sent = request.POST
    if request.FILES:
        raise BadRequest("A form with a file.")
    for name, values in sent.lists():
        if name not in several and len(set(values)) > 1:
            raise BadRequest("A form with two values for one field.")
    return sent


def see_other(address: str) -> HttpResponse:
    """Return the answer to a form that was taken: the browser goes to `address` by GET."""
    return HttpResponseRedirect(address, status=303)


def closed(request: HttpRequest) -> HttpResponse:
    """503: a key is wrong, and until it is mended requests are taken by phone."""
    response = render(request, "appointments/closed.html", status=503)
    response["Cache-Control"] = "no-store"
    response["Retry-After"] = str(settings.RETRY_AFTER_WRONG_KEY)
    return response
