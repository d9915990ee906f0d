"""What a view says of a page that is the same for everyone."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static

View = Callable[..., HttpResponse]

# A shared cache asks again after a second, a browser each time: most often that is a 304.
PUBLIC = "public, max-age=0, s-maxage=1, stale-if-error=86400"


def public_page(view: View) -> View:
    """Let a view's pages be kept (`clinic_site.page_cache`), whatever query or cookie came along.

    From its pages a browser may fetch ahead what their links lead to.
    """

    @functools.wraps(view)
    def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code == 200:
            response["Cache-Control"] = PUBLIC
            if response["Content-Type"].startswith("text/html"):
                response["Speculation-Rules"] = f'"{static("prefetch.speculationrules")}"'
        return response

    return marked
