"""What staff sent while they were not to do it yet: shown, never done.

Their session had ended, the page was older than it, or they are asked again who they are.

A signed cookie tells whose session this browser had last, and which kept forms are this browser's.
"""

import datetime as dt
import functools
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_safe

from clinic_site.access.entry import SignedCookie, is_own, page, page_after
from clinic_site.access.models import KeptForm, User
from clinic_site.crypto.key_ring import blind_index
from clinic_site.views import forbidden

LAST = SignedCookie("kept", settings.DEVICE_KNOWN_FOR, samesite="Lax")
# Pages that ask for a secret: who sent an old one is shown it anew, and fills it again.
SHOWN_ANEW = {"login", "code", "again", "invitation", "password_change"}

# Names of fields that nobody typed: of Django's buttons, and of rows in a form.
OURS = re.compile(
    r"^_(?!selected_action$)|^initial-|__prefix__|_FORMS$|-(id|clinic|notice)$"
    r"|^(do|version|opened_at|warned|attempt|number|revision|draft|post|csrfmiddlewaretoken)$"
)
# What a form is to do, by what its button sends, or by its address where that sends nothing.
TO_DO = {
    "invite": _lazy("invite them"),
    "end": _lazy("sign them out everywhere"),
    "reset": _lazy("take every way in away from them, and invite them anew"),
    "save": _lazy("save"),
    "save_next": _lazy("save, and go on to the next"),
    "take": _lazy("take it"),
    "release": _lazy("let anyone take it"),
    "acknowledge": _lazy("say that it is dealt with"),
    "undo": _lazy("undo what was done last"),
    "preview": _lazy("show how it will look"),
    "publish": _lazy("save, and go on to publish"),
    "delete/": _lazy("delete it"),
    "confirm-name/": _lazy("confirm this name"),
    "publish/": _lazy("publish it"),
    "sign/": _lazy("sign it"),
    "take/": _lazy("take this version back"),
    "discard/": _lazy("discard what was changed"),
}


def note_session(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Note whose session this browser has, and since when they have followed somebody else."""
    found = LAST.read(request)
    is_same = found.get("user", user.pk) == user.pk
    values = {
        "user": user.pk,
        "since": found.get("since", 0) if is_same else int(time.time()),
        "browser": found.get("browser") or secrets.token_urlsafe(16),
    }
    if found != values:
        LAST.write(response, **values)


def is_form(request: HttpRequest) -> bool:
    """Whether a person sent the form of a model's page; not a script, nor anything of a sign-in."""
    app = request.path.removeprefix(reverse("admin:index")).partition("/")[0]
    return (
        request.method == "POST"
        and "X-Background" not in request.headers
        and app in {model._meta.app_label for model in admin.site._registry}
    )


def fields_sent(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what staff typed into a form, by its names; [] where a password is in it."""
    if not is_form(request):
        return []
    sent = [(name, value) for name, values in request.POST.lists() for value in values]
    return [] if any("password" in name for name, _value in sent) else sent


def come_back(request: HttpRequest, *, is_old: bool = False) -> HttpResponse:
    """Keep what was sent, where that may be, and lead on to it, by way of the sign-in.

    `is_old` says that the page is older than the session that this browser had last.
    """
    told = _("It is kept for an hour: sign in, and it comes back.")
    to, said = _kept_or_not(request, told, is_old=is_old)
    is_in = admin.site.has_permission(request)
    if not is_in or to == request.get_full_path():
        done = _("Nothing was done with what you sent: you were signed out before.")
        messages.warning(request, f"{done} {said}")
    address = to if is_in else f"{reverse('admin:login')}?{urlencode({'next': to}, safe='/')}"
    return HttpResponseRedirect(address, status=303)


def ask_again(request: HttpRequest) -> HttpResponse | None:
    """Return what leads to the page that asks who it is; None where they showed it a moment ago.

    A form that was sent is kept meanwhile, and comes back after the proof.
    """
    age = time.time() - request.session.get("proved_at", 0)
    if 0 <= age < settings.PROVED_FOR.total_seconds():
        return None
    told = _("It is kept for an hour: show that it is you, and it comes back.")
    query = urlencode({"next": wait(request, told)})
    return HttpResponseRedirect(f"{reverse('admin:again')}?{query}", status=303)


def wait(request: HttpRequest, told: str) -> str:
    """Keep a form that was sent for later, and tell so; return where to go on then."""
    if request.method != "POST" or "X-Background" in request.headers:
        return request.get_full_path()
    to, said = _kept_or_not(request, told)
    messages.warning(request, f"{_('Nothing was done yet with what you sent.')} {said}")
    return to


def asked_again(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Ask who it is before this view, unless they showed it a moment ago (a decorator)."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return ask_again(request) or view(request, *args, **kwargs)

    return wrapped


def _kept_or_not(request: HttpRequest, told: str, *, is_old: bool = False) -> tuple[str, str]:
    """Return where what was sent comes back, and what is said of it: `told` where it is kept."""
    if _keep(request, is_old=is_old):
        without = _("The file could not be kept: you choose it again then.")
        return reverse("admin:kept"), f"{told} {without}" if request.FILES else told
    text = _("It could not be kept. What you typed may still be there if you go back.")
    return request.get_full_path(), text


def _keep(request: HttpRequest, *, is_old: bool) -> bool:
    """Keep what was sent for the account that this browser had last; False where it cannot be.

    What was kept before stays: where both are too large together, the earlier one was promised.
    """
    last, form = LAST.read(request), form_sent(request)
    # An old page can be of the account before, for as long as a session lasts.
    is_theirs = not is_old or time.time() - last.get("since", 0) > settings.SESSION_COOKIE_AGE
    if not (last and form["fields"] and is_theirs and is_own(request)):
        return False
    user = User.objects.filter(pk=last["user"], is_active=True).first()
    if user is None:
        return False
    with transaction.atomic():  # of two tabs at once, none writes over what the other one keeps
        row, _made = KeptForm.objects.select_for_update().get_or_create(
            key=_key(request, user), defaults={"user": user, "sent": "[]"}
        )
        is_kept = _write(row, [form, *_without(form, _forms_in(row))])
        transaction.set_rollback(not is_kept)  # else an empty row would stay
        return is_kept


def form_sent(request: HttpRequest) -> dict[str, Any]:
    """Return what was sent, as it is kept: where to, the fields that staff typed, and when.

    A file is not kept, only that there was one.
    """
    fields = [list(each) for each in fields_sent(request) if each[0] != "csrfmiddlewaretoken"]
    form = {"path": request.get_full_path(), "fields": fields, "at": int(time.time())}
    return {**form, "had_file": bool(fields and request.FILES)}


def _without(form: dict[str, Any], forms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the others: the same words for the same page are one form."""

    def words(each: dict[str, Any]) -> tuple[str, list[list[str]]]:
        return each["path"], each["fields"]

    return [each for each in forms if words(each) != words(form)]


def _is_in(form: dict[str, Any], done: dict[str, Any]) -> bool:
    """Whether a form was done by another, such as that of a page that asked for more.

    By the same button, or another one that saves; with all that was typed, which may be more there.
    What a form showed can have been taken out of it, too: there it has to be the same.
    """
    sent, sent_then = _by_name(form), _by_name(done)

    def is_done(name: str) -> bool:
        value, value_then = sent.get(name, []), sent_then.get(name, [])
        shown = sent.get(f"initial-{name}")
        if shown is None and "_opened" not in sent:
            return {*value} <= {*value_then}
        return value in (shown, value_then)

    names = {*sent, *sent_then, *(name.removeprefix("initial-") for name in sent)}
    return (
        urlsplit(form["path"]).path == urlsplit(done["path"]).path
        # What saves and then leads on saves.
        and _button(sent).removesuffix("_next") == _button(sent_then).removesuffix("_next")
        and all(is_done(name) for name in names if not OURS.search(name))
    )


def _by_name(form: dict[str, Any]) -> dict[str, list[str]]:
    """Return what was sent by the names of its fields: [] where nothing stood in one."""
    sent: dict[str, list[str]] = {}
    for name, value in form["fields"]:
        sent.setdefault(name, []).extend([value] if value else [])
    return sent


def _button(sent: dict[str, list[str]]) -> str:
    """Return what the button sent that was pressed; "" for one that says no more than to save."""
    return "".join(sent.get("do", sent.get("_do", [])))


def _key(request: HttpRequest, user: Any) -> str:
    return blind_index("kept form", f"{user.pk} {LAST.read(request).get('browser', '')}")


def _forms_in(row: KeptForm) -> list[dict[str, Any]]:
    since = time.time() - settings.KEPT_FOR.total_seconds()
    return [form for form in json.loads(row.sent) if form["at"] > since]


def _write(row: KeptForm, forms: list[dict[str, Any]]) -> bool:
    """Store them, the newest first; False where they are too large together."""
    row.sent, row.at = json.dumps(forms, ensure_ascii=False), timezone.now()
    fits = len(row.sent.encode()) <= settings.KEPT_MOST
    if fits:
        row.save()
    return fits


def forms_kept(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what is kept in this browser for whoever is signed in, the newest first."""
    row = KeptForm.objects.filter(key=_key(request, request.user)).first()
    return _forms_in(row) if row else []


@require_safe
def kept(request: HttpRequest) -> HttpResponse:
    """Show what was sent, each with a button that sends it to the same address."""
    forms = forms_kept(request)
    if not forms:
        return HttpResponseRedirect(reverse("admin:index"))
    shown = [
        {
            **form,
            **_about(request, form),
            "at": dt.datetime.fromtimestamp(form["at"], tz=dt.UTC),
            "shown": typed(form["fields"]),
        }
        for form in forms
    ]
    return page(request, "kept", title=_("What you sent is still here"), forms=shown)


def _about(request: HttpRequest, form: dict[str, Any]) -> dict[str, str]:
    """Return in words what a form is about, the page to look at first, and what it is to do.

    Whoever may not open a row is not told which one it is; nor is anybody, once it is gone.
    """
    path = urlsplit(form["path"]).path
    app, _slash, rest = path.removeprefix(reverse("admin:index")).partition("/")
    name, _slash, rest = rest.partition("/")
    last = f"{rest.rstrip('/').rpartition('/')[2]}/"
    to_do = str(TO_DO.get(_button(_by_name(form)) or last, ""))
    about, page_of_row = capfirst(_("form")), ""
    for model, its_admin in admin.site._registry.items():
        if (model._meta.app_label, model._meta.model_name) == (app, name):
            about = str(capfirst(model._meta.verbose_name_plural))
            found = resolve(path).kwargs
            pk = found.get("pk") or unquote(found.get("object_id", ""))
            row = its_admin.get_object(request, pk) if pk else None
            if row is not None and its_admin.has_view_permission(request, row):
                about = f"{about}: {row}"
                page_of_row = reverse(f"admin:{app}_{name}_change", args=[row.pk])
    return {"about": about, "page": page_of_row, "to_do": to_do}


def typed(fields: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """Return what somebody typed of the fields that were sent, under their names in words."""
    return [(_label(name), value) for name, value in fields if value and not OURS.search(name)]


def _label(name: str) -> str:
    """Return what a field is called: "lines-0-text" is "Lines 1: text".

    What is no number of a row stays: "source-aafp-2016-year" is "Source aafp-2016: year".
    """
    first, _dash, rest = name.partition("-")
    which, _dash, last = rest.rpartition("-")
    row = f"{int(which) + 1}" if which.isdecimal() else which
    label = " ".join(filter(None, [first, row]))
    return capfirst((f"{label}: {last}" if last else label).replace("_", " ").strip())


def forget(request: HttpRequest, form: dict[str, Any]) -> None:
    """Forget what is kept of this form in this browser: it was sent once more, and done."""
    if not any(_is_in(each, form) for each in forms_kept(request)):
        return
    with transaction.atomic():
        row = KeptForm.objects.select_for_update().filter(key=_key(request, request.user)).first()
        if row and (forms := [each for each in _forms_in(row) if not _is_in(each, form)]):
            _write(row, forms)
        elif row:  # else a second click has deleted it
            row.delete()


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's view for a wrong CSRF token: most often of a page older than the session.

    Signing in makes a new token, so that the pages in all other tabs have an old one.
    """
    name = request.resolver_match.url_name if request.resolver_match else ""
    if not is_own(request):
        return forbidden(request)
    if is_form(request):
        return come_back(request, is_old=True)
    if not admin.site.has_permission(request) and "X-Background" not in request.headers:
        messages.warning(request, _("This page was too old. Please try once more."))
    to = request.get_full_path() if name in SHOWN_ANEW else reverse("admin:index")
    if name == "login":
        to = f"{request.path}?{urlencode({'next': page_after(request)})}"
    return HttpResponseRedirect(to, status=303)
