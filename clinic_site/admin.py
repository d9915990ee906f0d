"""The clinic, its physicians, notices and pictures in Django's admin."""

import itertools
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.access import people, todo  # noqa: F401  they register what is theirs
from clinic_site.access.kept import ask_again
from clinic_site.audit import admin as audit_admin  # noqa: F401
from clinic_site.clinic import current_clinic
from clinic_site.editing import CarefulAdmin, CarefulForm
from clinic_site.forms import ClosedDayForm, HourField
from clinic_site.mail import admin as mail_admin  # noqa: F401
from clinic_site.models import (
    Clinic,
    ClosedDay,
    LanguageLine,
    Notice,
    OpeningHours,
    Physician,
    Picture,
)
from clinic_site.pictures import is_public, picture_uses, read_picture

# Inlines are stacked everywhere: a tabular one has inputs without labels, and an empty heading.


class OpeningHoursFormSet(forms.BaseInlineFormSet):
    """Hours of one day do not overlap."""

    def clean(self) -> None:
        super().clean()
        filled = [each for each in self.forms if each.is_valid() and "opens" in each.cleaned_data]
        kept = [each for each in filled if not each.cleaned_data.get("DELETE")]
        for form, other in itertools.permutations(kept, 2):
            hours, others = form.instance, other.instance
            if hours.weekday == others.weekday and others.opens <= hours.opens < others.closes:
                form.add_error("opens", _("Other hours of this day overlap with these."))


class OpeningHoursInline(admin.StackedInline):
    """The week's opening hours, on the clinic's page."""

    model = OpeningHours
    formset = OpeningHoursFormSet
    verbose_name_plural = _("opening hours, such as 8:00 am to 5:00 pm")
    extra = 1
    fields = [("weekday", "opens", "closes")]
    formfield_overrides = {
        models.TimeField: {"form_class": HourField, "widget": forms.TextInput(attrs={"size": 10})}
    }


class ClosedDayInline(admin.StackedInline):
    """Holidays, on the clinic's page: nobody waits on such a day."""

    model = ClosedDay
    form = ClosedDayForm
    extra = 1


@admin.register(Clinic)
class ClinicAdmin(CarefulAdmin):
    """The one row of the clinic, on which the site stands."""

    inlines = [OpeningHoursInline, ClosedDayInline]
    ranges: ClassVar = {  # as the database checks them; so they are told at their fields
        "answer_within_hours": {"min_value": 1},
        "keep_requests_days": {"min_value": 1},
        "idle_minutes": dict(zip(("min_value", "max_value"), settings.IDLE_MINUTES, strict=True)),
    }

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if found := self.ranges.get(db_field.name):
            words = {
                "min_value": _("Enter %(limit_value)s or more."),
                "max_value": _("Enter %(limit_value)s or less."),
            }
            kwargs |= {**found, "error_messages": words}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return current_clinic().pk is None and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask who it is before requests are erased earlier or later than so far."""
        asked = ask_again(request) if self._changes_purge(request) else None
        return asked or super().changeform_view(request, *args, **kwargs)

    def _changes_purge(self, request: HttpRequest) -> bool:
        if request.method != "POST" or not self.has_change_permission(request):
            return False
        days = Clinic.objects.values_list("keep_requests_days", flat=True).first()
        return request.POST.get("keep_requests_days", "") != str(days or "")

    def save_model(self, request: HttpRequest, obj: Clinic, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


class _StaysAdmin(CarefulAdmin):
    """For what pages and bookmarks name: its address stays, and it is never deleted.

    A physician who has left is not active; an empty notice says how to get it by phone.
    """

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["slug"] if obj is not None else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Physician)
class PhysicianAdmin(_StaysAdmin):
    """Physicians and their bios."""

    list_display = ["name", "specialty", "position", "active"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The name first, from which the address is made."""
        return ["name", *(each for each in super().get_fields(request, obj) if each != "name")]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj is not None else {"slug": ["name"]}


class LanguageLineFormSet(forms.BaseInlineFormSet):
    """Lines without which, and without a text, a notice is nothing that counsel could confirm."""

    def clean(self) -> None:
        super().clean()
        filled = [each for each in self.forms if each.instance.pk or each.has_changed()]
        has_line = any(not each.cleaned_data.get("DELETE") for each in filled)
        if self.instance.confirmed and not (has_line or self.instance.body.strip()):
            raise forms.ValidationError(_("There is no text yet that counsel can have confirmed."))


class LanguageLineInline(admin.StackedInline):
    """A notice's lines in other languages."""

    model = LanguageLine
    formset = LanguageLineFormSet
    extra = 0
    fields = [("language", "position"), "text"]


@admin.register(Notice)
class NoticeAdmin(_StaysAdmin):
    """The small print."""

    inlines = [LanguageLineInline]
    list_display = ["title", "required", "confirmed", "position"]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A changed text is not the one that counsel confirmed, unless that is said anew."""
        super().save_related(request, form, formsets, change)
        changed = "body" in form.changed_data or any(each.has_changed() for each in formsets)
        if changed and "confirmed" not in form.changed_data:
            Notice.objects.filter(pk=form.instance.pk).update(confirmed=False)


class PictureForm(CarefulForm):
    """A file and the words for it; the file can be chosen once only, as its hash is its name."""

    # By `accept`, an iPhone makes a JPEG of what is in its own format.
    file = forms.FileField(
        label=_("Picture"),
        help_text=_("JPEG, PNG or WebP, at most 15 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    class Meta:
        model = Picture
        fields = ["alt"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["file"]

    def clean_file(self) -> Any:
        """Decode the file; a picture that is here already is told."""
        file = self.cleaned_data["file"]
        file.seek(0)  # it is read twice where another click came first
        read = read_picture(file, alt="")
        if here := Picture.objects.filter(hash=read.hash).first():
            change = reverse("admin:clinic_site_picture_change", args=[here.pk])
            told = gettext('This picture is here already, as <a href="{}">{}</a>.')
            raise forms.ValidationError(format_html(told, change, here.alt))
        for name in ("hash", "content", "width", "height"):
            setattr(self.instance, name, getattr(read, name))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors and "file" in cleaned:
            self.add_error("file", _("Choose the picture once more: it did not get stored."))
        return cleaned


@admin.register(Picture)
class PictureAdmin(CarefulAdmin):
    """Uploaded pictures."""

    form = PictureForm
    list_display = ["alt", "width", "height", "added_at"]
    readonly_fields = ["preview", "shown_on", "used_as"]
    actions = None  # a picture is deleted on a page that says where it stands
    delete_confirmation_template = "admin/clinic_site/picture/delete_confirmation.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.bytes_view)
        return [
            path("<str:hash>/bytes/", view, name="clinic_site_picture_bytes"),
            *super().get_urls(),
        ]

    def bytes_view(self, request: HttpRequest, hash: str) -> HttpResponse:
        """Show the bytes, of a picture that no page shows yet too: previews of staff need them."""
        picture = get_object_or_404(Picture, hash=hash)
        return HttpResponse(bytes(picture.content), content_type="image/webp")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["file", "alt"] if obj is None else ["alt", *self.readonly_fields]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")

    @admin.display(description=_("picture"))
    def preview(self, picture: Picture) -> SafeString:
        image = '<img src="{}" alt="{}" width="300">'
        return format_html(image, picture.address_for_staff, picture.alt)

    @admin.display(description=_("shown on"))
    def shown_on(self, picture: Picture) -> SafeString | str:
        uses = list(picture_uses(picture))
        if not uses:
            return gettext("No page. Patients cannot see it.")
        unseen = _(" (patients do not see it)")
        shown = [(use.address, use.text, "" if use.is_public else unseen) for use in uses]
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a>{}', shown)

    @admin.display(description=_("name for a page's picture"))
    def used_as(self, picture: Picture) -> str:
        return f"picture:{picture.hash}"

    def view_on_site(self, obj: Picture) -> str | None:
        return obj.get_absolute_url() if is_public(obj) else None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What stands in the way of deleting: wherever the picture is shown, in drafts too."""
        to_delete, counts, _of_others, _protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), [use for each in objs for use in picture_uses(each)]
