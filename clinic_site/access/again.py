"""Asking again: before what matters for the safety of the site, people show anew who they are."""

import functools
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.access.kept import keep

View = Callable[..., HttpResponse]


def ask_again(request: HttpRequest) -> HttpResponse | None:
    """Return what leads to the page that asks who it is; None where they showed it a moment ago.

    A form that was sent is kept meanwhile, and comes back after the proof.
    """
    age = time.time() - request.session.get("proved_at", 0)
    if 0 <= age < settings.PROVED_FOR.total_seconds():
        return None
    to = request.get_full_path()
    if request.method == "POST":
        done = _("Nothing was done yet with what you sent.")
        if keep(request):
            to = reverse("admin:kept")
            said = _("It is kept for an hour: show that it is you, and it comes back.")
        else:
            said = _("It could not be kept. What you typed may still be there if you go back.")
        messages.warning(request, f"{done} {said}")
    query = urlencode({"next": to})
    return HttpResponseRedirect(f"{reverse('admin:again')}?{query}", status=303)


def asked_again(view: View) -> View:
    """Ask who it is before this view, unless they showed it a moment ago (a decorator)."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return ask_again(request) or view(request, *args, **kwargs)

    return wrapped
