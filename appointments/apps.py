"""The app of requests from patients."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    """Names the app in the admin, and registers what is its own with clinic_site."""

    name = "appointments"
    verbose_name = _("Requests from patients")

    def ready(self) -> None:
        # They need the models to be loaded.
        from appointments import mails, readiness, roles, todo  # noqa: F401
        from appointments.services import news, purge  # noqa: F401
        from appointments.staff import queue  # noqa: F401
        from clinic_site.logs import hide

        hide(r"(/appointments/(?:received|status|mail)/)[^\s/?#\"']+", r"\1(token)")
