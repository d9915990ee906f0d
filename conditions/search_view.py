"""The page on which patients search the site."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from conditions.search import clean_query, search, words_in


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """What was found for `q`; only the form where it holds no word."""
    query = clean_query(request.GET.get("q", ""))
    searched = bool(words_in(query))
    response = render(
        request,
        "conditions/search.html",
        {"query": query, "searched": searched, "results": search(query) if searched else []},
    )
    response["Cache-Control"] = "no-store"  # what people search is private
    return response
