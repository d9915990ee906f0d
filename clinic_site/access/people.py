"""Accounts of staff in the admin: who there is, and their roles. Passwords have no page."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import admin as djangos_accounts  # noqa: F401  registers its pages
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.access.again import ask_again, asked_again
from clinic_site.access.models import User, active_managers
from clinic_site.access.record import KIND, AccountAction, record_of, record_roles, roles_of
from clinic_site.access.refused import NotAllowed
from clinic_site.access.roles import Role
from clinic_site.access.told import ADDRESS_CHANGED, tell
from clinic_site.access.way_in import to_look_after, way_in
from clinic_site.actor import Actor

admin.site.unregister(Group)

WHAT_THEY_DO = {
    Role.EDITOR: _("editor: writes and publishes pages"),
    Role.CLINICIAN: _("clinician: signs pages"),
    Role.SCHEDULER: _("scheduler: works through patients' requests"),
    Role.MANAGER: _("manager: looks after people, settings and the record"),
}
# What the form sends beside its fields; and the name, which a form shown earlier may have had.
BESIDE_THE_FIELDS = {
    *("csrfmiddlewaretoken", "_save", "_continue", "_addanother", "_popup", "_to_field"),
    "username",
}


class RolesField(forms.ModelMultipleChoiceField):
    """A box for each role, sent by the role's name, which people can read where a form is kept."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Group) -> str:
        return str(WHAT_THEY_DO[Role(obj.name)])


class PersonForm(forms.ModelForm):
    """One account; somebody is to look after people at any time."""

    groups = RolesField(
        Group.objects.filter(name__in=Role).order_by("pk"),
        to_field_name="name",
        required=False,
        label=_("Roles"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.instance.pk and "groups" in cleaned:
            # So that two who take the role from each other at once come one after the other.
            manager = Group.objects.select_for_update().get(name=Role.MANAGER)
            others = active_managers().exclude(pk=self.instance.pk)
            stays = cleaned.get("is_active") and manager in cleaned["groups"]
            if not stays and not others.exists():
                self.add_error(None, _("Nobody would look after people any more."))
        return cleaned


class RoleFilter(admin.SimpleListFilter):
    """What somebody does at the clinic."""

    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(role, role) for role in Role]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


def is_named(user: User) -> bool:
    """Whether a row tells that this account did something."""
    relations = [
        each
        for each in User._meta.get_fields(include_hidden=True)
        if isinstance(each, ForeignObjectRel) and each.on_delete is models.PROTECT
    ]
    return any(
        each.related_model._base_manager.filter(**{each.field.name: user}).exists()
        for each in relations
    )


@admin.register(User)
class PeopleAdmin(admin.ModelAdmin):
    """Accounts of staff. Superusers are made, and changed, in the shell alone."""

    form = PersonForm
    list_display = ["username", "full_name", "email", "shown_roles", "is_active"]
    list_filter = ["is_active", RoleFilter]
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
        """The roles, in words; a superuser's are none of its four."""
        if user.is_superuser:
            return gettext("superuser")
        names = {group.name for group in user.groups.all()}
        return ", ".join(role for role in Role if role in names) or "-"

    def _may_set_roles(self, request: HttpRequest, user: User | None) -> bool:
        """Nobody sets their own, and nobody those of a superuser."""
        return user is None or (user.pk != request.user.pk and not user.is_superuser)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        roles = "groups" if self._may_set_roles(request, obj) else "shown_roles"
        names = ["username", "first_name", "last_name", "email", "credentials", "physician"]
        since = [] if obj is None else ["last_login", "date_joined"]
        return [*names, roles, "is_active", *since]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Once somebody has signed in, the name stays: the record calls them by it."""
        fixed = ["last_login", "date_joined", "shown_roles"]
        if obj is not None and obj.last_login is not None:
            fixed.append("username")
        return fixed if self._may_set_roles(request, obj) else [*fixed, "groups", "is_active"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        touchable = obj is None or not obj.is_superuser
        return touchable and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account that did anything is deactivated: what it did names it."""
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
        asked = None
        if may_add or self.has_change_permission(request, user):
            form = self.get_form(request, user, change=user is not None)
            if not {*request.POST} <= {*form.base_fields, *BESIDE_THE_FIELDS}:
                raise NotAllowed("", KIND, [user.username] if user else [])
            asked = ask_again(request)
        return asked or super().changeform_view(request, object_id, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        asked = ask_again(request) if self.has_delete_permission(request) else None
        return asked or super().delete_view(request, object_id, extra_context)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Make an account of staff, which no password opens yet.

        Of one that is there, only the form's columns are written: its owner may have another
        password, or have ended its sessions, since it was read.
        """
        obj.is_staff = True
        if change:
            obj.save(update_fields={*form.fields, "is_staff"} - {"groups"})
        else:
            obj.set_unusable_password()
            obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Put on record what changed; whoever has other roles now signs in anew."""
        user = form.instance
        before = roles_of(user)
        super().save_related(request, form, formsets, change)
        by = Actor.staff(request)
        switched = change and "is_active" in form.changed_data
        names = [*form.changed_data] if change else ["added"]
        if switched and not user.is_active:
            names.remove("is_active")
            record_of(user, AccountAction.DEACTIVATED, by=by)
        if names := [name for name in names if name != "groups"]:
            record_of(user, AccountAction.PEOPLE_CHANGED, by=by, detail=", ".join(names))
        if change and "email" in form.changed_data:
            tell(user, ADDRESS_CHANGED, form.initial["email"])
            user.invitations.filter(used_at=None).delete()  # whoever reads mail there opens it not
        has_other_roles = record_roles(user, before, by=by)
        if change and (has_other_roles or switched):
            user.end_sessions()

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: Any = None) -> Any:
        """Lead on to how they get in: an account by itself lets nobody in."""
        then = reverse("admin:clinic_site_user_way_in", args=[obj.pk])
        answer = super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(then) if "_save" in request.POST else answer

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is an account's own, such as its choice of mail, goes with it."""
        shown, counts, _not_allowed, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        by = Actor.staff(request)
        record_of(obj, AccountAction.PEOPLE_CHANGED, by=by, detail="deleted")
        super().delete_model(request, obj)

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "clinic_site_user_"
        confirm = view(asked_again(self.confirm_name))
        return [
            path("<int:pk>/confirm-name/", confirm, name=f"{name}confirm_name"),
            path("<int:pk>/way-in/", view(way_in), name=f"{name}way_in"),
            *super().get_urls(),
        ]

    @transaction.atomic
    def confirm_name(self, request: HttpRequest, pk: int) -> HttpResponse:
        """On POST, have patients read this name, as it was shown; nobody does for oneself."""
        user = to_look_after(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
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
        return HttpResponseRedirect(reverse("admin:clinic_site_user_change", args=[pk]), status=303)
