"""Careful forms of the admin, for what has no drafts: what is saved is public at once.

Two editors of one row are told of each other, and each can look at the public page before saving.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.forms import BaseModelFormSet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from clinic_site.keeps_typed import KeepsTyped
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
    """A form that is not saved while `told` says what must be read first."""

    told = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.told:
            self.add_error(None, self.told)
        return cleaned


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

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        told = getattr(request, "told", "")
        return type("Told", (form,), {"told": told}) if told else form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Tell of what others saved meanwhile; keep nothing of a preview."""
        extra = {"previews": list(_previews.get(self.model, {})), **(extra_context or {})}
        is_sent = request.method == "POST"
        with transaction.atomic() if is_sent else nullcontext():
            if is_sent:
                _with_plain_lines(request)
            if object_id is not None:
                extra |= self._put_together(request, unquote(object_id))
            response = super().changeform_view(request, object_id, form_url, extra)
            if is_sent and self._preview_of(request):
                transaction.set_rollback(True)
        return response

    def _put_together(self, request: HttpRequest, pk: str) -> dict[str, Any]:
        """Return what the form is to carry, and to tell, of the row as it is saved now."""
        row = self.get_object(request, pk)
        if row is None:
            return {}
        sent = request.POST.get("_opened", "")
        if request.method == "POST":
            self.model._default_manager.select_for_update().values("pk").get(pk=row.pk)
            row.refresh_from_db()
        form = self.get_form(request, row, change=True)(instance=row)
        formsets: list[BaseModelFormSet] = [
            formset(instance=row, queryset=inline.get_queryset(request))
            for formset, inline in self.get_formsets_with_inlines(request, row)
        ]
        log = LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(row), object_id=row.pk
        )
        last = log.order_by("-pk").first()
        opened = {"fields": shown_by(form, formsets), "log": last.pk if last else 0}
        if request.method != "POST":
            return {"opened": json.dumps(opened)}
        try:
            before = json.loads(sent)
            since = log.filter(pk__gt=before["log"]).select_related("user")
            differences = put_together(request.POST, before["fields"], form, formsets)
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"opened": sent}  # it is no form of ours
        if not differences:
            return {"opened": sent}
        request.told = _("Nothing is saved yet. Read above what has changed, then save again.")  # type: ignore[attr-defined]
        return {
            "opened": json.dumps(opened),
            "differences": differences,
            "who": _who(request, [entry.user for entry in since]),
        }

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        with public_change():
            super().save_related(request, form, formsets, change)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._preview(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._preview(request, obj) or super().response_change(request, obj)

    def _preview(self, request: HttpRequest, row: Any) -> HttpResponse | None:
        page = self._preview_of(request)
        return shown_to_staff(page(request, row)) if page else None

    def _preview_of(self, request: HttpRequest) -> PublicPage | None:
        return _previews.get(self.model, {}).get(request.POST.get("_preview", ""))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """List what is wrong above the form, each with the way to it."""
        formsets = [each.formset for each in context["inline_admin_formsets"]]
        context["problems"] = list(_problems(context["adminform"].form, formsets))
        return super().render_change_form(request, context, *args, **kwargs)


def _with_plain_lines(request: HttpRequest) -> None:
    """Let lines end as they do in the database, or a text that nobody touched would differ."""
    post = request.POST.copy()
    for name, values in list(post.lists()):
        post.setlist(name, [value.replace("\r\n", "\n") for value in values])
    request.POST = post  # type: ignore[assignment]


def _who(request: HttpRequest, users: list[Any]) -> str:
    """Return who saved it, as a sentence begins."""
    others = dict.fromkeys(user.get_username() for user in users if user != request.user)
    if others:
        return get_text_list(list(others), _("and"))
    return _("You, in another tab or before you went back,") if users else _("Somebody")


def _problems(form: forms.BaseForm, formsets: list[BaseModelFormSet]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong in words, and the id of the input."""
    rows = [("", form)]
    for formset in formsets:
        rows += [
            (f"{kind_of(formset)} {n}: ", each) for n, each in enumerate(formset.forms, start=1)
        ]
        yield from (("", str(error)) for error in formset.non_form_errors())
    for row, each in rows:
        for name, errors in each.errors.items():
            bound = each[name] if name in each.fields else None
            label = f"{row}{bound.label}: " if bound else row
            yield bound.id_for_label if bound else "", label + " ".join(map(str, errors))
