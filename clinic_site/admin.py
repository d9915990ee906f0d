"""The clinic, its physicians and notices in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clinic_site import picture_admin  # noqa: F401
from clinic_site.access import people, todo  # noqa: F401  they register what is theirs
from clinic_site.access.again import ask_again
from clinic_site.audit import admin as audit_admin  # noqa: F401
from clinic_site.clinic import current_clinic
from clinic_site.editing import CarefulAdmin
from clinic_site.forms import ClosedDayForm, HourField
from clinic_site.mail import admin as mail_admin  # noqa: F401
from clinic_site.models import (
    Clinic,
    ClosedDay,
    LanguageLine,
    Notice,
    OpeningHours,
    Physician,
)

# Inlines are stacked everywhere: a tabular one has inputs without labels, and an empty heading.


class OpeningHoursInline(admin.StackedInline):
    """The week's opening hours, on the clinic's page."""

    model = OpeningHours
    verbose_name_plural = _("opening hours, such as 8:00 am to 5:00 pm")
    extra = 1
    fields = [("weekday", "opens", "closes")]
    formfield_overrides = {
        models.TimeField: {
            "form_class": HourField,
            "widget": forms.TextInput(attrs={"size": 10}),
        }
    }


class ClosedDayInline(admin.StackedInline):
    """Holidays, on the clinic's page: nobody waits on such a day."""

    model = ClosedDay
    form = ClosedDayForm
    extra = 1


@admin.register(Clinic)
class ClinicAdmin(CarefulAdmin):
    """The one row of the clinic."""

    inlines = [OpeningHoursInline, ClosedDayInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only where there is none yet."""
        return current_clinic().pk is None and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: the site stands on it."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Ask who it is before requests are erased earlier or later than so far."""
        asked = ask_again(request) if self._changes_purge(request) else None
        return asked or super().changeform_view(request, object_id, form_url, extra_context)

    def _changes_purge(self, request: HttpRequest) -> bool:
        if request.method != "POST" or not self.has_change_permission(request):
            return False
        days = Clinic.objects.values_list("keep_requests_days", flat=True).first()
        return request.POST.get("keep_requests_days", "") != str(days or "")

    def save_model(self, request: HttpRequest, obj: Clinic, form: Any, change: bool) -> None:
        """Keep it the one row."""
        obj.pk = 1
        super().save_model(request, obj, form, change)


@admin.register(Physician)
class PhysicianAdmin(CarefulAdmin):
    """Physicians and their bios."""

    list_display = ["name", "specialty", "position", "active"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The name first, from which the address is made."""
        return ["name", *(each for each in super().get_fields(request, obj) if each != "name")]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """Make the address of a new physician from the name."""
        return {} if obj is not None else {"slug": ["name"]}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The address stays: published pages and bookmarks name it."""
        return ["slug"] if obj is not None else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: published pages name their physicians. One who has left is not active."""
        return False


class LanguageLineInline(admin.StackedInline):
    """A notice's lines in other languages."""

    model = LanguageLine
    extra = 0
    fields = [("language", "position"), "text"]


@admin.register(Notice)
class NoticeAdmin(CarefulAdmin):
    """The small print."""

    inlines = [LanguageLineInline]

    list_display = ["title", "required", "confirmed", "position"]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A changed text is not the one that counsel confirmed, unless that is said anew."""
        super().save_related(request, form, formsets, change)
        changed = "body" in form.changed_data or any(each.has_changed() for each in formsets)
        if changed and "confirmed" not in form.changed_data:
            Notice.objects.filter(pk=form.instance.pk).update(confirmed=False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The address stays: pages and bookmarks name it."""
        return ["slug"] if obj is not None else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: pages link to the notices. An empty one says how to get it by phone."""
        return False
