"""The admin site: everything that staff do is behind it."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class ClinicAdminSite(admin.AdminSite):
    """The one admin site."""

    index_title = _("Home")
