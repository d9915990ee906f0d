"""The admin's pages around publishing: publish, preview, history, compare, go back, sign."""

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.access.refused import NotAllowed
from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from conditions.audit import PAGE
from conditions.content.word_diff import compare
from conditions.models import Condition, Treatment
from conditions.models.revision import Review, Revision
from conditions.publishing.drafts import Unfit, draft_of
from conditions.publishing.exporting import page_file
from conditions.publishing.publish import (
    NotPublishable,
    as_it_would_return,
    findings_of,
    publish,
    return_to,
    sign,
    unpublish,
)
from conditions.views import show_document

AnyPage = Condition | Treatment


class PublishForm(forms.Form):
    """What publishing asks: has only the wording changed, or the meaning?"""

    change = forms.ChoiceField(
        label=_("What has changed?"),
        choices=[
            ("wording", _("Wording only: it says the same as before")),
            ("meaning", _("Meaning: it says something else, more, or less")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what has changed: the wording, or the meaning.")},
    )
    note = forms.CharField(
        label=_("Note for your colleagues"), max_length=300, required=False, help_text=_("Why.")
    )
    draft_version = forms.IntegerField(widget=forms.HiddenInput)


class ConfirmForm(forms.Form):
    """A button that does what the page says, to the draft that it was said of."""

    draft_version = forms.IntegerField(widget=forms.HiddenInput)


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


class PublishingAdmin(admin.ModelAdmin):
    """Adds these pages to the admin of a page's model."""

    def get_urls(self) -> list[URLPattern]:
        """The admin's own addresses after ours."""
        views: dict[str, Callable[..., HttpResponse]] = {
            "<int:pk>/publish/": self.publish_view,
            "<int:pk>/unpublish/": self.unpublish_view,
            "<int:pk>/preview/": self.preview_view,
            "<int:pk>/revisions/": self.revisions_view,
            "<int:pk>/compare/": self.compare_view,
            "<int:pk>/return/<int:number>/": self.return_view,
            "<int:pk>/sign/": self.sign_view,
            "<int:pk>/export/": self.export_view,
        }
        ours = [
            path(
                route,
                self.admin_site.admin_view(view),
                name=f"conditions_{self.opts.model_name}_{route.split('/')[1]}",
            )
            for route, view in views.items()
        ]
        return [*ours, *super().get_urls()]

    def address(self, name: str, page: AnyPage, *args: object) -> str:
        """The address of one of these pages, or of `change`."""
        return reverse(f"admin:conditions_{self.opts.model_name}_{name}", args=[page.pk, *args])

    def _page(self, request: HttpRequest, pk: int, permission: str) -> AnyPage:
        """Return the page with its live revision, or raise Http404 or NotAllowed."""
        page = self.model.objects.select_related("live", "review").filter(pk=pk).first()
        if page is None:
            raise Http404
        if not getattr(self, f"has_{permission}_permission")(request, page):
            of = "page" if permission == "sign" else self.opts.model_name
            raise NotAllowed(f"conditions.{permission}_{of}", PAGE, [page.slug])
        return page

    def has_sign_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """A right of its own: an editor does not sign, a clinician does not edit."""
        return request.user.has_perm("conditions.sign_page")

    def _render(
        self, request: HttpRequest, name: str, title: str, page: AnyPage, **context: Any
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/conditions/{name}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "page": page,
                "change_address": self.address("change", page),
                "revisions_address": self.address("revisions", page),
                **context,
            },
        )

    def _back(self, request: HttpRequest, page: AnyPage, message: str) -> HttpResponse:
        self.log_change(request, page, message)
        self.message_user(request, message, messages.SUCCESS)
        return HttpResponseRedirect(self.address("change", page))

    def _told_of_change(self, request: HttpRequest) -> None:
        message = _("Someone else changed this page meanwhile. Look at it again, as it is now.")
        self.message_user(request, message, messages.WARNING)

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what would change and what stands against it; on POST, publish."""
        page = self._page(request, pk, "change")
        form = PublishForm(request.POST or None, initial={"draft_version": page.draft_version})
        if request.method == "POST" and form.is_valid():
            try:
                revision = publish(
                    page=page,
                    by=Actor.staff(request),
                    meaning=form.cleaned_data["change"] == "meaning",
                    note=form.cleaned_data["note"],
                    draft_version=form.cleaned_data["draft_version"],
                )
                message = gettext("Published as number %d. Patients see it now.") % revision.number
                return self._back(request, page, message)
            except EditConflict:
                self._told_of_change(request)
                return HttpResponseRedirect(request.path)
            except NotPublishable:
                pass  # the page below says why
        document = draft_of(page)
        findings = findings_of(page, document)
        return self._render(
            request,
            "publish",
            gettext("Publish “%s”") % document.title,
            page,
            form=form,
            findings=findings,
            blocked=any(each.level == "error" for each in findings),
            changes=compare(page.live.document if page.live else None, document),
            first_time=page.live is None,
        )

    def unpublish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, and on POST take the page from patients."""
        page = self._page(request, pk, "change")
        if page.live is None:
            return HttpResponseRedirect(self.address("change", page))
        if request.method == "POST":
            unpublish(page=page, by=Actor.staff(request))
            return self._back(request, page, gettext("Patients do not see this page any more."))
        title = gettext("Take “%s” off the site") % page.live.title
        offering = (
            Condition.objects.listed().filter(live_treatments=page.pk)
            if isinstance(page, Treatment)
            else []
        )
        return self._render(request, "unpublish", title, page, offering=offering)

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The draft in the public templates, with what is missing beside it."""
        page = self._page(request, pk, "view")
        document = draft_of(page)
        return show_document(
            request,
            page,
            document,
            preview={
                "findings": findings_of(page, document),
                "change_address": self.address("change", page),
            },
        )

    def revisions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The history: every revision, and any two to compare."""
        page = self._page(request, pk, "view")
        revisions = list(
            page.revisions.select_related("published_by")
            .prefetch_related("reviews")
            .defer("document_json")
        )
        return self._render(
            request,
            "revisions",
            gettext("History of “%s”") % page,
            page,
            revisions=revisions,
            compare_address=self.address("compare", page),
            can_return=self.has_change_permission(request, page),
            can_sign=self.has_sign_permission(request),
        )

    def _revision(self, page: AnyPage, number: str | int | None) -> Revision:
        if not str(number).isdecimal():
            raise Http404
        revision = page.revisions.filter(number=int(str(number)[:9])).first()
        if revision is None:
            raise Http404
        return revision

    def compare_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What changed from one revision to another."""
        page = self._page(request, pk, "view")
        numbers = request.GET.get("from"), request.GET.get("to")
        old, new = (self._revision(page, number) for number in numbers)
        title = gettext("From number %(old)d to number %(new)d") % {
            "old": old.number,
            "new": new.number,
        }
        changes = compare(old.document, new.document)
        return self._render(request, "compare", title, page, changes=changes)

    def return_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Show what going back to an earlier revision changes; on POST, do it."""
        page = self._page(request, pk, "change")
        revision = self._revision(page, number)
        form = ConfirmForm(request.POST or None, initial={"draft_version": page.draft_version})
        problems: list[str] = []
        if request.method == "POST" and form.is_valid():
            try:
                made = return_to(
                    revision=revision,
                    by=Actor.staff(request),
                    draft_version=form.cleaned_data["draft_version"],
                )
                message = gettext("Published number %(old)d again, as number %(new)d.")
                return self._back(request, page, message % {"old": number, "new": made.number})
            except EditConflict:
                self._told_of_change(request)
                return HttpResponseRedirect(request.path)
            except NotPublishable as error:
                problems = [f"{each.where}: {each.message}" for each in error.findings]
            except Unfit as error:
                problems = [str(error)]
        draft = draft_of(page)
        live = page.live.document if page.live else None
        return self._render(
            request,
            "return",
            gettext("Go back to number %d") % number,
            page,
            form=form,
            problems=problems,
            changes=compare(live, as_it_would_return(revision)),
            unpublished=[] if live == draft else compare(live, draft),
        )

    def sign_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a clinician signs and what changed since the last signature; on POST, sign."""
        page = self._page(request, pk, "sign")
        if page.live is None:
            self.message_user(request, _("Publish the page first."), messages.WARNING)
            return HttpResponseRedirect(self.address("revisions", page))
        signs_as = cast(User, request.user).signs_as
        initial = {
            "number": page.live.number,
            "next_due": timezone.localdate() + settings.REVIEW_LASTS,
        }
        form = SignForm(request.POST or None, initial=initial)
        if request.method == "POST" and signs_as and form.is_valid():
            try:
                review = sign(
                    revision=self._revision(page, form.cleaned_data["number"]),
                    by=Actor.staff(request),
                    next_due=form.cleaned_data["next_due"],
                )
            except EditConflict:
                self._told_of_change(request)
                return HttpResponseRedirect(request.path)
            message = gettext("Signed by %s.") % review.reviewer_name
            self.log_change(request, page, message)
            self.message_user(request, message, messages.SUCCESS)
            return HttpResponseRedirect(self.address("revisions", page))
        last = Review.objects.filter(revision__page=page).select_related("revision").first()
        return self._render(
            request,
            "sign",
            gettext("Sign “%s”") % page.live.title,
            page,
            form=form,
            signs_as=signs_as,
            last=last,
            changes=compare(last.revision.document, page.live.document) if last else [],
        )

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page as a content file: what patients see, else the draft."""
        page = self._page(request, pk, "view")
        text = page_file(page) or page_file(page, draft=True)
        response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
        name = f"{self.opts.model_name}-{page.slug}.yaml"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
