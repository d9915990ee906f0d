"""Accounts of staff in the admin: who there is, and their roles. Passwords have no page."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import admin as djangos_accounts  # noqa: F401  registers its pages
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest

from clinic_site.access.models import User

admin.site.unregister(Group)


@admin.register(User)
class PeopleAdmin(admin.ModelAdmin):
    """Accounts of staff."""

    list_display = ["username", "first_name", "last_name", "email", "is_active"]
    list_filter = ["is_active", "groups"]
    search_fields = ["username", "first_name", "last_name", "email"]
    fields = [
        *("username", "first_name", "last_name", "email", "groups", "is_active"),
        *("last_login", "date_joined"),
    ]
    readonly_fields = ["last_login", "date_joined"]
    # Without the help text, which each of the boxes would repeat.
    formfield_overrides = {
        models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple, "help_text": ""}
    }

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Make an account of staff, which no password opens yet."""
        if not change:
            obj.is_staff = True
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Whoever has other roles now signs in anew."""
        super().save_related(request, form, formsets, change)
        if change and "groups" in form.changed_data:
            form.instance.end_sessions()
