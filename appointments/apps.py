"""The app of requests from patients."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    """Names the app in the admin and adds its tasks to the list there."""

    name = "appointments"
    verbose_name = _("Requests from patients")

    def ready(self) -> None:
        """Add the tasks."""
        from appointments import tasks  # noqa: F401  needs the models to be loaded
