"""What clinicians and editors still have to do, for the list on the admin's front page."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.tasks import Task, adds_tasks
from conditions.models import Condition, Treatment
from conditions.reviewing import DUE_SOON


@adds_tasks
def review_tasks() -> Iterable[Task]:
    """Pages without a signature, with an overdue one, or with one that falls due soon."""
    today = timezone.localdate()
    for model, name in ((Condition, "condition"), (Treatment, "treatment")):
        pages = model.objects.published().defer("live__document_json", "search_text")
        for page in pages:
            address = reverse(f"admin:conditions_{name}_sign", args=[page.pk])
            title = page.live.title
            if page.review is None:
                yield Task(_("Have a clinician sign “%s”.") % title, address)
                continue
            due = date_format(page.review.next_due)
            if page.review.next_due < today:
                yield Task(
                    _("Review “%(title)s”: it was due on %(due)s.") % {"title": title, "due": due},
                    address,
                )
            elif page.review.next_due <= today + DUE_SOON:
                yield Task(
                    _("Review “%(title)s” by %(due)s.") % {"title": title, "due": due}, address
                )
