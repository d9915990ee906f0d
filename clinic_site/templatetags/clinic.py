"""Template tags that pages and the admin share."""

from django import template
from django.db.models import QuerySet
from django.template import Context

from clinic_site.access.models import User, active_with
from clinic_site.access.roles import Role
from clinic_site.markdown import render
from clinic_site.pictures import picture_of
from clinic_site.todo import Line, open_shortcuts, open_todo

register = template.Library()


@register.simple_tag(takes_context=True)
def todo(context: Context) -> list[Line]:
    """What is still to be done by who is signed in."""
    return open_todo(context["request"].user.has_perm)


@register.simple_tag(takes_context=True)
def shortcuts(context: Context) -> list[Line]:
    """Which pages of the admin are one click away for who is signed in."""
    return open_shortcuts(context["request"].user.has_perm)


@register.simple_tag
def managers() -> QuerySet[User]:
    """Whom staff ask for a role."""
    return active_with(Role.MANAGER).order_by("last_name", "username")


register.filter("markdown", render)
register.simple_tag(picture_of)
