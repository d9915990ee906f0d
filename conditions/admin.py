"""Conditions and treatments in Django's admin: edit the draft, then publish it."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from conditions.document import CONDITION_KINDS, TREATMENT_KINDS
from conditions.models import (
    Condition,
    ConditionTreatment,
    Page,
    Section,
    SectionKind,
    Source,
    Treatment,
)
from conditions.publishing import publish


class SectionInline(admin.StackedInline):
    """The sections of a page, in the order of their number."""

    model = Section
    extra = 0
    fields = [("kind", "position"), "heading", "body"]
    kinds: tuple[str, ...]

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the kinds that belong on this type of page."""
        if db_field.name == "kind":
            kwargs["choices"] = [(kind, SectionKind(kind).label) for kind in self.kinds]
        return super().formfield_for_choice_field(db_field, request, **kwargs)


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


class OfferInline(admin.TabularInline):
    """The treatments that a condition's page offers."""

    model = ConditionTreatment
    extra = 0
    verbose_name = _("treatment")
    verbose_name_plural = _("treatments")


class PageAdmin(admin.ModelAdmin):
    """What the admin of conditions and of treatments share."""

    change_form_template = "admin/conditions/change_form.html"
    list_display = ["title", "slug", "is_published"]
    search_fields = ["title"]
    prepopulated_fields = {"slug": ["title"]}

    @admin.display(description=_("published"), boolean=True)
    def is_published(self, page: Page) -> bool:
        """Whether patients can see the page."""
        return page.live_id is not None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The address stays once it is public: people have it in their bookmarks."""
        return ["slug"] if obj is not None and obj.live_id else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """Make the address from the title until it is public."""
        return {} if obj is not None and obj.live_id else {"slug": ["title"]}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A page that was ever published is kept, with its history."""
        if obj is not None and obj.revisions.exists():
            return False
        return super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None in bulk: deleting goes page by page, by the rule above."""
        return {}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the draft's rows; then publish it where that button was used."""
        super().save_related(request, form, formsets, change)
        if "_publish" in request.POST:
            revision = publish(page=form.instance, by=cast(User, request.user))
            self.message_user(
                request,
                _("Published as number %d. Patients see it now.") % revision.number,
                messages.SUCCESS,
            )


@admin.register(Condition)
class ConditionAdmin(PageAdmin):
    """Condition pages."""

    formfield_overrides = {models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}
    inlines = [ConditionSectionInline, OfferInline, SourceInline]


@admin.register(Treatment)
class TreatmentAdmin(PageAdmin):
    """Treatment pages."""

    inlines = [TreatmentSectionInline, SourceInline]
