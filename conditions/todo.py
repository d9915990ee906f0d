"""What clinicians and editors still have to do, for the admin's front page and `status`."""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.readiness import Finding, adds_check
from clinic_site.todo import Line, May, adds_shortcuts, adds_todo
from conditions.models import Condition, Page, Treatment


@adds_todo("conditions.change_condition", "conditions.sign_page")
def review_todo(may: May) -> Iterable[Line]:
    """Pages without a signature, with an overdue one, or with one that falls due soon."""
    today = timezone.localdate()
    may_sign = may("conditions.sign_page")
    leads_to = "sign" if may_sign else "revisions"
    soon = Q(review=None) | Q(review__next_due__lte=today + settings.REVIEW_DUE_SOON)
    for model, name in ((Condition, "condition"), (Treatment, "treatment")):
        pages = model.objects.listed().filter(soon)
        for page in pages[: settings.REVIEWS_TO_DO]:
            address = reverse(f"admin:conditions_{name}_{leads_to}", args=[page.pk])
            yield Line(_what_to_do(page, today, may_sign=may_sign), address)
        if (more := pages.count() - settings.REVIEWS_TO_DO) > 0:
            text = ngettext("%d more page to review.", "%d more pages to review.", more) % more
            yield Line(text, reverse(f"admin:conditions_{name}_changelist"))


def _what_to_do(page: Condition | Treatment, today: dt.date, *, may_sign: bool) -> str:
    title = page.live.title if page.live else str(page)
    if page.review is None:
        return (_("Sign “%s”.") if may_sign else _("Have a clinician sign “%s”.")) % title
    values = {"title": title, "due": date_format(page.review.next_due)}
    if page.is_overdue(today):
        return _("Review “%(title)s”: it was due on %(due)s.") % values
    return _("Review “%(title)s” by %(due)s.") % values


@adds_check("reviews")
def reviews_due() -> Finding:
    """How many pages lack a signature or a review; nothing of the site is broken by that."""
    pages = Page.objects.listed()
    due = pages.filter(review__next_due__lt=timezone.localdate()).count()
    return Finding(True, f"{due} due, {pages.filter(review=None).count()} without a signature")


@adds_shortcuts("conditions.view_condition", "conditions.view_treatment")
def pages_changed_last(may: May) -> Iterable[Line]:
    """The editor of each of the pages changed last, the latest first; one query."""
    kinds = [kind for kind in ("condition", "treatment") if may(f"conditions.view_{kind}")]
    drafts = Page.objects.filter(kind__in=kinds, draft__isnull=False)
    latest = drafts.order_by("-draft__saved_at", "-pk").values_list(
        "kind", "pk", "draft__title", "ref"
    )
    for kind, pk, title, ref in latest[: settings.PAGES_CHANGED_LAST]:
        address = reverse(f"admin:conditions_{kind}_change", args=[pk])
        yield Line(title or ref, address)
