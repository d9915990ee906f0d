"""Conditions and treatments in Django's admin: edit the draft, then publish it."""

import re
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.access.models import User
from clinic_site.keeps_typed import KeepsTyped
from clinic_site.models import Picture
from clinic_site.pictures import DRAWINGS
from conditions.content import document
from conditions.content.document import CONDITION_KINDS, TREATMENT_KINDS
from conditions.content.readability import section_grade
from conditions.editor.publish import PublishingAdmin
from conditions.models import (
    Condition,
    ConditionTreatment,
    Page,
    Section,
    SectionKind,
    Source,
    Treatment,
)
from conditions.publishing.drafts import draft_of, mark_changed
from conditions.publishing.publish import findings_of


def picture_choices() -> list[tuple[str, Any]]:
    """Return the pictures that a page can show: this site's drawings, then what was uploaded."""
    drawings = sorted(path.stem for path in DRAWINGS.glob("*.svg"))
    return [
        ("", _("No picture")),
        *((f"drawing:{name}", _("Drawing: %s") % name) for name in drawings if name != "mark"),
        *((f"picture:{each.hash}", each.alt) for each in Picture.objects.only("hash", "alt")),
    ]


# What is written by publishing, signing and saving, never by an editor's form.
NOT_OF_THE_DRAFT = {
    *("id", "page_ptr", "draft_version", "changed_by", "live", "review"),
    "edited_since_review",
}
# What a page's form calls its rows of each kind.
PREFIXES: dict[type[models.Model], str] = {
    Section: "sections",
    Source: "sources",
    ConditionTreatment: "offers",
}


def with_orphans_as_new(post: QueryDict, prefix: str, model: type[models.Model]) -> QueryDict:
    """Return a formset's data in which rows that are no longer there are new ones.

    Django wants rows that exist first; a row whose id is gone would be refused without a word.
    """
    if not post.get(f"{prefix}-TOTAL_FORMS", "").isdecimal():
        return post
    total = min(int(str(post[f"{prefix}-TOTAL_FORMS"])), 1000)
    ids = [str(post.get(f"{prefix}-{n}-id", "")) for n in range(total)]
    there = set(
        model._default_manager.filter(pk__in=[int(i) for i in ids if i.isdecimal()]).values_list(
            "pk", flat=True
        )
    )
    known = [n for n in range(total) if ids[n].isdecimal() and int(ids[n]) in there]
    order = [*known, *(n for n in range(total) if n not in known)]
    mended = post.copy()
    for key in post:
        if re.match(rf"{re.escape(prefix)}-\d+-", key):
            del mended[key]
    for new, old in enumerate(order):
        start = f"{prefix}-{old}-"
        for key in post:
            if key.startswith(start):
                mended.setlist(f"{prefix}-{new}-{key.removeprefix(start)}", post.getlist(key))
        if old not in known:
            mended[f"{prefix}-{new}-id"] = ""
    mended[f"{prefix}-INITIAL_FORMS"] = str(len(known))
    return mended


class PageForm(forms.ModelForm):
    """The draft of a page. It knows which save it began from, so that none is lost unseen."""

    began_from = forms.IntegerField(widget=forms.HiddenInput, required=False)
    picture_source = forms.ChoiceField(label=_("Picture"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "picture_source" in self.fields:
            cast(forms.ChoiceField, self.fields["picture_source"]).choices = picture_choices()
        if "began_from" in self.fields:
            self.fields["began_from"].initial = self.instance.draft_version

    def clean(self) -> dict[str, Any]:
        """Tell an editor whose page was saved by someone else meanwhile; the next save wins."""
        cleaned = super().clean() or {}
        if self.instance.pk is None:
            return cleaned
        now = Page.objects.select_for_update(of=("self",)).get(pk=self.instance.pk)
        if cleaned.get("began_from") != now.draft_version:
            who = now.changed_by.get_username() if now.changed_by else gettext("Someone else")
            self.add_error(
                None,
                format_html(
                    gettext(
                        "{} saved this page while you were editing it. Nothing of yours is saved "
                        'yet: it is all below. <a href="{}" target="_blank">See the page as it is '
                        "saved now</a>. Put together what should stay; saving again replaces "
                        "theirs by yours."
                    ),
                    who,
                    "../preview/",
                ),
            )
            self.data = self.data.copy()  # type: ignore[attr-defined]
            self.data["began_from"] = str(now.draft_version)  # type: ignore[index]
        return cleaned


class SectionInline(admin.StackedInline):
    """The sections of a page, which stand on it in the order of their kinds."""

    model = Section
    extra = 0
    fields = [("kind", "school_grade"), "heading", "body"]
    readonly_fields = ["school_grade"]
    formfield_overrides = {
        models.TextField: {"widget": forms.Textarea(attrs={"rows": 14, "cols": 90})}
    }
    kinds: tuple[str, ...]

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the kinds that belong on this type of page."""
        if db_field.name == "kind":
            kwargs["choices"] = [(kind, SectionKind(kind).label) for kind in self.kinds]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    @admin.display(description=_("school grade"))
    def school_grade(self, section: Section) -> str:
        """How hard the section reads, as it is saved: the aim is 6, the ceiling 8."""
        if not section.pk:
            return "-"
        grade = section_grade(
            document.Section(kind=section.kind, heading=section.heading, body=section.body)
        )
        return "-" if grade is None else f"{grade:.1f}"


class ConditionSectionInline(SectionInline):
    """The sections of a condition."""

    kinds = CONDITION_KINDS


class TreatmentSectionInline(SectionInline):
    """The sections of a treatment."""

    kinds = TREATMENT_KINDS


class SourceInline(admin.StackedInline):
    """The sources that a page cites."""

    model = Source
    extra = 0
    fields = [("key", "position", "year"), "title", "publisher", "url"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}


class OfferInline(admin.StackedInline):
    """The treatments that a condition's page offers."""

    model = ConditionTreatment
    extra = 0
    fields = [("treatment", "position")]
    verbose_name = _("treatment")
    verbose_name_plural = _("treatments")


class PageAdmin(KeepsTyped, PublishingAdmin):
    """What the admin of conditions and of treatments share."""

    form = PageForm
    change_form_template = "admin/conditions/change_form.html"
    list_display = ["title", "slug", "is_published", "is_signed", "changed_at"]
    list_select_related = ["live", "review"]
    search_fields = ["title"]
    ordering = ["title", "pk"]

    @admin.display(description=_("published"), boolean=True)
    def is_published(self, page: Page) -> bool:
        """Whether patients can see the page."""
        return page.live_id is not None

    @admin.display(description=_("signed"), boolean=True)
    def is_signed(self, page: Page) -> bool:
        """Whether a clinician's signature stands under it."""
        return page.review_id is not None

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Without the long texts that a list does not show."""
        return super().get_queryset(request).defer("live__document_json")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """Make the address from the title for a new page; a known one stays as it is."""
        return {} if obj is not None else {"slug": ["title"]}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A page that was ever published is kept, with its history."""
        if obj is not None and obj.revisions.exists():
            return False
        return super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None in bulk: deleting goes page by page, by the rule above."""
        return {}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what the checks find in the saved draft above the form."""
        page = self.get_object(request, object_id)
        extra = dict(extra_context or {})
        if page is not None and request.method == "GET":
            extra["findings"] = findings_of(page, draft_of(page))
        return super().change_view(request, object_id, form_url, extra)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the rows so that two may exchange what must be unlike: a key, a treatment."""
        if formset.model not in (Source, ConditionTreatment):
            super().save_formset(request, form, formset, change)
            return
        rows = formset.save(commit=False)
        old = [row.pk for row in (*formset.deleted_objects, *rows) if row.pk]
        formset.model.objects.filter(pk__in=old).delete()
        for row in rows:
            row.save(force_insert=True)
        formset.save_m2m()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the draft's rows, and count the save."""
        super().save_related(request, form, formsets, change)
        mark_changed(form.instance, by=cast(User, request.user))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the draft's own columns, and say that patients do not see it yet.

        What publishing and signing write is left as it is in the database: someone may publish
        or sign while this form is open.
        """
        if change:
            columns = {field.name for field in obj._meta.concrete_fields} - NOT_OF_THE_DRAFT
            obj.save(update_fields=columns)
        else:
            obj.save()
        if "_publish" not in request.POST:
            seen = _("They see the page as it was published last.") if obj.live_id else ""
            message = format_html("{} {}", _("Saved as a draft. Patients do not see it yet."), seen)
            self.message_user(request, message)

    def view_on_site(self, obj: Any) -> str | None:
        """The public page, where there is one."""
        return obj.get_absolute_url() if obj.live_id else None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Take rows that someone else has removed meanwhile as new ones, so that none is lost."""
        if request.method == "POST" and object_id is not None:
            for inline in self.inlines:
                prefix = PREFIXES[inline.model]
                request.POST = with_orphans_as_new(request.POST, prefix, inline.model)  # type: ignore[assignment]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to publishing where that button was used."""
        if "_publish" in request.POST:
            return HttpResponseRedirect(self.address("publish", obj))
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Go on to publishing where that button was used."""
        if "_publish" in request.POST:
            return HttpResponseRedirect(self.address("publish", obj))
        return super().response_change(request, obj)


@admin.register(Condition)
class ConditionAdmin(PageAdmin):
    """Condition pages."""

    # Check boxes, as there are few physicians; and no script is needed.
    formfield_overrides = {models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}
    autocomplete_fields = ["related"]
    inlines = [ConditionSectionInline, OfferInline, SourceInline]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The words of an emergency stand after the key points."""
        fields = [each for each in super().get_fields(request, obj) if each != "emergency_words"]
        fields.insert(fields.index("key_points") + 1, "emergency_words")
        return fields


@admin.register(Treatment)
class TreatmentAdmin(PageAdmin):
    """Treatment pages."""

    inlines = [TreatmentSectionInline, SourceInline]
