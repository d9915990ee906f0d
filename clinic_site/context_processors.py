"""What every template can name."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from clinic_site.clinic import current_clinic, notice_links


def clinic(request: HttpRequest) -> dict[str, Any]:
    """The clinic, the links to its notices, and this page's canonical address."""
    return {
        "clinic": current_clinic(),
        "notice_links": notice_links(),
        "canonical": settings.SITE_URL + request.path,
    }
