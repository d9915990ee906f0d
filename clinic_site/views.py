"""The pages about the clinic itself, the addresses that machines ask for, and the error pages."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from clinic_site.clinic import active_physicians, current_clinic, notice_links, read_clinic
from clinic_site.editing import adds_preview
from clinic_site.logs import request_id
from clinic_site.models import Clinic, Notice, Picture
from clinic_site.pictures import is_public
from clinic_site.public_page import public_page
from clinic_site.readiness import is_ready
from clinic_site.static_files import site_style
from clinic_site.structured_data import clinic_data, to_script

logger = logging.getLogger(__name__)


@public_page
def physician_list(request: HttpRequest) -> HttpResponse:
    """The clinic's physicians."""
    return render(request, "clinic_site/physician_list.html", {"physicians": active_physicians()})


@public_page
def contact(request: HttpRequest) -> HttpResponse:
    """How to reach the clinic, and what to know before a visit."""
    clinic = current_clinic()
    data = clinic_data(clinic)
    return _contact(request, clinic, structured_data=to_script(data))


@adds_preview(Clinic, _("Preview the contact page"))
def _preview_contact(request: HttpRequest, row: Clinic) -> HttpResponse:
    return _contact(request, read_clinic(), preview=True)  # with its hours, as typed


def _contact(request: HttpRequest, clinic: Clinic, **context: Any) -> HttpResponse:
    closed_days = clinic.closed_from(timezone.localdate())
    context |= {"clinic": clinic, "closed_days": closed_days, "physicians": active_physicians()}
    return render(request, "clinic_site/contact.html", context)


@public_page
def notice(request: HttpRequest, slug: str) -> HttpResponse:
    """One notice; an empty one says how to get it by phone."""
    notice = get_object_or_404(Notice, slug=slug)
    return render(request, "clinic_site/notice.html", {"notice": notice})


@adds_preview(Notice, _("Preview the page"))
def _preview_notice(request: HttpRequest, row: Notice) -> HttpResponse:
    return render(request, "clinic_site/notice.html", {"notice": row, "preview": True})


@require_safe
def picture(request: HttpRequest, hash: str) -> HttpResponse:
    """The bytes of a picture that a page shows; its address never shows anything else.

    So it is kept for a year, even where the page is taken back.
    """
    picture = get_object_or_404(Picture, hash=hash)
    if not is_public(picture):
        raise Http404
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return HttpResponse(bytes(picture.content), content_type="image/webp", headers=headers)


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether everything works that patients and staff rely on (200) or not (503).

    For alarms: without detail, which `manage.py status` gives to those who run the site.
    """
    ready = is_ready()
    return HttpResponse(
        "ready\n" if ready else "not ready\n",
        status=200 if ready else 503,
        content_type="text/plain",
        headers={"Cache-Control": "no-store"},
    )


def _text(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    context["site_url"] = settings.SITE_URL
    kind = "text/plain; charset=utf-8"
    return render(request, f"clinic_site/{name}", context, content_type=kind)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may read."""
    return _text(request, "robots.txt")


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a security fault (RFC 9116, which asks for a date of expiry)."""
    expires = timezone.now() + settings.SECURITY_TXT_EXPIRES
    return _text(request, "security.txt", expires=expires)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Send browsers that ask for /favicon.ico, and so know no SVG, to the site's icon."""
    return HttpResponseRedirect(static("img/icon-32.png"))


# Where not even a template can be shown.
LAST_RESORT = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
    "<title>Something went wrong</title><h1>Something went wrong</h1>"
    "<p>This is our fault, not yours. Please call {phone}. When you tell us about it, this code "
    "helps us to find the fault: {code}</p><p>In an emergency, call 911.</p></html>\n"
)

# Error pages. They must work while anything else is broken, so they ask neither the database
# nor a context processor: the clinic is the one last read.


def error_page(status: int, **context: Any) -> HttpResponse:
    """Return the page of an error, the template of that number."""
    context |= {"clinic": current_clinic.value, "notice_links": notice_links.value}
    page = get_template(f"{status}.html").render(context | {"site_style": site_style})
    return HttpResponse(page, status=status)


def _view(status: int) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        return error_page(status)

    return view


bad_request, forbidden, not_found = _view(400), _view(403), _view(404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault."""
    try:
        return error_page(500, request_id=request_id.get())
    except Exception:  # what all pages share is broken
        logger.exception("The page of a fault is broken, too")
        phone = current_clinic.value.phone_as_read
        return HttpResponse(LAST_RESORT.format(phone=phone, code=request_id.get()), status=500)


def service_unavailable(
    request: HttpRequest, again: Iterable[tuple[str, str]] = ()
) -> HttpResponse:
    """503: the database is away; most often for a moment only. `again`: what to send once more."""
    response = error_page(503, again=again, was_sent=request.method == "POST")
    response["Retry-After"] = str(settings.RETRY_AFTER_DATABASE_AWAY)
    if again:
        response["Cache-Control"] = "no-store"
    return response
