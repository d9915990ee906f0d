"""The app of conditions and treatments."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConditionsConfig(AppConfig):
    """Names the app in the admin."""

    name = "conditions"
    verbose_name = _("Conditions and treatments")
