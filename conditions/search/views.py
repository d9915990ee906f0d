"""The page on which patients search the site."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinic_site.text import folded_words
from conditions.search.search import clean_query, emergencies, is_about_money, search


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """What was found for `q`; the form alone where it holds no word."""
    query = clean_query(request.GET.get("q", ""))
    context = {
        "query": query,
        "most_characters": settings.SEARCH_CHARACTERS,
        "searched": bool(folded_words(query)),
        "results": search(query),
        "emergencies": emergencies(query),
        "about_money": is_about_money(query),
    }
    response = render(request, "conditions/search.html", context)
    response["Cache-Control"] = "no-store"  # what people search is private
    return response
