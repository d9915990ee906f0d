"""What managers still have to do for people, for the list on the admin's front page."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.access.models import User
from clinic_site.access.roles import Role
from clinic_site.todo import May, ToDo, adds_todo


@adds_todo("clinic_site.change_user")
def name_todo(may: May) -> Iterable[ToDo]:
    """Clinicians whose name is not confirmed, so that they cannot sign."""
    clinicians = User.objects.filter(
        groups__name=Role.CLINICIAN, is_active=True, is_superuser=False
    )
    for user in clinicians.select_related("physician").order_by("username"):
        if not user.signs_as:
            confirm = _("Confirm the name with which %s signs pages.")
            text = confirm if user.name_to_sign else _("Enter the name with which %s signs pages.")
            address = reverse("admin:clinic_site_user_change", args=[user.pk])
            yield ToDo(text % user.username, address)
