"""Pictures in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.editing import CarefulAdmin, CarefulForm
from clinic_site.models import Picture
from clinic_site.pictures import is_public, picture_uses, read_picture


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

    def clean(self) -> dict[str, Any]:
        """Decode the file; a picture that is here already is told."""
        cleaned = super().clean() or {}
        if "file" not in cleaned:
            return cleaned
        if self.errors:
            self.add_error("file", _("Choose the picture once more: it did not get stored."))
            return cleaned
        try:
            read = read_picture(cleaned["file"], alt=cleaned["alt"])
        except forms.ValidationError as error:
            self.add_error("file", error)
            return cleaned
        if here := Picture.objects.filter(hash=read.hash).first():
            change = reverse("admin:clinic_site_picture_change", args=[here.pk])
            told = gettext('This picture is here already, as <a href="{}">{}</a>.')
            self.add_error("file", format_html(told, change, here.alt))
        for name in ("hash", "content", "width", "height"):
            setattr(self.instance, name, getattr(read, name))
        return cleaned


@admin.register(Picture)
class PictureAdmin(CarefulAdmin):
    """Uploaded pictures."""

    form = PictureForm
    fields = ["file", "alt", "preview", "shown_on", "used_as"]
    list_display = ["alt", "width", "height", "added_at"]
    readonly_fields = ["preview", "shown_on", "used_as"]
    actions = None  # a picture is deleted on a page that says where it stands
    delete_confirmation_template = "admin/clinic_site/picture/delete_confirmation.html"

    def get_urls(self) -> list[URLPattern]:
        """The bytes of a picture, for staff, before those of the admin itself."""
        view = self.admin_site.admin_view(self.bytes_view)
        return [
            path("<str:hash>/bytes/", view, name="clinic_site_picture_bytes"),
            *super().get_urls(),
        ]

    def bytes_view(self, request: HttpRequest, hash: str) -> HttpResponse:
        """A picture that no page shows yet, for all staff: their previews show it."""
        picture = get_object_or_404(Picture, hash=hash)
        return HttpResponse(bytes(picture.content), content_type="image/webp")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A picture that is there already has no file to choose, and a new one is nowhere yet."""
        return ["file", "alt"] if obj is None else [each for each in self.fields if each != "file"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the bytes."""
        return super().get_queryset(request).defer("content")

    @admin.display(description=_("picture"))
    def preview(self, picture: Picture) -> SafeString:
        """The picture itself."""
        return format_html(
            '<img src="{}" alt="{}" width="300">', picture.address_for_staff, picture.alt
        )

    @admin.display(description=_("shown on"))
    def shown_on(self, picture: Picture) -> SafeString | str:
        """Where it stands, and whether patients can see it."""
        uses = list(picture_uses(picture))
        if not uses:
            return gettext("No page. Patients cannot see it.")
        return format_html_join(
            mark_safe("<br>"),
            '<a href="{}">{}</a>{}',
            [
                (use.address, use.text, "" if use.is_public else _(" (patients do not see it)"))
                for use in uses
            ],
        )

    @admin.display(description=_("name for a page's picture"))
    def used_as(self, picture: Picture) -> str:
        """What an editor writes in a page's picture field."""
        return f"picture:{picture.hash}"

    def view_on_site(self, obj: Picture) -> str | None:
        """Its public address, where it has one."""
        return obj.get_absolute_url() if is_public(obj) else None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What stands in the way of deleting: wherever the picture is shown, in drafts too."""
        to_delete, counts, _of_others, _protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), [use for each in objs for use in picture_uses(each)]
