"""Entering a request that was taken by phone, and looking whether it is here already."""

import logging
from typing import Any

from django.contrib import messages
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.audit import RequestAction
from appointments.choices import Origin
from appointments.forms.request import EnteredRequestForm
from appointments.presenters import answer_of
from appointments.services.search import of_this_phone
from appointments.services.submit import SentBefore, receive_request
from appointments.staff.base import MAY_CHANGE, StaffView, go_to
from appointments.tokens import new_attempt, read_attempt

logger = logging.getLogger(__name__)


class EnterView(StaffView):
    """Enter a request that was taken by phone, with the questions of the public form."""

    permission = MAY_CHANGE

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(EnteredRequestForm(initial={"attempt": new_attempt()}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = EnteredRequestForm(request.POST)
        attempt = read_attempt(request.POST.get("attempt", ""))
        if attempt is None:
            return self.page_again(_("This form was not ours. Check it, and enter it once more."))
        if not form.is_valid():
            return self.page(form)
        try:
            entered = receive_request(
                attempt=attempt, answers=form.answers(), by=self.by, origin=Origin.PHONE
            )
        except SentBefore:
            return self.page_again(
                _("You entered this form before, with other words. Is this another request?")
            )
        except (DatabaseError, InterfaceError) as error:
            logger.error("Request not entered: %s", type(error).__name__)
            notice = _("It was not stored. What you typed is still here: try it again.")
            return self.page(form, notice, status=503)
        said = _("Entered as %s. Read this reference to the caller.")
        messages.success(request, said % entered.reference)
        return go_to("change", entered.pk)

    def page_again(self, notice: str) -> HttpResponse:
        """Return the form with what was typed under a fresh attempt, and say why."""
        data = self.request.POST.copy()
        data["attempt"] = new_attempt()
        return self.page(EnteredRequestForm(data), notice)

    def page(self, form: EnteredRequestForm, notice: str = "", **context: Any) -> HttpResponse:
        title = _("Enter a request taken by phone")
        template = "admin/appointments/enter.html"
        return self.show(template, title, form=form, notice=notice, **context)


class SameView(EnterView):
    """Which requests came lately from the number that is typed; the number stays out of URLs.

    A script gets them alone; else the form is shown again with them, and all that was typed.
    """

    def post(self, request: HttpRequest) -> HttpResponse:
        found = of_this_phone(request.POST.get("phone", "")[:200], timezone.now())
        if found:
            self.record(RequestAction.SEARCHED, found)
        same: dict[str, Any] = {
            "looked": found is not None,
            "same": [(each, answer_of(each, "patient_name")) for each in found or []],
        }
        if "X-Background" in request.headers:
            return render(request, "admin/appointments/_same.html", same)
        form = EnteredRequestForm(request.POST)
        form.errors.clear()  # it is not to be entered yet
        return self.page(form, **same)
