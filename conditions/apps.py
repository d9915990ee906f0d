"""The app of conditions and treatments."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConditionsConfig(AppConfig):
    """Names the app in the admin and adds its tasks to the list there."""

    name = "conditions"
    verbose_name = _("Conditions and treatments")

    def ready(self) -> None:
        """Add the tasks."""
        from conditions import tasks  # noqa: F401  needs the models to be loaded
