"""Whether a clinician's signature stands under a page."""

import datetime as dt
import enum
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from conditions.models.page import Page
from conditions.models.revision import Revision


class Review(models.Model):
    """A clinician's signature under a revision: who read it, when, and when to read it again."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    reviewer_name = models.CharField(
        _("name"), max_length=120, help_text=_("As patients read it: Dr. Jane Doe")
    )
    reviewed_on = models.DateField(_("reviewed"))
    next_due = models.DateField(_("next review due"))

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-reviewed_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reviewer_name=""), name="review_has_reviewer_name"
            ),
            models.CheckConstraint(
                condition=models.Q(next_due__gt=models.F("reviewed_on")),
                name="review_due_after_reviewed",
                violation_error_message=_("The next review must be due after this one."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer_name}, {self.reviewed_on}"


class ReviewState(enum.Enum):
    """Whether a clinician's signature stands under a page."""

    UNSIGNED = enum.auto()
    OVERDUE = enum.auto()
    SIGNED = enum.auto()


def review_state(page: Page, *, today: dt.date) -> ReviewState:
    """Return the state of one page, on `today` in the clinic's time zone."""
    if page.review is None:
        return ReviewState.UNSIGNED
    if page.review.next_due < today:
        return ReviewState.OVERDUE
    return ReviewState.SIGNED


@dataclass(frozen=True)
class ReviewOfPage:
    """What a page tells of its review, and of that of its parts.

    `review` is the page's own signature, and `is_edited` says that words, but no meaning, were
    changed since; `unsigned` and `overdue` are the titles of parts, the page itself among them.
    `updated_at` is when the latest of them was published, `next_due` the first day on which one
    is to be read again.
    """

    review: Review | None
    is_edited: bool
    updated_at: dt.datetime | None
    next_due: dt.date | None
    unsigned: list[str]
    overdue: list[str]

    @property
    def is_unsigned(self) -> bool:
        """Whether the page itself has no signature."""
        return self.review is None


def review_of(page: Page, parts: Iterable[Page], *, today: dt.date) -> ReviewOfPage:
    """Return the review of a page that shows `parts` (a condition's treatments) as well."""
    pages = [page, *parts]
    states = [(each, review_state(each, today=today)) for each in pages]
    published = [each.live.published_at for each in pages if each.live and each.live.published_at]

    def titles(state: ReviewState) -> list[str]:
        return [each.live.title for each, found in states if found == state and each.live]

    return ReviewOfPage(
        review=page.review,
        is_edited=page.review is not None and page.edited_since_review,
        updated_at=max(published, default=None),
        next_due=min((each.review.next_due for each in pages if each.review), default=None),
        unsigned=titles(ReviewState.UNSIGNED),
        overdue=titles(ReviewState.OVERDUE),
    )
