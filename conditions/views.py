"""The public pages of conditions and treatments, the home page, and the sitemap."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from clinic_site.models import Notice, Physician
from conditions.models import Condition, Treatment
from conditions.rendering import render_page


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
    """A condition's live revision; 404 where it has none."""
    condition = get_object_or_404(Condition.objects.published(), slug=slug)
    document = condition.live.document
    treatments = Treatment.objects.published().in_bulk(document.treatments, field_name="slug")
    physicians = Physician.objects.active().in_bulk(document.physicians, field_name="slug")
    return render(
        request,
        "conditions/condition.html",
        {
            "page": render_page(document),
            "revision": condition.live,
            "treatments": [treatments[s].live for s in document.treatments if s in treatments],
            "physicians": [physicians[s] for s in document.physicians if s in physicians],
            "ask_about": slug,
        },
    )


@require_safe
def treatment(request: HttpRequest, slug: str) -> HttpResponse:
    """A treatment's live revision, and the conditions that offer it; 404 where it has none."""
    treatment = get_object_or_404(Treatment.objects.published(), slug=slug)
    conditions = [
        condition.live
        for condition in Condition.objects.published().filter(treatments=treatment)
        if slug in condition.live.document.treatments
    ]
    return render(
        request,
        "conditions/treatment.html",
        {
            "page": render_page(treatment.live.document),
            "revision": treatment.live,
            "conditions": conditions,
            "ask_about": conditions[0].document.slug if len(conditions) == 1 else "",
        },
    )


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
