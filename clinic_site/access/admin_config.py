"""The admin's app. A module of its own, as it is read before any model is loaded."""

from django.contrib.admin.apps import AdminConfig


class ClinicAdminConfig(AdminConfig):
    """Django's admin, on a site of our own."""

    default_site = "clinic_site.access.site.ClinicAdminSite"
