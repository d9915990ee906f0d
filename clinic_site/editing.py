"""Careful forms of the admin, for what has no drafts: what is saved is public at once.

Two editors of one row are told of each other, and each can look at the public page before saving.
"""

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.forms import BaseModelFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.urls import URLPattern
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from clinic_site.models.site_version import public_change
from clinic_site.pictures import shown_to_staff
from clinic_site.together import kind_of, put_together, shown_by

PublicPage = Callable[[HttpRequest, Any], HttpResponse]
_previews: dict[type[Model], dict[str | Promise, PublicPage]] = {}


def adds_preview(model: type[Model], button: str | Promise) -> Callable[[PublicPage], PublicPage]:
    """Register a function that shows a row on a public page; `button` is what leads there."""

    def register(page: PublicPage) -> PublicPage:
        _previews.setdefault(model, {})[button] = page
        return page

    return register


class CarefulForm(forms.ModelForm):
    """A form that is not saved before what others saved meanwhile has been read."""

    def clean(self) -> dict[str, Any]:
        super().clean()
        if "_told" in self.data:
            told = _("Nothing is saved yet. Read above what has changed, then save again.")
            self.add_error(None, told)
        return self.cleaned_data


class KeepsTyped(admin.ModelAdmin):
    """For a model without anything personal: Back shows what was typed.

    Django's admin lets no browser keep a page.
    """

    def get_urls(self) -> list[URLPattern]:
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = _kept_by_its_browser(pattern.callback)
        return patterns


def _kept_by_its_browser(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-cache"
        return response

    return wrapped


class CarefulAdmin(KeepsTyped):
    """For rows that are public as soon as they are saved."""

    form = CarefulForm
    change_form_template = "admin/clinic_site/change_form.html"

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Let no browser cut what is pasted: a text that is too long is told, and can be cut."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs.pop("maxlength", None)
        return field

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._careful_view(request, *args, **kwargs)
        except IntegrityError:  # of two clicks at once, the second now finds what the first stored
            return self._careful_view(request, *args, **kwargs)

    def _careful_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        extra = dict(extra_context or {})
        is_sent = request.method == "POST"
        if is_sent:
            # Lines end as they do in the database, or a text that nobody touched would differ.
            sent = request.POST.urlencode().replace("%0D%0A", "%0A")
            request.POST = QueryDict(sent, mutable=True)  # type: ignore[assignment]
        with transaction.atomic() if is_sent else nullcontext():
            if object_id is not None:
                extra |= self._put_together(request, unquote(object_id))
            return super().changeform_view(request, object_id, form_url, extra)

    def _put_together(self, request: HttpRequest, pk: str) -> dict[str, Any]:
        """Return what the form is to carry, and to tell, of the row as it is saved now."""
        row = self.get_object(request, pk)
        try:
            if row is not None and request.method == "POST":
                row.refresh_from_db(from_queryset=self.model._default_manager.select_for_update())
        except self.model.DoesNotExist:  # it was deleted a moment ago
            row = None
        if row is None:
            return {}
        post: QueryDict = request.POST
        sent = post.get("_opened", "")
        form = self.get_form(request, row, change=True)(instance=row)
        formsets: list[BaseModelFormSet] = [
            formset(instance=row, queryset=inline.get_queryset(request))
            for formset, inline in self.get_formsets_with_inlines(request, row)
        ]
        kind = ContentType.objects.get_for_model(row)
        log = LogEntry.objects.filter(content_type=kind, object_id=row.pk).order_by("-pk")
        last = log.first()
        opened = {"fields": shown_by(form, formsets), "log": last.pk if last else 0}
        if request.method != "POST":
            return {"opened": json.dumps(opened)}
        try:
            before = json.loads(sent)
            since = log.filter(pk__gt=before["log"]).select_related("user")
            differences = put_together(post, before["fields"], form, formsets)
        except (ValueError, KeyError, TypeError, AttributeError):  # it is no form of ours
            differences = []
        if not differences:
            return {"opened": sent}
        post["_told"] = "yes"
        who = _who(request, [entry.user for entry in since])
        return {"opened": json.dumps(opened), "differences": differences, "who": who}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        with public_change():
            super().save_related(request, form, formsets, change)

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> Any:
        return self._preview(request, obj) or super().response_add(request, obj, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._preview(request, obj) or super().response_change(request, obj)

    def _preview(self, request: HttpRequest, row: Any) -> HttpResponse | None:
        page = _previews.get(self.model, {}).get(request.POST.get("_preview", ""))
        if page is None:
            return None
        response = shown_to_staff(page(request, row))
        transaction.set_rollback(True)
        return response

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """List what is wrong above the form, each with the way to it, and the previews below."""
        formsets = [each.formset for each in context["inline_admin_formsets"]]
        context["previews"] = list(_previews.get(self.model, {}))
        context["problems"] = list(_problems(context["adminform"].form, formsets))
        return super().render_change_form(request, context, *args, **kwargs)


def _who(request: HttpRequest, users: list[Any]) -> str:
    """Return who saved it, as a sentence begins."""
    others = dict.fromkeys(user.get_username() for user in users if user != request.user)
    if others:
        return get_text_list(list(others), _("and"))
    return _("You, in another tab or before you went back,") if users else _("Somebody")


def _problems(
    form: forms.BaseForm, formsets: list[BaseModelFormSet]
) -> Iterator[tuple[str, str, SafeString]]:
    """Yield the id of each input where something is wrong, its label, and what is wrong in words.

    Where it is no input's, the id is "".
    """
    rows = [("", form)]
    for formset in formsets:
        kind = kind_of(formset)
        rows += [(f"{kind} {n}", each) for n, each in enumerate(formset.forms, start=1)]
        yield from (("", "", conditional_escape(str(error))) for error in formset.non_form_errors())
    for row, each in rows:
        for name, errors in each.errors.items():
            bound = each[name] if name in each.fields else None
            label = ": ".join(str(part) for part in (row, bound and bound.label) if part)
            words = format_html_join(" ", "{}", ((error,) for error in errors))  # may have links
            yield bound.id_for_label if bound else "", label, words
