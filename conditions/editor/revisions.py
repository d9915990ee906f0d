"""The admin's pages on a page's texts: publish, sign, export, compare, take back, discard."""

import datetime as dt

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from conditions.content.parts import changes, compare
from conditions.editor.views import PageViews, is_shown, person
from conditions.models import Condition, Page, Review, Revision
from conditions.publishing.drafts import (
    discard,
    draft_document,
    form_of,
    revert_to,
    unsaved,
)
from conditions.publishing.publish import NotPublishable, findings_of, publish, unpublish
from conditions.publishing.signing import changes_to_sign, sign


class PublishForm(forms.Form):
    """Which revision was shown, and which of the two buttons was pressed."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    clinical_change = forms.TypedChoiceField(
        choices=[("no", ""), ("yes", "")],
        coerce=lambda sent: sent == "yes",
        error_messages={"required": _("Choose what has changed: the wording, or the meaning.")},
    )


class SignForm(forms.ModelForm):
    """A clinician's signature: that they read the page, and when it is to be read again."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    read = forms.BooleanField(
        label=_("I have read this page and its sources, and I answer for it."),
        error_messages={"required": _("Tick this once you have read the page.")},
    )

    class Meta:
        model = Review
        fields = ["next_due"]
        widgets = {"next_due": forms.DateInput(attrs={"type": "date"})}

    def clean_next_due(self) -> dt.date:
        due = self.cleaned_data["next_due"]
        if due <= timezone.localdate():
            raise forms.ValidationError(_("Choose a day after today."))
        if due - timezone.localdate() > settings.REVIEW_WITHIN:
            years = settings.REVIEW_WITHIN.days // 366
            raise forms.ValidationError(_("Choose a day within %d years.") % years)
        return due


class RevisionViews(PageViews):
    """What is done with the texts of a page, beside editing: asked on GET, done on POST."""

    def publish_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        assert page.draft is not None
        form = PublishForm(request.POST or None, initial={"revision": page.draft.number})
        if request.method == "POST" and form.is_valid():
            try:
                revision = publish(
                    page=page,
                    revision=_revision(page, form.cleaned_data["revision"]),
                    by=Actor.staff(request),
                    clinical_change=form.cleaned_data["clinical_change"],
                )
                message = gettext("Published as number %d. Patients see it now.") % revision.number
                return self.done(request, page, message)
            except NotPublishable:
                pass  # the page below says why
        document = draft_document(page)
        findings = findings_of(page, document)
        return self.shown(
            request,
            "publish",
            gettext("Publish “%s”") % page,
            page,
            form=form,
            errors=[each for each in findings if each.level == "error"],
            warnings=[each for each in findings if each.level != "error"],
            changes=compare(page.live.page_document if page.live else None, document),
            unsaved=form_of(page, person(request)).typed_at,
        )

    def unpublish_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        if page.live is None:
            return HttpResponseRedirect(self.address("change", page))
        if request.method == "POST":
            unpublish(page=page, by=Actor.staff(request))
            return self.done(request, page, gettext("Patients do not see this page any more."))
        title = gettext("Take “%s” off the site") % page.live.title
        offering = Condition.objects.listed().filter(offers__treatment=page.pk)
        return self.shown(request, "unpublish", title, page, offering=offering)

    def sign_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        if page.live is None:
            self.message_user(request, _("Publish the page first."), messages.WARNING)
            return HttpResponseRedirect(self.address("revisions", page))
        signs_as = person(request).signs_as
        due = timezone.localdate() + settings.REVIEW_LASTS
        form = SignForm(request.POST or None, initial={"number": page.live.number, "next_due": due})
        if request.method == "POST" and signs_as and form.is_valid():
            try:
                review = sign(
                    revision=_revision(page, form.cleaned_data["number"]),
                    by=Actor.staff(request),
                    next_due=form.cleaned_data["next_due"],
                )
                message = gettext("Signed by %s.") % review.reviewer_name
                return self.done(request, page, message, self.address("revisions", page))
            except EditConflict:
                page = self.page_for(request, page.pk, "sign")
                if page.live is None:
                    raise
                self.tell_changed(request)
                # The day stays as it was typed; the tick is asked for anew.
                form = SignForm({"number": page.live.number, "next_due": form["next_due"].value()})
        assert page.live is not None
        last = Review.objects.filter(revision__page=page).select_related("revision").first()
        signed = last and last.revision.page_document
        return self.shown(
            request,
            "sign",
            gettext("Sign “%s”") % page.live.title,
            page,
            form=form,
            signs_as=signs_as,
            last=last,
            changes=[*changes_to_sign(signed, page.live.page_document)] if signed else [],
        )

    def export_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """The page as a content file: what patients see, else the draft."""
        revision = page.live or page.draft
        assert revision is not None
        name = f'attachment; filename="{page.kind}-{page.ref}.yaml"'
        headers = {"Content-Disposition": name}
        text = revision.page_document.to_yaml()
        return HttpResponse(text, "application/yaml; charset=utf-8", headers=headers)

    def revisions_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        rows = page.revisions.select_related("saved_by", "published_by").defer("document")
        pages = Paginator(rows.prefetch_related("reviews"), settings.REVISIONS_SHOWN)
        return self.shown(
            request,
            "revisions",
            gettext("History of “%s”") % page,
            page,
            revisions=pages.get_page(request.GET.get("p")),
            copies=[(copy, changes(state.draft, state.values)) for copy, state in unsaved(page)],
        )

    def revision_view(self, request: HttpRequest, page: Page, number: int) -> HttpResponse:
        """One revision beside another: `?with=` a number, "live", or else the one saved before."""
        revision = _revision(page, number)
        beside = request.GET.get("with", "")
        other = page.live if beside == "live" else _revision(page, beside) if beside else None
        other = other or page.revisions.filter(number__lt=number, by_hand=True).first()
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
        revision = _revision(page, number)
        if request.method == "POST":
            self._revert(request, page, revision, gettext("Back to number %d") % number)
            message = gettext("Number %d is the draft again. Patients do not see it yet.")
            if is_shown(page, revision.page_document):
                message = gettext("Number %d is the draft again. It is what patients see.")
            return self.done(request, page, message % number)
        return self.shown(
            request,
            "take",
            gettext("Take number %d back") % number,
            page,
            changes=compare(draft_document(page), revision.page_document),
            unsaved=form_of(page, person(request)).typed_at,
        )

    def _revert(self, request: HttpRequest, page: Page, revision: Revision, note: str) -> None:
        draft = page.draft
        if draft is None or request.POST.get("draft") != str(draft.number):  # another was shown
            raise EditConflict
        revert_to(page=page, revision=revision, by=Actor.staff(request), draft=draft, note=note)

    def discard_view(self, request: HttpRequest, page: Page) -> HttpResponse:
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


def _revision(page: Page, number: int | str) -> Revision:
    if not str(number).isdecimal():
        raise Http404
    return get_object_or_404(page.revisions, number=int(str(number)[:9]))
