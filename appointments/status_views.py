"""A patient's own page: where the request stands, and what the patient can do about it.

The signed link opens it, or the reference with the phone number; neither of those two is ever in
an address. Nothing that was typed into the request is shown.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from appointments import services
from appointments.audit import record_dead_link, record_seen
from appointments.calendar import visit_calendar
from appointments.choices import Status
from appointments.forms.patients import ChangeForm, FindForm
from appointments.models import AppointmentRequest
from appointments.public_forms import closed, from_this_site, not_kept, see_other, sent_form
from appointments.reading import readable
from appointments.references import read_status_token, status_token
from appointments.status_lookup import find_request
from appointments.status_words import has_ended, has_visit_ahead, words_of, zone_as_read
from clinic_site.actor import Actor
from clinic_site.clinic import current_clinic
from clinic_site.crypto.key_check import can_be_stored, keys_are_right

logger = logging.getLogger(__name__)

# What a patient's page needs; no name and nothing typed is even read.
SHOWN = (
    *("reference", "attempt", "status", "close_reason", "version"),
    *("visit_at", "visit_place", "change_wanted_at"),
)


class Gone(Exception):
    """The token is forged, or its request is erased."""


def _opened(token: str) -> AppointmentRequest:
    """Return the request that the token opens. Raises Gone."""
    attempt = read_status_token(token)
    found = attempt and AppointmentRequest.objects.filter(attempt=attempt).only(*SHOWN).first()
    if not found:
        raise Gone
    return found


def _for_patients(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Have no answer kept, and a helpful page where the token opens nothing, or a key is wrong.

    What is posted is for the view itself, so that no typed word is lost.
    """

    @csrf_exempt  # nobody is signed in here, so there is nothing that a forged request could use
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if request.method != "POST" and not keys_are_right():
                return closed(request)
            return not_kept(view(request, *args, **kwargs))
        except (Gone, AppointmentRequest.DoesNotExist):
            record_dead_link(Actor.patient(request))
            return not_kept(render(request, "appointments/status_gone.html", status=404))

    return wrapped


def _foreign() -> str:
    return _("We could not tell that this came from our page. Check it, then send it once more.")


@_for_patients
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Ask for reference and phone number; on POST go to the page of the request they name."""
    if request.method != "POST":
        return _show_find(request, FindForm())
    form = FindForm(sent_form(request))
    if not can_be_stored():
        return _show_find(request, form, away=True, status=503)
    if not from_this_site(request):
        return _show_find(request, form, notice=_foreign())
    if not form.is_valid():
        return _show_find(request, form)
    try:
        found = find_request(
            reference=form.cleaned_data["reference"],
            phone=form.cleaned_data["phone"].number,
            by=Actor.patient(request),
        )
    except (DatabaseError, InterfaceError) as error:
        logger.error("Request not looked up: %s", type(error).__name__)
        return _show_find(request, form, away=True, status=503)
    if found is None:
        message = _(
            "We cannot find a request with this reference and this phone number. Check both and "
            "try again. After several tries, wait an hour, or call us at %(phone)s."
        )
        form.add_error(None, message % {"phone": current_clinic().phone_as_read})
        return _show_find(request, form)
    return see_other(reverse("request_status", args=[status_token(found.attempt)]))


def _show_find(
    request: HttpRequest, form: FindForm, status: int = 200, **context: Any
) -> HttpResponse:
    context["form"] = form
    return render(request, "appointments/status_find.html", context, status=status)


@_for_patients
@require_safe
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Where the request stands."""
    found = _opened(token)
    record_seen(found.reference, by=Actor.patient(request))
    now = timezone.now()
    context = {
        "asked": found,
        "words": words_of(found, now),
        "ended": has_ended(found),
        "is_new": found.status in {Status.NEW, Status.QUARANTINED},
        "visit_at": found.visit_at if has_visit_ahead(found, now) else None,
        "place": readable(found, "visit_place"),
        "zone": zone_as_read(found.visit_at) if found.visit_at else "",
        "token": token,
        "form": ChangeForm(),
    }
    return render(request, "appointments/status.html", context)


@_for_patients
@require_safe
def visit_file(request: HttpRequest, token: str) -> HttpResponse:
    """The visit as a calendar file; 404 unless one is to come."""
    found = _opened(token)
    if found.visit_at is None or not has_visit_ahead(found, timezone.now()):
        return render(request, "appointments/status_gone.html", {"token": token}, status=404)
    record_seen(found.reference, by=Actor.patient(request), detail="calendar file")
    phone = current_clinic().phone_as_read
    content = visit_calendar(
        attempt=found.attempt,
        version=found.version,
        visit_at=found.visit_at,
        place=readable(found, "visit_place"),
        title=_("Appointment"),
        note=_("Questions? Call %(phone)s.") % {"phone": phone},
        now=timezone.now(),
    )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="visit.ics"'
    response["X-Robots-Tag"] = "noindex"
    return response


@_for_patients
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to take the request back; on POST take it back. A repeat changes nothing."""
    if not can_be_stored():
        return closed(request)
    found = _opened(token)
    ahead = has_visit_ahead(found, timezone.now())
    context: dict[str, Any] = {"asked": found, "token": token, "visit_is_set": ahead}
    if request.method != "POST":
        if has_ended(found):
            return see_other(reverse("request_status", args=[token]))
        record_seen(found.reference, by=Actor.patient(request))
    elif not from_this_site(request):
        record_seen(found.reference, by=Actor.patient(request))
        context["notice"] = _foreign()
    else:
        services.withdraw(pk=found.pk, by=Actor.patient(request))
        return see_other(reverse("request_status", args=[token]))
    return render(request, "appointments/status_withdraw.html", context)


@_for_patients
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, token: str) -> HttpResponse:
    """Take what the patient would like to change; what was typed is shown again if it fails."""
    if read_status_token(token) is None:
        raise Gone
    if request.method != "POST":
        return see_other(reverse("request_status", args=[token]))
    form = ChangeForm(sent_form(request))
    again = functools.partial(_show_change, request, form, token)
    if not can_be_stored():
        return again(away=True, status=503)
    if not from_this_site(request):
        return again(notice=_foreign())
    if not form.is_valid():
        return again()
    try:
        found = _opened(token)
        services.ask_for_change(
            pk=found.pk, text=form.cleaned_data["text"], by=Actor.patient(request)
        )
    except services.NotPossible as error:
        return again(notice=str(error))
    except (DatabaseError, InterfaceError) as error:
        logger.error("Change not stored: %s", type(error).__name__)
        return again(away=True, status=503)
    return see_other(reverse("request_status", args=[token]))


def _show_change(
    request: HttpRequest, form: ChangeForm, token: str, status: int = 200, **context: Any
) -> HttpResponse:
    context |= {"form": form, "token": token}
    return render(request, "appointments/status_change.html", context, status=status)
