"""Template tags that pages and the admin share."""

from django import template
from django.utils.safestring import SafeString

from clinic_site.markdown import render
from clinic_site.pictures import picture_of
from clinic_site.todo import ToDo, open_todo

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """A bio or a notice as HTML."""
    return render(text)


@register.simple_tag
def todo() -> list[ToDo]:
    """What is still to be done by staff."""
    return open_todo()


register.simple_tag(picture_of)
