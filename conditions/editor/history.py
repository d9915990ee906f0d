"""The history of a page: every text that was saved or set aside, compared and taken back."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.translation import gettext

from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from conditions.content.word_diff import changes, compare
from conditions.editor.base import PageViews, person
from conditions.models import Page, Revision
from conditions.publishing.drafts import discard, revert_to
from conditions.publishing.form_state import copy_of, draft_document, form_of, state_of


class HistoryViews(PageViews):
    """All that was ever typed on a page, and the way back to it."""

    def revisions_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Every revision, the newest first, and what people have typed and not saved."""
        rows = page.revisions.select_related("saved_by", "published_by").defer("document")
        copies = [
            (copy, changes(state.draft, state.values))
            for copy in page.working_copies.select_related("person").order_by("at")
            for state in [state_of(page, copy)]
        ]
        pages = Paginator(rows.prefetch_related("reviews"), settings.REVISIONS_SHOWN)
        return self.shown(
            request,
            "revisions",
            gettext("History of “%s”") % page,
            page,
            revisions=pages.get_page(request.GET.get("p")),
            copies=copies,
        )

    def revision_view(self, request: HttpRequest, page: Page, number: int) -> HttpResponse:
        """One revision beside another: `?with=` a number, "live", or else the one saved before."""
        revision = self.revision_of(page, number)
        before = page.revisions.filter(number__lt=number, by_hand=True).first()
        beside = request.GET.get("with", "")
        other = (page.live if beside == "live" else None) or before
        if beside not in ("", "live"):
            other = self.revision_of(page, beside)
        numbers = page.revisions.exclude(pk=revision.pk).values_list("number", flat=True)
        return self.shown(
            request,
            "revision",
            gettext("Number %(number)d of “%(title)s”") % {"number": number, "title": page},
            page,
            revision=revision,
            other=other,
            beside=beside,
            numbers=numbers[: settings.REVISIONS_SHOWN],
            changes=compare(other.page_document if other else None, revision.page_document),
        )

    def take_view(self, request: HttpRequest, page: Page, number: int) -> HttpResponse:
        """Show what taking an earlier text back changes; on POST, make it the draft."""
        revision = self.revision_of(page, number)
        if request.method == "POST":
            self._revert(request, page, revision, gettext("Back to number %d") % number)
            message = gettext("Number %d is the draft again. Patients do not see it yet.")
            return self.done(request, page, message % number)
        return self.shown(
            request,
            "take",
            gettext("Take number %d back") % number,
            page,
            changes=compare(draft_document(page), revision.page_document),
            unsaved=copy_of(page, person(request)),
        )

    def _revert(self, request: HttpRequest, page: Page, revision: Revision, note: str) -> None:
        assert page.draft is not None
        if request.POST.get("draft") != str(page.draft.number):  # another one was shown
            raise EditConflict
        by = Actor.staff(request)
        revert_to(page=page, revision=revision, by=by, draft=page.draft, note=note)

    def discard_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Ask what to discard, showing it; on POST, set it aside and say how to take it back."""
        what = request.POST.get("what", "")
        if request.method == "POST" and what == "typed":
            return self._discarded(request, page, discard(page=page, by=Actor.staff(request)))
        if request.method == "POST" and what == "draft" and page.live is not None:
            self._revert(request, page, page.live, gettext("Back to what patients see"))
            return self._discarded(request, page, page.draft)
        state = form_of(page, person(request))
        return self.shown(
            request,
            "discard",
            gettext("Discard changes to “%s”") % page,
            page,
            typed=changes(state.values, state.draft) if state.typed_at else [],
            saved=compare(draft_document(page), page.live.page_document) if page.live else [],
        )

    def _discarded(self, request: HttpRequest, page: Page, kept: Revision | None) -> HttpResponse:
        if kept is not None:
            text = gettext("Discarded. It is kept as number %d in the history.") % kept.number
            self.log_change(request, page, text)
            undo = self.address("take", page, kept.number)
            link = format_html('<a href="{}">{}</a>', undo, gettext("Undo"))
            self.message_user(request, format_html("{} {}", text, link))
        return HttpResponseRedirect(self.address("change", page))
