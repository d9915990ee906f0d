"""The app of requests from patients."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    """Names the app in the admin."""

    name = "appointments"
    verbose_name = _("Requests from patients")
