"""The admin's pages around publishing: publish, take off the site, sign, save as a file."""

import datetime as dt

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.actor import Actor
from conditions.content.word_diff import compare
from conditions.editor.base import PageViews, person
from conditions.models import Condition, Page, Review
from conditions.publishing.form_state import copy_of, draft_document
from conditions.publishing.publish import NotPublishable, findings_of, publish, unpublish
from conditions.publishing.signing import changes_to_sign, sign


class PublishForm(forms.Form):
    """Which revision was shown, and which of the two buttons was pressed."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    clinical_change = forms.ChoiceField(
        choices=[("no", _("Same meaning")), ("yes", _("Meaning changed"))],
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
        """A review that is due already would be overdue at once."""
        due = self.cleaned_data["next_due"]
        if due <= timezone.localdate():
            raise forms.ValidationError(_("Choose a day after today."))
        return due


class PublishViews(PageViews):
    """What puts a text before patients, takes it from them, or puts a name under it."""

    def publish_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Show what would change and what stands against it; on POST, publish."""
        assert page.draft is not None
        form = PublishForm(request.POST or None, initial={"revision": page.draft.number})
        if request.method == "POST" and form.is_valid():
            try:
                revision = publish(
                    page=page,
                    revision=self.revision_of(page, form.cleaned_data["revision"]),
                    by=Actor.staff(request),
                    clinical_change=form.cleaned_data["clinical_change"] == "yes",
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
            gettext("Publish “%s”") % document.title,
            page,
            form=form,
            errors=[each for each in findings if each.level == "error"],
            warnings=[each for each in findings if each.level != "error"],
            changes=compare(page.live.page_document if page.live else None, document),
            unsaved=copy_of(page, person(request)),
        )

    def unpublish_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Ask, and on POST take the page from patients."""
        if page.live is None:
            return HttpResponseRedirect(self.address("change", page))
        if request.method == "POST":
            unpublish(page=page, by=Actor.staff(request))
            return self.done(request, page, gettext("Patients do not see this page any more."))
        title = gettext("Take “%s” off the site") % page.live.title
        offering = Condition.objects.listed().filter(offers__treatment=page.pk)
        return self.shown(request, "unpublish", title, page, offering=offering)

    def sign_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Show what a clinician signs and what changed since the last signature; on POST, sign."""
        if page.live is None:
            self.message_user(request, _("Publish the page first."), messages.WARNING)
            return HttpResponseRedirect(self.address("revisions", page))
        signs_as = person(request).signs_as
        initial = {
            "number": page.live.number,
            "next_due": timezone.localdate() + settings.REVIEW_LASTS,
        }
        form = SignForm(request.POST or None, initial=initial)
        if request.method == "POST" and signs_as and form.is_valid():
            review = sign(
                revision=self.revision_of(page, form.cleaned_data["number"]),
                by=Actor.staff(request),
                next_due=form.cleaned_data["next_due"],
            )
            message = gettext("Signed by %s.") % review.reviewer_name
            return self.done(request, page, message, self.address("revisions", page))
        last = Review.objects.filter(revision__page=page).select_related("revision").first()
        return self.shown(
            request,
            "sign",
            gettext("Sign “%s”") % page.live.title,
            page,
            form=form,
            signs_as=signs_as,
            last=last,
            changes=[*changes_to_sign(last.revision.page_document, page.live.page_document)]
            if last
            else [],
        )

    def export_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """The page as a content file: what patients see, else the draft, which `?draft=1` is."""
        text = draft_document(page).to_yaml()
        if page.live is not None and "draft" not in request.GET:
            text = page.live.page_document.to_yaml()
        response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
        name = f"{page.kind}-{page.ref}.yaml"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
