"""The four roles, and what each may do, model by model. The apps add what is theirs.

What stands here is all there is: Django's own rows of permissions grant nothing. A role is a
group of Django's, so that an account can have several.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection, models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody does at the clinic; in a small one, one person does all of it."""

    EDITOR = "editor", _("editor: writes and publishes pages")
    CLINICIAN = "clinician", _("clinician: signs pages")
    SCHEDULER = "scheduler", _("scheduler: works through patients' requests")
    MANAGER = "manager", _("manager: looks after people, settings and the record")


_granted: dict[Role, set[str]] = {role: set() for role in Role}
_not_for_superusers: set[str] = set()


def grant(role: Role, actions: str, *models: str, patients: bool = False) -> None:
    """Let a role do these actions ("view change") to these models ("clinic_site.notice").

    `patients` says that it shows something of patients: then it is not for superusers, who look
    after the site and treat nobody.
    """
    parts = [model.split(".") for model in models]
    permissions = {f"{app}.{action}_{name}" for app, name in parts for action in actions.split()}
    _granted[role] |= permissions
    if patients:
        _not_for_superusers.update(permissions)


def permissions_of(roles: Iterable[Role]) -> set[str]:
    """Return all that these roles may do together, as Django names it: "app.change_model"."""
    return {permission for role in roles for permission in _granted[role]}


def permissions_of_superusers() -> set[str]:
    """Return what a superuser may do, whatever roles they have beside."""
    return permissions_of(Role) - _not_for_superusers


def roles_with(permission: str) -> list[Role]:
    """Return the roles that may do it."""
    return [role for role in Role if permission in _granted[role]]


def make_roles(sender: Any, **kwargs: Any) -> None:
    """Make the row of each role where it is not there yet (receives post_migrate).

    Not a migration's work: Django's flush, between tests that commit, would lose the rows.
    """
    if Group._meta.db_table in connection.introspection.table_names():
        for role in Role:
            Group.objects.get_or_create(name=role)


grant(Role.EDITOR, "view add change delete", "clinic_site.picture", "clinic_site.languageline")
grant(Role.EDITOR, "view add change", "clinic_site.physician", "clinic_site.notice")
grant(Role.SCHEDULER, "view change", "clinic_site.outboxmessage")
grant(Role.MANAGER, "view add change", "clinic_site.clinic")
grant(Role.MANAGER, "view add change delete", "clinic_site.user", "clinic_site.openinghours")
grant(Role.MANAGER, "view add change delete", "clinic_site.closedday", "clinic_site.languageline")
grant(Role.MANAGER, "view change", "clinic_site.notice", "clinic_site.outboxmessage")
grant(Role.MANAGER, "view", "clinic_site.auditevent")
grant(Role.MANAGER, "change", "clinic_site.mailchoice")
