"""Accounts of staff in the admin: who there is, their roles, and how a colleague gets in."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import NestedObjects, unquote
from django.contrib.auth import admin as djangos_accounts  # noqa: F401  registers its pages
from django.contrib.auth.models import Group
from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from clinic_site.access.entry import Problem, page, refuse_unless_held
from clinic_site.access.invitations import ADDRESS_CHANGED, invite, link_of, reset_access, tell
from clinic_site.access.kept import ask_again, asked_again, forget, form_sent
from clinic_site.access.models import (
    InvitationReason,
    User,
    active_with,
    refuse_shared_name,
    refuse_taken_name,
)
from clinic_site.access.record import KIND, AccountAction, record_of, record_roles
from clinic_site.access.refused import NotAllowed
from clinic_site.access.roles import Role
from clinic_site.actor import Actor
from clinic_site.audit.admin import column_filter

admin.site.unregister(Group)

MAY_CHANGE_PEOPLE = "clinic_site.change_user"
RESET_REASONS = [InvitationReason.LOST, InvitationReason.REPLACED, InvitationReason.MISUSE]
# What the form sends beside its fields; and the name, which a form shown earlier may have had.
BESIDE_THE_FIELDS = {
    *("csrfmiddlewaretoken", "_save", "_continue", "_addanother", "_popup", "_to_field"),
    "username",
}


class RolesField(forms.ModelMultipleChoiceField):
    """A box for each role, sent by the role's name, which people can read where a form is kept."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Group) -> str:
        return str(Role(obj.name).label)


class PersonForm(forms.ModelForm):
    """One account; somebody is to look after people at any time.

    It carries what it showed, so that only what its manager changed is changed.
    """

    groups = RolesField(
        Group.objects.filter(name__in=Role).order_by("pk"),
        to_field_name="name",
        required=False,
        label=_("Roles"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            return
        for field in self.fields.values():
            field.show_hidden_initial = True
        if self.is_bound:  # where no role was shown, nothing tells so
            sent = cast(QueryDict, self.data).copy()
            sent.setlistdefault(self.add_initial_prefix("groups"))
            self.data = sent

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if "username" in self.changed_data:
            refuse_shared_name(name)
            refuse_taken_name(name, self.instance)
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.instance.pk is None:
            return cleaned
        # So that two who take the role from each other at once come one after the other.
        manager = Group.objects.select_for_update().get(name=Role.MANAGER)
        now = User.objects.get(pk=self.instance.pk)
        for name in {*cleaned} - {*self.changed_data, "groups"}:
            cleaned[name] = getattr(now, name)
        if "groups" in cleaned:
            shown = {*cast(QueryDict, self.data).getlist(self.add_initial_prefix("groups"))}
            sent = {group.name for group in cleaned["groups"]}
            names = now.roles - (shown - sent) | (sent - shown)
            cleaned["groups"] = Group.objects.filter(name__in=names)
            others = active_with(Role.MANAGER).exclude(pk=now.pk)
            stays = cleaned.get("is_active") and manager in cleaned["groups"]
            if not stays and not others.exists():
                self.add_error(None, _("Nobody would look after people any more."))
        return cleaned


class ResetForm(forms.Form):
    """Why somebody's way in is taken away; a choice, as it goes on record."""

    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=[("", _("Choose")), *((each.value, each.label) for each in RESET_REASONS)],
        error_messages={"required": _("Choose why.")},
    )


def is_named(user: User) -> bool:
    """Whether a row tells that this account did something."""
    collector = NestedObjects(using=DEFAULT_DB_ALIAS)
    collector.collect([user])
    return bool(collector.protected)


def to_look_after(request: HttpRequest, pk: int) -> User:
    """Return the account, locked, which whoever asks may look after; Http404 where there is none.

    To be called in a transaction. Raises NotAllowed for whoever is no manager, for one's own
    account, and for a superuser's.
    """
    rows = User.objects.select_for_update(of=("self",), no_key=True)
    user = get_object_or_404(rows, pk=pk)
    manager = cast(User, request.user)
    if not manager.has_perm(MAY_CHANGE_PEOPLE):
        raise NotAllowed(MAY_CHANGE_PEOPLE, KIND, [user.username])
    if user.is_superuser or user == manager:
        raise NotAllowed("", KIND, [user.username])
    return user


def _to_page_of(user: User) -> HttpResponse:
    address = reverse("admin:clinic_site_user_change", args=[user.pk])
    return HttpResponseRedirect(address, status=303)


@asked_again
@transaction.atomic
def way_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how an account's person gets in; on POST invite them, or take every way in away.

    A link is shown in the answer itself, once, where there is no address to mail it to.
    """
    user, by = to_look_after(request, pk), Actor.staff(request)
    do = request.POST.get("do", "")
    form = ResetForm(request.POST if do == "reset" else None)
    token = ""
    if do == "end" and user.last_login:
        user.end_sessions()
        record_of(user, AccountAction.SESSIONS_ENDED, by=by)
        messages.success(request, gettext("%s is signed out everywhere.") % user.username)
        return _to_page_of(user)
    if do == "invite" and user.is_active and not user.last_login:
        token = invite(user=user, by=by, reason=InvitationReason.NEW)
    elif do == "reset" and user.is_active and form.is_valid():
        token = reset_access(user=user, by=by, reason=InvitationReason(form.cleaned_data["reason"]))
    if token:
        forget(request, form_sent(request))  # as the answer is a page
    return page(
        request,
        "way_in",
        title=gettext("How %s gets in") % user.username,
        person=user,
        form=form,
        invited=bool(token),
        link=link_of(token) if token and not user.email else "",
    )


@require_POST
@asked_again
@transaction.atomic
def confirm_name(request: HttpRequest, pk: int) -> HttpResponse:
    """Have patients read this name, as it was shown; nobody does for oneself."""
    user = to_look_after(request, pk)
    name = user.name_to_sign
    if name and request.POST.get("name") == name:
        user.confirmed_name, user.name_confirmed_by = name, cast(User, request.user)
        user.save(update_fields=["confirmed_name", "name_confirmed_by"])
        by = Actor.staff(request)
        record_of(user, AccountAction.NAME_CONFIRMED, by=by, detail=name[:100])
        text = gettext("%(user)s signs as %(name)s from now on.")
        messages.success(request, text % {"user": user.username, "name": name})
    else:
        text = gettext("The name was changed meanwhile. Look at it again, as it is now.")
        messages.warning(request, text)
    return _to_page_of(user)


@admin.register(User)
class PeopleAdmin(admin.ModelAdmin):
    """Accounts of staff. Superusers are made, and changed, in the shell alone."""

    form = PersonForm
    list_display = ["username", "full_name", "email", "shown_roles", "is_active"]
    list_filter = [
        "is_active",
        column_filter("groups__name", _("role"), lambda: [(role, role) for role in Role]),
    ]
    search_fields = ["username", "first_name", "last_name", "email"]
    ordering = ["username"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=_("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "-"

    @admin.display(description=_("roles"))
    def shown_roles(self, user: User) -> str:
        if user.is_superuser:
            return gettext("superuser")
        names = {group.name for group in user.groups.all()}
        return ", ".join(role for role in Role if role in names) or "-"

    def _may_set_roles(self, request: HttpRequest, user: User | None) -> bool:
        # Nobody sets their own, and nobody those of a superuser.
        return user is None or (user.pk != request.user.pk and not user.is_superuser)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        roles = "groups" if self._may_set_roles(request, obj) else "shown_roles"
        names = ["username", "first_name", "last_name", "email", "credentials", "physician"]
        since = [] if obj is None else ["last_login", "date_joined"]
        return [*names, roles, "is_active", *since]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["last_login", "date_joined", "shown_roles"]
        if obj is not None and obj.last_login is not None:
            fixed.append("username")  # the record calls them by it
        return fixed if self._may_set_roles(request, obj) else [*fixed, "groups", "is_active"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        touchable = obj is None or not obj.is_superuser
        return touchable and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # An account that did anything is deactivated: what it did names it.
        unused = obj is None or not (obj.is_superuser or obj.last_login or is_named(obj))
        return unused and super().has_delete_permission(request, obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Ask whoever may change it who they are, as early as when it is opened.

        What no box of this form sends, such as `is_superuser`, is refused with all the rest.
        """
        user = self.get_object(request, unquote(object_id)) if object_id else None
        may_add = user is None and self.has_add_permission(request)
        if may_add or self.has_change_permission(request, user):
            form = self.get_form(request, user, change=user is not None)
            sent = {name.removeprefix("initial-") for name in request.POST}
            if not sent <= {*form.base_fields, *BESIDE_THE_FIELDS}:
                raise NotAllowed("", KIND, [user.username] if user else [])
            if asked := ask_again(request):
                return asked
        try:
            return super().changeform_view(request, object_id, *args, **kwargs)
        except Problem as problem:
            messages.warning(request, str(problem))
            return HttpResponseRedirect(request.path, status=303)
        except User.DoesNotExist:  # it was deleted a moment ago
            raise Http404 from None

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        asked = ask_again(request) if self.has_delete_permission(request) else None
        return asked or super().delete_view(request, object_id, extra_context)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.is_staff = True
        if change:
            user = User.objects.select_for_update(no_key=True).get(pk=obj.pk)
            if user == request.user:
                refuse_unless_held(request, user)
            # Only what was changed: its owner may have another password, or have ended its
            # sessions, since it was read.
            obj.save(update_fields={*form.changed_data, "is_staff"} - {"groups"})
        else:
            obj.set_unusable_password()
            obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        user, by = form.instance, Actor.staff(request)
        before = user.read_roles()
        super().save_related(request, form, formsets, change)
        switched = change and "is_active" in form.changed_data
        names = [*form.changed_data] if change else ["added"]
        if switched and not user.is_active:
            names.remove("is_active")
            record_of(user, AccountAction.DEACTIVATED, by=by)
        if names := [name for name in names if name != "groups"]:
            record_of(user, AccountAction.PEOPLE_CHANGED, by=by, detail=", ".join(names))
        if change and (before_it := form.initial["email"]) not in {"", user.email}:
            tell(user, ADDRESS_CHANGED, before_it)
            user.invitations.filter(used_at=None).delete()  # whoever reads mail there opens it not
        if record_roles(user, before, by=by) or switched:
            user.end_sessions()

    def response_post_save_add(self, request: HttpRequest, obj: User) -> HttpResponseRedirect:
        # On to how they get in: an account by itself lets nobody in.
        return HttpResponseRedirect(reverse("admin:clinic_site_user_way_in", args=[obj.pk]))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # What is an account's own, such as its choice of mail, goes with it.
        shown, counts, _not_allowed, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        record_of(obj, AccountAction.PEOPLE_CHANGED, by=Actor.staff(request), detail="deleted")
        super().delete_model(request, obj)

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "clinic_site_user_"
        return [
            path("<int:pk>/confirm-name/", view(confirm_name), name=f"{name}confirm_name"),
            path("<int:pk>/way-in/", view(way_in), name=f"{name}way_in"),
            *super().get_urls(),
        ]
