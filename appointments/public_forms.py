"""What the forms that patients send have in common: nobody is signed in, and nothing is stored by
the browser, so they go without a CSRF token and without a cookie.
"""

from collections.abc import Container

from django.core.exceptions import BadRequest
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
    UnreadablePostError,
)
from django.shortcuts import render

FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}


def from_this_site(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this site sent the form (or does not say)."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin", "null")
    return origin in {"null", f"{request.scheme}://{request.get_host()}"}


def sent_form(request: HttpRequest, *, several: Container[str] = ()) -> QueryDict:
    """Return what was sent; `several` names the fields that may have more than one value.

    Raises BadRequest (400) for what no form of this site sends: another kind of body, a file, two
    values where one is asked for; and for half a body, as a connection that breaks leaves it. To
    take a part would lose the rest without a word.
    """
    if request.content_type not in FORM_TYPES:
        raise BadRequest("Not a form.")
    try:
        whole = len(request.body) == int(request.META.get("CONTENT_LENGTH") or 0)
    except UnreadablePostError:
        whole = False
    if not whole:
        raise BadRequest("Not all of it arrived.")
    sent = request.POST
    if request.FILES:
        raise BadRequest("A form with a file.")
    for name, values in sent.lists():
        if name not in several and len(set(values)) > 1:
            raise BadRequest("A form with two values for one field.")
    return sent


def not_kept(response: HttpResponse) -> HttpResponse:
    """Return the response, told to be kept by no browser and no proxy."""
    response["Cache-Control"] = "no-store"
    return response


def see_other(address: str) -> HttpResponse:
    """Return the answer to a form that was taken: the browser goes to `address` by GET."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return not_kept(response)


def closed(request: HttpRequest) -> HttpResponse:
    """503: a key is wrong, and until it is mended requests are taken by phone."""
    response = not_kept(render(request, "appointments/closed.html", status=503))
    response["Retry-After"] = "300"
    return response
