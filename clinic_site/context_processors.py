"""What every template can name."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from clinic_site.clinic import current_clinic, notice_links
from clinic_site.static_files import site_style


def clinic(request: HttpRequest) -> dict[str, Any]:
    """The clinic, the links to its notices, the style sheet, and this page's canonical address."""
    return {
        "clinic": current_clinic(),
        "notice_links": notice_links(),
        "site_style": site_style,
        "canonical": settings.SITE_URL + request.path,
    }
