"""The app of conditions and treatments."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConditionsConfig(AppConfig):
    """Names the app in the admin and adds what is to be done to the list there."""

    name = "conditions"
    verbose_name = _("Conditions and treatments")

    def ready(self) -> None:
        from conditions import pictures, roles, todo  # noqa: F401  they need the models to be loaded
