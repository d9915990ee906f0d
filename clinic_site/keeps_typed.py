"""Forms of staff that a browser may keep, so that Back shows what was typed."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern


class KeepsTyped(admin.ModelAdmin):
    """For a model without anything personal; Django's admin lets no browser keep a page."""

    def get_urls(self) -> list[URLPattern]:
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = _kept_by_its_browser(pattern.callback)
        return patterns


def _kept_by_its_browser(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-cache"
        return response

    return wrapped
