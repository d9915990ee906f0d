"""The public request form and its confirmation: no cookie, and nothing typed is lost."""

import logging
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from appointments.audit import record_dead_link, record_seen
from appointments.forms.request import RequestForm
from appointments.models import AppointmentRequest
from appointments.public_forms import closed, from_this_site, not_kept, see_other, sent_form
from appointments.receiving import AttemptUsed, receive_request
from appointments.references import (
    new_attempt,
    read_attempt,
    read_received_token,
    received_token,
    status_token,
)
from clinic_site.actor import Actor
from clinic_site.audit.record import told_if_it_fails
from clinic_site.clinic import active_physicians
from clinic_site.crypto.key_check import KeyState, can_be_stored, keys_are_right, keys_in_use

logger = logging.getLogger(__name__)


@csrf_exempt  # nobody is signed in here, so there is nothing that a forged request could use
@require_http_methods(["GET", "HEAD", "POST"])
def request_appointment(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST store the request and redirect to its confirmation.

    503 while a key is wrong or the database is away; what was typed stays in the form.
    """
    if request.method != "POST":
        if keys_in_use() not in {KeyState.RIGHT, None}:
            return closed(request)
        initial = {"attempt": new_attempt(), "condition": request.GET.get("condition", "")}
        response = render(
            request,
            "appointments/request.html",
            {"form": RequestForm(initial=initial), "physicians": active_physicians()},
        )
        # It holds nothing of anyone's, and Firefox keeps what is typed only where it may keep the
        # page: docs/decisions/0015-the-form-may-be-kept.md.
        response["Cache-Control"] = "private, no-cache"
        return response

    sent = sent_form(request, several=RequestForm.several())
    form = RequestForm(sent)
    if not can_be_stored():
        return _show(request, form, not_received=True, status=503)
    attempt = read_attempt(sent.get("attempt", ""))
    if attempt is None or not from_this_site(request):
        return _show_again(
            request,
            _("We could not tell that this came from our form. Check it, then send it once more."),
        )
    if not form.is_valid():
        return _show(request, form)
    try:
        received = receive_request(
            attempt=attempt,
            answers=form.answers(),
            honeypot=bool(form.cleaned_data["website"]),
            by=Actor.patient(request),
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
    return see_other(reverse("request_received", args=[received_token(received.attempt)]))


def _show(
    request: HttpRequest, form: RequestForm, status: int = 200, **context: Any
) -> HttpResponse:
    """Show the form with what was typed, and have no browser keep it.

    So its links open in a new tab: who comes back to this page by Back would not find it.
    """
    context |= {
        "form": form,
        "physicians": active_physicians(),
        "new_tab": mark_safe(' target="_blank"'),  # noqa: S308  no one's text
    }
    return not_kept(render(request, "appointments/request.html", context, status=status))


def _show_again(request: HttpRequest, why: str) -> HttpResponse:
    """Show what was typed under a fresh attempt, and say why."""
    data = request.POST.copy()
    data["attempt"] = new_attempt()
    return _show(request, RequestForm(data), notice=why)


@require_safe
def request_received(request: HttpRequest, token: str) -> HttpResponse:
    """The confirmation: the reference, and what happens next.

    404 for a forged token, 503 while a key is wrong.
    """
    attempt = read_received_token(token)
    if attempt is not None and not keys_are_right():
        return closed(request)
    found = (
        attempt
        and AppointmentRequest.objects.filter(attempt=attempt).only("reference", "attempt").first()
    )
    if not found:
        record_dead_link(Actor.patient(request))
        raise Http404
    with told_if_it_fails():
        record_seen(found.reference, by=Actor.patient(request), detail="confirmation")
    context = {
        "reference": found.reference,
        "token": status_token(found.attempt),
        "physicians": active_physicians(),
    }
    return not_kept(render(request, "appointments/received.html", context))
