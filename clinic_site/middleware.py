"""What is done around every request that reaches Django."""

import logging
import re
from typing import Any
from urllib.parse import urlsplit

import brotli
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin
from django_otp.middleware import OTPMiddleware

from clinic_site.access.kept import fields_sent
from clinic_site.clinic import current_clinic
from clinic_site.views import error_page, service_unavailable

logger = logging.getLogger(__name__)


class SayAlive(MiddlewareMixin):
    """Answers /healthz, which a balancer asks by the machine's address, and without HTTPS.

    So it comes before all that looks at the host. No database is asked.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if request.path_info != "/healthz":
            return None
        answer = HttpResponse("ok\n", content_type="text/plain")
        answer["Content-Length"] = str(len(answer.content))
        return answer


class CompressPages(MiddlewareMixin):
    """Sends pages that are not kept as brotli to browsers that take it: a fifth of the bytes.

    Not what is answered to a POST or must not be stored, which can hold what a person typed.
    Public pages are packed once, for everyone, by `clinic_site.page_cache`.
    """

    QUALITY = 5  # 1 ms for the longest page; higher ones cost 10 ms and more for a tenth less

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if (
            request.method not in {"GET", "HEAD"}
            or is_admin(request)
            or response.streaming
            or not response.content
            or response.has_header("Content-Encoding")
            or re.search("no-store|public", response.get("Cache-Control", ""))
            or not response.get("Content-Type", "").startswith("text/html")
        ):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        if request.headers.get("Accept-Encoding") == "br":  # as the page cache leaves it
            response.content = brotli.compress(response.content, quality=self.QUALITY)
            response["Content-Encoding"] = "br"
            response["Content-Length"] = str(len(response.content))
        return response


class SayDatabaseAway(MiddlewareMixin):
    """Answers 503, with the clinic's phone number, where the database could not be reached."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        # Its text can quote the statement, so only its kind is logged.
        logger.error("Database away: %s", type(exception).__name__)
        # In the admin it is sent once more, as the CSRF token has told by now that it was meant;
        # the public forms show again what was typed. A file cannot be on that page.
        again = fields_sent(request)
        return service_unavailable(request, again=[] if again and request.FILES else again)


class SayNotAllowed(MiddlewareMixin):
    """Gives a 405 a page with the clinic's phone number: Django sends a blank one."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code == 405 and not response.content:
            response.content = error_page(405).content
        return response


class UseClinicTimeZone(MiddlewareMixin):
    """Shows times in the clinic's own time zone."""

    def __call__(self, request: HttpRequest) -> Any:
        with timezone.override(current_clinic().zone):
            return self.get_response(request)


def is_admin(request: HttpRequest) -> bool:
    """Whether the request is for the admin, the one part of the site where people sign in."""
    return request.path_info.startswith("/admin/")


class AdminAtItsAddress(MiddlewareMixin):
    """Sends who opens the admin under another name of the site to SITE_URL.

    Passkeys, sessions and kept forms are there alone. A form of a page that was opened there
    before is left to its view: the way to another address would lose what was typed.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        # Not by the port, which some proxies leave out: it would never arrive.
        here, own = urlsplit(f"//{request.get_host()}"), urlsplit(settings.SITE_URL)
        is_elsewhere = is_admin(request) and here.hostname != own.hostname
        if is_elsewhere and request.method in {"GET", "HEAD"}:
            return HttpResponseRedirect(settings.SITE_URL + request.get_full_path())
        return None


class OnlyInAdmin:
    """Leaves Django's own middleware out on public pages: there it could only set a cookie."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_admin(request):
            return super().__call__(request)  # type: ignore[misc]
        return self.get_response(request)  # type: ignore[attr-defined]


class AdminSession(OnlyInAdmin, SessionMiddleware):
    """Where a session cannot be stored, the answer still says what was done.

    They signed out in another tab, or the database is away by now.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return response


class AdminCsrf(OnlyInAdmin, CsrfViewMiddleware):
    """A public form has no one signed in whose rights could be used."""

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        return super().process_view(request, *args) if is_admin(request) else None


class AdminAuthentication(OnlyInAdmin, AuthenticationMiddleware):
    """Who is signed in."""


class AdminOtp(OnlyInAdmin, OTPMiddleware):
    """Which second factor was proved."""


class AdminMessages(OnlyInAdmin, MessageMiddleware):
    """What a page says after a save."""
