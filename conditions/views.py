"""The public pages of conditions and treatments, the home page, and the sitemap."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic_site.clinic import current_clinic
from clinic_site.models import Notice, Physician
from clinic_site.pictures import picture_address
from clinic_site.structured_data import Data, to_script
from conditions.document import ConditionDocument, PageDocument, TreatmentDocument
from conditions.models import Condition, FormerSlug, Page, Revision, Treatment
from conditions.rendering import render_page
from conditions.reviewing import ReviewOfPage, review_of
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
    picture = picture_address(document.picture.source if document.picture else "")
    context: dict[str, Any] = {
        "page": render_page(document),
        "revision": page.live,
        "preview": preview,
        "picture_address": picture,
    }
    if isinstance(document, TreatmentDocument):
        template = "conditions/treatment.html"
        context |= _treatment_context(page, document, picture)
    else:
        template = "conditions/condition.html"
        context |= _condition_context(page, cast(ConditionDocument, document), picture)
    if preview is not None:
        del context["structured_data"]  # what search engines may read
    return render(request, template, context)


def _condition_context(page: Page, document: ConditionDocument, picture: str | None) -> Data:
    named = named_pages([*document.treatments, *document.related])
    treatments = [named[slug] for slug in document.treatments if slug in named]
    physicians = Physician.objects.active().filter(slug__in=document.physicians)
    review = review_of(page, treatments, today=timezone.localdate())
    data = condition_data(
        document,
        treatments=[cast(TreatmentDocument, cast(Revision, t.live).document) for t in treatments],
        **_shown_with(review, picture),
    )
    return {
        "treatments": treatments,
        "related": [named[slug] for slug in document.related if slug in named],
        "physicians": physicians.select_related("photo").defer("photo__content"),
        "ask_about": document.slug,
        "review": review,
        "structured_data": to_script(data),
    }


def _treatment_context(page: Page, document: TreatmentDocument, picture: str | None) -> Data:
    offering = Condition.objects.published().filter(treatments=page) if page.live else []
    names = {page.public_slug, *page.former_slugs.values_list("slug", flat=True)}
    conditions = [each for each in offering if _offers(each, names)]
    review = review_of(page, [], today=timezone.localdate())
    data = treatment_data(
        document,
        conditions=[each.live.document for each in conditions],
        **_shown_with(review, picture),
    )
    return {
        "conditions": conditions,
        "ask_about": conditions[0].live.slug if len(conditions) == 1 else "",
        "review": review,
        "structured_data": to_script(data),
    }


def _shown_with(review: ReviewOfPage, picture: str | None) -> dict[str, Any]:
    """Return what structured data takes beside the documents."""
    signed = review.review
    return {
        "clinic": current_clinic(),
        "site_url": settings.SITE_URL,
        "review": signed
        and Reviewed(reviewer_name=signed.reviewer_name, reviewed_on=signed.reviewed_on),
        "picture_address": picture,
    }


def _offers(condition: Condition, names: set[str]) -> bool:
    """Whether a condition's published page, not just its draft, offers a treatment by its names."""
    document = condition.live.document if condition.live else None
    return isinstance(document, ConditionDocument) and not names.isdisjoint(document.treatments)


def named_pages(slugs: Collection[str]) -> dict[str, Page]:
    """Return the published pages that these addresses, of today or earlier, name; in one query."""
    former = FormerSlug.objects.filter(slug__in=slugs)
    # By keys, so that both halves of the "or" have an index to go by.
    live = Q(live__in=Revision.objects.filter(slug__in=slugs).values("pk"))
    named_before = Subquery(former.filter(page=OuterRef("pk")).values("slug")[:1])
    found = (
        Page.objects.published()
        .filter(live | Q(pk__in=former.values("page")))
        .annotate(former_slug=named_before)
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
