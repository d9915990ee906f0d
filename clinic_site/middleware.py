"""What is done around every request that reaches Django."""

import logging
import zoneinfo
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from clinic_site.clinic import current_clinic
from clinic_site.views import service_unavailable

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class SayDatabaseAway:
    """Answers 503, with the clinic's phone number, where the database could not be reached."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on unchanged."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a lost database into the 503 page; leave any other error to Django."""
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        # Its text can quote the statement, so only its kind is logged.
        logger.error("Database away: %s", type(exception).__name__)
        return service_unavailable(request)


class UseClinicTimeZone:
    """Shows times in the clinic's own time zone (settings.TIME_ZONE until it has set one)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with the clinic's time zone active."""
        name = current_clinic().time_zone
        with timezone.override(zoneinfo.ZoneInfo(name) if name else None):
            return self.get_response(request)
