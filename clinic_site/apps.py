"""The app of what every page shares."""

from django.apps import AppConfig
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db.models.signals import post_migrate
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _

from clinic_site.logs import expect, hide


class ClinicSiteConfig(AppConfig):
    """Names the app in the admin and registers its checks."""

    name = "clinic_site"
    verbose_name = _("The clinic")

    def ready(self) -> None:
        # SuspiciousOperation: such as a host that is not ours.
        expect(BadRequest, MultiPartParserError, PermissionDenied, SuspiciousOperation)
        expect(UnreadablePostError)
        hide(r"(/admin/invitation/)[^\s/?#\"']+", r"\1(token)")
        # They need the models to be loaded.
        from clinic_site import checks  # noqa: F401  they register themselves
        from clinic_site.access import invitations  # noqa: F401  it registers a mail
        from clinic_site.access.roles import make_roles
        from clinic_site.audit.triggers import install_triggers
        from clinic_site.crypto.key_check import make_key_check

        # Once after each migration, and before what needs the tables as they are now.
        for after in (install_triggers, make_key_check, make_roles):
            post_migrate.connect(after, sender=self)
