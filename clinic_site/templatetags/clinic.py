"""Template tags that pages and the admin share."""

from django import template
from django.utils.safestring import SafeString

from clinic_site.markdown import render
from clinic_site.pictures import picture_of
from clinic_site.tasks import Task, open_tasks

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """A bio or a notice as HTML."""
    return render(text)


@register.simple_tag
def tasks() -> list[Task]:
    """The open tasks of the clinic's staff."""
    return open_tasks()


register.simple_tag(picture_of)
