"""The pages of a condition or treatment in the admin: how each is found and shown; the editor."""

import datetime as dt
import json
from typing import Any, cast
from urllib.parse import quote

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from clinic_site.access.models import User
from clinic_site.access.refused import NotAllowed
from clinic_site.actor import Actor
from clinic_site.edit_conflict import EditConflict
from conditions.audit import PAGE
from conditions.content.document import PageDocument
from conditions.content.parts import (
    NOT_THERE,
    compare,
    document_from,
    is_part,
    part_hash,
    part_label,
)
from conditions.editor.form import button, press, values_from
from conditions.editor.panes import blanks, choices_of, kinds_of, others_in, panes_of, together
from conditions.models import Page, Presence
from conditions.publishing.drafts import (
    NOTE,
    autosave,
    begin_page,
    copy_of,
    draft_document,
    form_of,
    save,
)
from conditions.publishing.publish import findings_of
from conditions.views import show_document

# What stands under the address of a page, by the name of its view, and the permission it takes.
ADDRESSES = {
    "autosave": ("autosave/", "change"),
    "here": ("here/", "change"),
    "preview": ("preview/", "view"),
    "publish": ("publish/", "change"),
    "unpublish": ("unpublish/", "change"),
    "sign": ("sign/", "sign"),
    "export": ("export/", "view"),
    "revisions": ("revisions/", "view"),
    "revision": ("revisions/<int:number>/", "view"),
    "take": ("revisions/<int:number>/take/", "change"),
    "discard": ("discard/", "change"),
}


class PageViews(admin.ModelAdmin):
    """Addresses under a page of the admin, and how they find, show and refuse it."""

    def get_urls(self) -> list[URLPattern]:
        ours = [self._path(name, *rest) for name, rest in ADDRESSES.items()]
        return [*ours, *super().get_urls()]

    def _path(self, name: str, route: str, permission: str) -> URLPattern:
        view = getattr(self, f"{name}_view")

        def view_of_page(request: HttpRequest, pk: int, **more: Any) -> HttpResponse:
            try:
                return view(request, self.page_for(request, pk, permission), **more)
            except EditConflict:  # show the same page as it is now
                self.tell_changed(request)
                return HttpResponseRedirect(request.get_full_path())

        full_name = f"conditions_{self.opts.model_name}_{name}"
        return path(f"<int:pk>/{route}", self.admin_site.admin_view(view_of_page), name=full_name)

    def tell_changed(self, request: HttpRequest) -> None:
        words = _(
            "This page was changed meanwhile, by someone else or by you in another tab. "
            "Look at it again, as it is now."
        )
        self.message_user(request, words, messages.WARNING)

    def address(self, name: str, page: Page, *args: object) -> str:
        """The address of one of these pages, or of `change`."""
        return reverse(f"admin:conditions_{self.opts.model_name}_{name}", args=[page.pk, *args])

    def page_for(self, request: HttpRequest, pk: int | str, permission: str) -> Page:
        """Return the page with its draft and its live revision; raise Http404 or NotAllowed."""
        rows = self.model.objects.select_related("draft__saved_by", "live", "review")
        page = rows.filter(pk=int(pk)).first() if str(pk).isdecimal() else None
        if page is None or page.draft is None:
            raise Http404
        if not getattr(self, f"has_{permission}_permission")(request, page):
            of = "page" if permission == "sign" else self.opts.model_name
            raise NotAllowed(f"conditions.{permission}_{of}", PAGE, [page.ref])
        return cast(Page, page)

    def has_sign_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """A right of its own: an editor does not sign, a clinician does not edit."""
        return request.user.has_perm("conditions.sign_page")

    def shown(
        self, request: HttpRequest, name: str, title: str, page: Page | None, **context: Any
    ) -> HttpResponse:
        """Return one of the templates of templates/admin/conditions/."""
        context |= self.admin_site.each_context(request)
        context |= {"opts": self.opts, "title": title, "page": page}
        if page is not None:
            context["may_change"] = self.has_change_permission(request, page)
            context["may_sign"] = page.live is not None and self.has_sign_permission(request)
            context["change_address"] = self.address("change", page)
            context["revisions_address"] = self.address("revisions", page)
        return TemplateResponse(request, f"admin/conditions/{name}.html", context)

    def done(self, request: HttpRequest, page: Page, message: str, then: str = "") -> HttpResponse:
        """Put on the admin's log what was done, say so, and go on to the editor, or to `then`."""
        self.log_change(request, page, message)
        self.message_user(request, message, messages.SUCCESS)
        return HttpResponseRedirect(then or self.address("change", page))


class NewPageForm(forms.Form):
    """What a new page begins with."""

    title = forms.CharField(label=_("Title"))  # of any length: no paste is cut, the checks tell


class EditorViews(PageViews):
    """The change page is the editor; Django's own form, with its rows, is not used."""

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.has_add_permission(request):
            raise NotAllowed(f"conditions.add_{self.opts.model_name}")
        form = NewPageForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            kind, title = str(self.opts.model_name), form.cleaned_data["title"]
            page = begin_page(kind=kind, title=title, by=Actor.staff(request))
            self.log_addition(request, page, gettext("Begun."))
            return HttpResponseRedirect(self.address("change", page))
        title = gettext("Begin a %s") % self.opts.verbose_name
        return self.shown(request, "add", title, None, form=form)

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if request.method == "POST":
            return self._sent(request, self.page_for(request, object_id, "change"))
        return self._editor(request, self.page_for(request, object_id, "view"))

    def _editor(self, request: HttpRequest, page: Page) -> HttpResponse:
        state = form_of(page, person(request))
        findings = findings_of(page, state.document)
        refused = [each for each in findings if each.level == "error" and "refused" in request.GET]
        choices = choices_of(page, state.values)
        panes = panes_of(page.kind, state.values, findings, state.clashes, choices)
        return self.shown(
            request,
            "editor/change",
            state.document.title or gettext("A page without a title"),
            page,
            state=state,
            panes=panes,
            kinds=kinds_of(page, panes),
            blanks=blanks(),
            opened=json.dumps(state.opened),
            shown=json.dumps(state.shown),
            here=others_in(page, person(request)),
            typed_at=_when(state.typed_at),
            together=together(state),
            clashes=[
                (each.part, part_label(each.part), state.saved_by[each.part])
                for each in state.clashes
            ],
            refused=refused,
            may_delete=self.has_delete_permission(request, page),
            has_unpublished=page.live and not is_shown(page, draft_document(page)),
        )

    def _sent(self, request: HttpRequest, page: Page) -> HttpResponse:
        sent = values_from(request.POST, page.kind)
        do = button(request.POST)
        by = Actor.staff(request)
        if do and do != "publish":
            part = press(page=page, by=by, sent=sent, do=do)
            new = f"{do.removeprefix('add-')}_new"
            if do.startswith("add-") and not any(
                request.POST[name].strip() for name in request.POST if name.startswith(new)
            ):
                told = _("Nothing is added yet. Choose what it is, or type it, then add it.")
                self.message_user(request, told, messages.WARNING)
            new = f"section-{request.POST.get('section_new', '')}"
            part = new if do == "add-section" and new in sent.values else part
            to = f"{request.path}#{quote(part)}"
            return HttpResponseRedirect(self.address("preview", page) if do == "preview" else to)
        copy = copy_of(page, by.account)
        note = copy.note if copy and sent.note is None else sent.note or ""
        if len(note) > NOTE:
            autosave(page=page, by=by, sent=sent)
            words = gettext("Your note has %d characters. Shorten it to %d, then save again.")
            self.message_user(request, words % (len(note), NOTE), messages.ERROR)
            return HttpResponseRedirect(f"{request.path}#note")
        try:
            saved = save(page=page, by=by, sent=sent)
        except EditConflict:
            return HttpResponseRedirect(f"{request.path}#clashes")
        revision = saved.revision
        also = gettext("Also saved: what you typed in another tab under %s.")
        aside = gettext("Not saved, but kept in the history: your other tab's text of %s.")
        for parts, words in ((saved.also, also), (saved.aside, aside)):
            if parts:
                names = ", ".join(f"“{part_label(part)}”" for part in parts)
                self.message_user(request, words % names, messages.WARNING)
        if revision.pk != page.draft_id:
            self.log_change(request, page, gettext("Saved as number %d.") % revision.number)
        if do == "publish":
            document = revision.page_document
            if any(each.level == "error" for each in findings_of(page, document)):
                return HttpResponseRedirect(f"{request.path}?refused=1#errors")
            return HttpResponseRedirect(self.address("publish", page))
        told = _("Saved as a draft. Patients do not see it yet.")
        seen = _("They see the page as it was published last.") if page.live_id else ""
        if is_shown(page, revision.page_document):
            told, seen = _("Saved as a draft. It is what patients see."), ""
            if revision.pk == page.draft_id:
                told = _("Nothing is changed: patients see this text.")
        self.message_user(request, format_html("{} {}", told, seen), messages.SUCCESS)
        return HttpResponseRedirect(request.path)

    @method_decorator(require_POST)
    def autosave_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Keep the parts that were sent; answer with what the checks find and others changed."""
        if request.POST.get("_person", str(person(request).pk)) != str(person(request).pk):
            return JsonResponse({}, status=409)  # typed by whoever was signed in here before
        sent = values_from(request.POST, page.kind)
        state = autosave(page=page, by=Actor.staff(request), sent=sent)
        panes = panes_of(page.kind, state.values, findings_of(page, state.document))
        contents = {"panes": panes, "may_change": True}
        hashes = state.shown
        shown = {part: hashes.get(part, NOT_THERE) for part in {*sent.values, *sent.opened}}
        return JsonResponse(
            {
                "at": _when(state.typed_at),
                "contents": render_to_string("admin/conditions/editor/_outline.html", contents),
                "findings": {
                    part.name: render_to_string(
                        "conditions/_findings.html", {"findings": part.findings}
                    )
                    for pane in panes
                    for part in pane.parts
                    if part.findings
                },
                "absent": NOT_THERE,
                "shown": {**shown, "note": hashes["note"]},
                "values": {
                    part: state.values.get(part)
                    for part, hash in shown.items()
                    if hash != part_hash(sent.values.get(part))
                },
            }
        )

    @method_decorator(require_POST)
    def here_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """Note that this person has the page open, in which part; answer who else has."""
        part = request.POST.get("part", "")
        Presence.objects.note(page, person(request), part=part[:60] if is_part(part) else "")
        return JsonResponse({"here": others_in(page, person(request))})

    def preview_view(self, request: HttpRequest, page: Page) -> HttpResponse:
        """The page in the public templates: as this person has it, or as it was posted."""
        values = form_of(page, person(request)).values
        if request.method == "POST":
            sent = values_from(request.POST, page.kind)
            values = {**values, **sent.values}
            for removed in sent.opened.keys() - sent.values.keys():
                values.pop(removed, None)
        document = document_from(page.kind, page.ref, values)
        preview = {
            "findings": findings_of(page, document),
            "change_address": self.address("change", page),
            "is_live": is_shown(page, document),
        }
        return show_document(request, page, document, preview=preview)


def is_shown(page: Page, document: PageDocument) -> bool:
    """Whether patients see just this: a section without a word shows nowhere."""
    return page.live is not None and not compare(page.live.page_document, document)


def person(request: HttpRequest) -> User:
    """Return who is signed in."""
    return cast(User, request.user)


def _when(at: dt.datetime | None) -> str:
    """Return a time in words, with its day where that is not today; "" for none."""
    if at is None:
        return ""
    local = localtime(at)
    is_today = local.date() == localdate()
    return date_format(local, "TIME_FORMAT" if is_today else "DATETIME_FORMAT")
