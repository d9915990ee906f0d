"""The public request form and its confirmation: no cookie, and nothing typed is lost."""

import logging
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from appointments.forms import RequestForm
from appointments.models import AppointmentRequest
from appointments.references import (
    new_attempt,
    read_attempt,
    read_received_token,
    received_token,
)
from appointments.services import AttemptUsed, receive_request

logger = logging.getLogger(__name__)


@csrf_exempt  # nobody is signed in here, so there is nothing that a forged request could use
@require_http_methods(["GET", "HEAD", "POST"])
def request_appointment(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST store the request and redirect to its confirmation."""
    if request.method != "POST":
        initial = {"attempt": new_attempt(), "condition": request.GET.get("condition", "")}
        return _show(request, RequestForm(initial=initial))

    form = RequestForm(request.POST)
    attempt = read_attempt(request.POST.get("attempt", ""))
    if attempt is None or not _from_this_site(request):
        return _show_again(
            request,
            _("We could not tell that this came from our form. Check it, then send it once more."),
        )
    if not form.is_valid():
        return _show(request, form)
    try:
        received = receive_request(
            attempt=attempt,
            fields=form.request_fields(),
            suspected=bool(form.cleaned_data["website"]),
        )
    except AttemptUsed:
        return _show_again(
            request,
            _(
                "You have sent this form before, with other words. We have that request. "
                "If this is a new request, send it now."
            ),
        )
    except (DatabaseError, InterfaceError) as error:
        logger.error("Request not stored: %s", type(error).__name__)
        return _show(request, form, not_received=True, status=503)
    response = HttpResponseRedirect(
        reverse("request_received", args=[received_token(received.attempt)])
    )
    response.status_code = 303
    return response


def _from_this_site(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this site sent the form (or does not say)."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin", "null")
    return origin in {"null", f"{request.scheme}://{request.get_host()}"}


def _show(
    request: HttpRequest, form: RequestForm, status: int = 200, **context: Any
) -> HttpResponse:
    response = render(
        request, "appointments/request.html", {"form": form, **context}, status=status
    )
    response["Cache-Control"] = "no-store"
    return response


def _show_again(request: HttpRequest, why: str) -> HttpResponse:
    """Show what was typed under a fresh attempt, and say why."""
    data = request.POST.copy()
    data["attempt"] = new_attempt()
    return _show(request, RequestForm(data), notice=why)


@require_safe
def request_received(request: HttpRequest, token: str) -> HttpResponse:
    """The confirmation: the reference, and what happens next. 404 for a forged token."""
    attempt = read_received_token(token)
    if attempt is None:
        raise Http404
    received = get_object_or_404(AppointmentRequest.objects.only("reference"), attempt=attempt)
    response = render(request, "appointments/received.html", {"reference": received.reference})
    response["Cache-Control"] = "no-store"
    return response
