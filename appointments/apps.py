"""The app of requests from patients."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    """Names the app in the admin; adds its tasks there, and its checks to /readyz."""

    name = "appointments"
    verbose_name = _("Requests from patients")

    def ready(self) -> None:
        """Add the tasks and the checks, and what is done after each migrate."""
        from appointments import readiness, tasks  # noqa: F401  they need the models to be loaded
