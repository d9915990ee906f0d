"""What the pages for patients share: nobody is signed in, so they need no CSRF token and no cookie.

No browser keeps a page that holds what is somebody's.
"""

import logging
import uuid
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
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from appointments.models import AppointmentRequest
from appointments.services.workflow import InvalidTransition
from appointments.tokens import read_status_token
from clinic_site.actor import Actor
from clinic_site.audit.models import record_refused, told_if_it_fails
from clinic_site.crypto.key_check import KeyState, can_be_stored, keys_are_right, keys_in_use

logger = logging.getLogger(__name__)

# No browser keeps a page that is not to be stored, so that Back would not find what was typed into
# it: links on it open in a new tab.
NEW_TAB = mark_safe(' target="_blank"')  # noqa: S308  no one's text


# Nobody is signed in here, so there is nothing that a forged request could use.
@method_decorator(csrf_exempt, name="dispatch")
class PatientView(View):
    """A page for patients. What is typed into its form is shown again, whatever goes wrong.

    A page with a form names it and its template; `accept` does what a form asks for.
    """

    http_method_names = ["get", "head", "post"]
    form_class: type[forms.Form]
    template_name: str
    typed = ""  # what is shown again where the request is gone

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase
        try:
            if request.method != "POST" and self.is_closed():
                # Until the key is mended, requests are taken by phone.
                response = render(request, "appointments/closed.html", status=503)
                response["Retry-After"] = str(settings.RETRY_AFTER_WRONG_KEY)
            else:
                response = super().dispatch(request, *args, **kwargs)
        except AppointmentRequest.DoesNotExist:
            with told_if_it_fails():
                record_refused(by=Actor.patient(request), detail="dead link")
            context = {"typed": self.typed, "new_tab": self.typed and NEW_TAB}
            response = render(request, "appointments/status_gone.html", context, status=404)
        response.setdefault("Cache-Control", "no-store")
        return response

    def is_closed(self) -> bool:
        """Whether a key is wrong, as far as this process knows: the page needs no database."""
        return keys_in_use() not in {KeyState.RIGHT, None}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.form_class())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form_class(sent_form(request, self.form_class))
        if not can_be_stored():
            return self.show(form, away=True)
        if not self.is_ours(form):
            notice = _(
                "We could not tell that this came from our page. Check it, then send it once more."
            )
            return self.show(self.afresh(form), notice=notice)
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
        """Whether the browser says that a page of this site sent the form (or does not say)."""
        request = self.request
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return False
        here = f"{request.scheme}://{request.get_host()}"
        return request.headers.get("Origin", "null") in {"null", here}

    def afresh(self, form: forms.Form) -> forms.Form:
        """Return a form that was not ours, to be sent once more."""
        return form

    def accept(self, form: Any) -> HttpResponse:
        """Do what the valid form asks for, and return the way on.

        Raises DoesNotExist, InvalidTransition, DatabaseError.
        """
        raise NotImplementedError

    def show(self, form: forms.Form, *, away: bool = False, **context: Any) -> HttpResponse:
        """Return the page with the form as it is; 503 while the database is `away`."""
        if form.is_bound:
            context["new_tab"] = NEW_TAB
        context = {**self.kwargs, **context, "form": form, "away": away}
        return render(self.request, self.template_name, context, status=503 if away else 200)


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
        """Return the attempt that the token names. Raises DoesNotExist for a forged one."""
        attempt = self.read_token(self.kwargs["token"])
        if attempt is None:
            raise AppointmentRequest.DoesNotExist
        return attempt

    def opened(self) -> AppointmentRequest:
        """Return the request that the token opens. Raises DoesNotExist, DatabaseError."""
        return AppointmentRequest.objects.only(*self.shown).get(attempt=self.attempt())


def sent_form(request: HttpRequest, form_class: type[forms.Form]) -> QueryDict:
    """Return what was sent.

    Raises BadRequest (400) for what no form of this site sends: another kind of body, a file, two
    values where one is asked for; and for half a body, as a connection that breaks leaves it. To
    take a part would lose the rest without a word.
    """
    if request.content_type not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
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
        several = isinstance(form_class.base_fields.get(name), forms.MultipleChoiceField)
        if not several and len(set(values)) > 1:
            raise BadRequest("A form with two values for one field.")
    return sent


def see_other(view: str, *args: object) -> HttpResponse:
    """Return the answer to a form that was taken: the browser goes to `view` by GET."""
    return HttpResponseRedirect(reverse(view, args=args), status=303)
