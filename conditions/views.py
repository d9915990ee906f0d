"""The public pages of conditions and treatments, the home page, and the sitemap."""

from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic_site.clinic import current_clinic
from clinic_site.models import Notice, Physician
from clinic_site.pictures import picture_address
from clinic_site.structured_data import to_script
from conditions.document import ConditionDocument, PageDocument
from conditions.models import Condition, Page, Review, Treatment
from conditions.rendering import render_page
from conditions.reviewing import review_of
from conditions.structured_data import Reviewed, condition_data, treatment_data


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Who the clinic is, what it treats, how to reach it."""
    return render(
        request,
        "conditions/home.html",
        {
            "conditions": Condition.objects.published(),
            "treatments": Treatment.objects.published(),
            "physicians": Physician.objects.active(),
        },
    )


@require_safe
def condition_list(request: HttpRequest) -> HttpResponse:
    """Every published condition and treatment."""
    return render(
        request,
        "conditions/condition_list.html",
        {
            "conditions": Condition.objects.published(),
            "treatments": Treatment.objects.published(),
        },
    )


@require_safe
def condition(request: HttpRequest, slug: str) -> HttpResponse:
    """A condition's live revision; a former address redirects, an unpublished page is gone."""
    return _page(request, Condition, slug)


@require_safe
def treatment(request: HttpRequest, slug: str) -> HttpResponse:
    """A treatment's live revision; a former address redirects, an unpublished page is gone."""
    return _page(request, Treatment, slug)


def _page(
    request: HttpRequest, model: type[Condition] | type[Treatment], slug: str
) -> HttpResponse:
    page = model.objects.published().filter(live__slug=slug).first()
    if page is not None:
        return show_document(request, page, page.live.document)
    moved = model.objects.published().filter(former_slugs__slug=slug).first()
    if moved is not None:
        return HttpResponsePermanentRedirect(moved.get_absolute_url())
    if model.objects.filter(live=None, revisions__slug=slug).exists():
        return render(request, "410.html", status=410)
    raise Http404


def show_document(
    request: HttpRequest,
    page: Condition | Treatment,
    document: PageDocument,
    preview: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Show a document of `page` in the public templates: the live one, or a draft to staff.

    `preview` holds the `findings` and the `change_address` of a draft.
    """
    today = timezone.localdate()
    picture = document.picture.source if document.picture else ""
    context: dict[str, Any] = {
        "page": render_page(document),
        "revision": page.live,
        "preview": preview,
        "picture_address": picture_address(picture),
    }
    if isinstance(document, ConditionDocument):
        named = named_pages([*document.treatments, *document.related])
        treatments = [named[slug] for slug in document.treatments if slug in named]
        physicians = Physician.objects.active().filter(slug__in=document.physicians)
        context |= {
            "treatments": treatments,
            "related": [named[slug] for slug in document.related if slug in named],
            "physicians": physicians.select_related("photo").defer("photo__content"),
            "ask_about": document.slug,
            "review": review_of(page, treatments, today=today),
        }
        data = condition_data(
            document,
            treatments=[each.live.document for each in treatments],
            **_shown_with(context),
        )
        template = "conditions/condition.html"
    else:
        offering = Condition.objects.published().filter(treatments=page)
        conditions = [each for each in offering if page.live and _offers(each, page)]
        context |= {
            "conditions": conditions,
            "ask_about": conditions[0].live.slug if len(conditions) == 1 else "",
            "review": review_of(page, [], today=today),
        }
        data = treatment_data(
            document,
            conditions=[each.live.document for each in conditions],
            **_shown_with(context),
        )
        template = "conditions/treatment.html"
    if preview is None:
        context["structured_data"] = to_script(data)
    return render(request, template, context)


def _shown_with(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what structured data takes beside the documents."""
    signed: Review | None = context["review"].review
    return {
        "clinic": current_clinic(),
        "site_url": settings.SITE_URL,
        "review": signed
        and Reviewed(reviewer_name=signed.reviewer_name, reviewed_on=signed.reviewed_on),
        "picture_address": context["picture_address"],
    }


def _offers(condition: Condition, treatment: Condition | Treatment) -> bool:
    """Whether the published page of a condition, not just its draft, offers a treatment."""
    document = condition.live.document if condition.live else None
    return isinstance(document, ConditionDocument) and treatment.slug in document.treatments


def named_pages(slugs: Collection[str]) -> dict[str, Page]:
    """Return the published pages that these addresses, of today or earlier, name; in one query."""
    found = (
        Page.objects.published()
        .filter(Q(live__slug__in=slugs) | Q(former_slugs__slug__in=slugs))
        .annotate(former_slug=F("former_slugs__slug"))
    )
    named: dict[str, Page] = {}
    for page in found:
        named[page.live.slug] = page
        if page.former_slug:
            named[page.former_slug] = page
    return named


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """The addresses of all public pages, for search engines."""
    pages = [reverse(name) for name in ("home", "condition_list", "physician_list", "contact")]
    pages.append(reverse("request_appointment"))
    for rows in (
        Condition.objects.published(),
        Treatment.objects.published(),
        Physician.objects.active(),
        Notice.objects.all(),
    ):
        pages += [row.get_absolute_url() for row in rows]
    return render(
        request,
        "conditions/sitemap.xml",
        {"addresses": [settings.SITE_URL + page for page in pages]},
        content_type="application/xml",
    )
