"""The public pages of conditions, treatments and physicians, home, search and sitemap."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from clinic_site.clinic import active_physicians, current_clinic, picture_sizes
from clinic_site.editing import adds_preview
from clinic_site.models import Clinic, Notice, Physician
from clinic_site.pictures import picture_address, shown_to_staff
from clinic_site.public_page import public_page
from clinic_site.structured_data import physician_data, to_script
from clinic_site.text import folded_words
from conditions.content.document import (
    ConditionDocument,
    PageDocument,
    TreatmentDocument,
    document_of_text,
)
from conditions.models import Condition, Page, Treatment
from conditions.rendering import RenderedPage, page_data, render_page
from conditions.search import (
    clean_query,
    emergencies,
    is_about_money,
    near,
    says_emergency,
    search,
)


@public_page
def home(request: HttpRequest) -> HttpResponse:
    """The first page."""
    return render(request, "conditions/home.html", _all_shown())


@adds_preview(Clinic, _("Preview the first page"))
def preview_home(request: HttpRequest, row: Clinic) -> HttpResponse:
    """The first page of a clinic that is not saved for good."""
    context = {**_all_shown(), "clinic": row, "preview": True}
    return render(request, "conditions/home.html", context)


@public_page
def condition_list(request: HttpRequest) -> HttpResponse:
    """Every published condition and treatment."""
    return render(request, "conditions/condition_list.html", _all_shown())


def _all_shown() -> dict[str, Any]:
    return {
        "conditions": Condition.objects.listed().with_pictures(),
        "treatments": Treatment.objects.published().with_pictures(),
        "physicians": active_physicians(),
    }


@public_page
def physician(request: HttpRequest, slug: str) -> HttpResponse:
    """One physician's bio, and the conditions whose pages name them; 404 for an inactive one."""
    physician = get_object_or_404(Physician.objects.active(), slug=slug)
    photo = picture_address(f"picture:{physician.photo.hash}") if physician.photo else None
    data = physician_data(physician, clinic=current_clinic(), picture_address=photo)
    return _physician(request, physician, structured_data=to_script(data))


@adds_preview(Physician, _("Preview the page"))
def preview_physician(request: HttpRequest, row: Physician) -> HttpResponse:
    """The page of a physician who is not saved for good, active or not."""
    return _physician(request, row, preview=True)


def _physician(request: HttpRequest, physician: Physician, **context: Any) -> HttpResponse:
    conditions = Condition.objects.listed().with_pictures()
    context["conditions"] = conditions.filter(shown_physicians__slug=physician.slug)
    return render(request, "conditions/physician.html", {"physician": physician, **context})


@public_page
def page(request: HttpRequest, model: type[Page], slug: str) -> HttpResponse:
    """The live revision of a condition or treatment; a former address redirects, an unpublished
    page is gone.
    """
    page = model.objects.at(slug).with_texts().first()
    if page is None:
        raise Http404
    if page.live is None:
        return render(request, "410.html", status=410)
    if page.slug != slug:
        return HttpResponsePermanentRedirect(page.get_absolute_url())
    return show_document(request, page, document_of_text(page.live_text))


@functools.lru_cache(maxsize=settings.PAGES_REMEMBERED)
def _published_page(
    document: PageDocument, treatments: tuple[TreatmentDocument, ...], _pictures: frozenset[str]
) -> RenderedPage:
    """Render a page once for as long as its texts, and which pictures there are, stay the same."""
    return render_page(document, treatments)


def show_document(
    request: HttpRequest,
    page: Page,
    document: PageDocument,
    preview: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Show a document of `page` in the public templates: the live one, or a draft to staff, with
    its `findings` and `change_address` in `preview`.
    """
    if isinstance(document, ConditionDocument):
        context = _around_condition(page, document)
    else:
        context = _around_treatment(page)
    treatments = tuple(each.live.page_document for each in context.get("treatments", []))
    template = f"conditions/{document.page_type}.html"
    if preview is not None:
        context |= {"preview": preview, "page": render_page(document, treatments)}
        return shown_to_staff(render(request, template, context))
    rendered = _published_page(document, treatments, frozenset(picture_sizes()))
    address = picture_address(document.picture.source if document.picture else "")
    data = page_data(
        document,
        treatments=treatments,
        clinic=current_clinic(),
        review=page.review,
        picture_address=address,
    )
    context |= {"page": rendered, "picture_address": address, "structured_data": to_script(data)}
    return render(request, template, context)


def _around_condition(page: Page, document: ConditionDocument) -> dict[str, Any]:
    refs = {*document.treatments, *document.related}
    published = Page.objects.published().with_texts().with_pictures()
    named = {(each.kind, each.ref): each for each in published.filter(ref__in=refs)}
    treatments, related = (
        [named[kind, ref] for ref in part if (kind, ref) in named]
        for kind, part in (("treatment", document.treatments), ("condition", document.related))
    )
    for each in treatments:
        each.live.page_document = document_of_text(each.live_text)
    return {
        "treatments": treatments,
        "related": related,
        "physicians": _active(document.physicians),
        "ask_about": document.slug,
        "review": _review(page, *treatments),
    }


def _around_treatment(page: Page) -> dict[str, Any]:
    conditions = list(Condition.objects.listed().filter(offers__treatment=page.pk))
    named = Physician.objects.filter(shown_on__in=conditions).values_list("slug", flat=True)
    return {
        "conditions": conditions,
        "physicians": _active(named) or active_physicians(),
        "ask_about": conditions[0].slug if len(conditions) == 1 else "",
        "review": _review(page),
    }


def _review(page: Page, *parts: Page) -> dict[str, Any]:
    """Return what a page tells of its review, and of that of the treatments that it shows."""
    pages, today = [page, *parts], timezone.localdate()
    published = [each.live.published_at for each in pages if each.live and each.live.published_at]
    return {
        "review": page.review,
        "is_edited": page.edited_since_review,  # words, but no meaning, since the signature
        "updated_at": max(published, default=None),
        "next_due": min((each.review.next_due for each in pages if each.review), default=None),
        "unsigned": [each.live.title for each in pages if each.live and each.review is None],
        "overdue": [each.live.title for each in pages if each.live and each.is_overdue(today)],
    }


def _active(slugs: Iterable[str]) -> list[Physician]:
    """Return the active physicians that the pages name, in the order of the site."""
    named = set(slugs)
    return [each for each in active_physicians() if each.slug in named]


@public_page
def sitemap(request: HttpRequest) -> HttpResponse:
    """The addresses of all public pages, for search engines."""
    fixed = ["home", "condition_list", "physician_list", "contact"]
    fixed += ["request_appointment", "request_find"]
    rows = (*Page.objects.listed(), *active_physicians(), *Notice.objects.all())
    pages = [*map(reverse, fixed), *(row.get_absolute_url() for row in rows)]
    addresses = {"addresses": [settings.SITE_URL + page for page in pages]}
    return render(request, "conditions/sitemap.xml", addresses, content_type="application/xml")


@require_safe
@cache_control(no_store=True)  # what people search is private
def search_page(request: HttpRequest) -> HttpResponse:
    """What was found for `q`; the form alone where it holds no word."""
    query = clean_query(request.GET.get("q", ""))
    searched, about_money, results = bool(folded_words(query)), is_about_money(query), search(query)
    nothing = searched and not results and not about_money
    instead, results = near(query) if nothing else ("", results)
    context = {
        "query": query,
        "most_characters": settings.SEARCH_CHARACTERS,
        "searched": searched,
        "instead": instead,
        "results": results,
        "says_emergency": nothing or says_emergency(query),
        "emergencies": emergencies(instead or query),
        "about_money": about_money,
    }
    return render(request, "conditions/search.html", context)
