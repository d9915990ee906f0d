"""Template tags that pages and the admin share."""

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from clinic_site.markdown import render
from clinic_site.pictures import picture_of
from clinic_site.todo import ToDo, open_todo

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """A bio or a notice as HTML."""
    return render(text)


@register.simple_tag(takes_context=True)
def todo(context: Context) -> list[ToDo]:
    """What is still to be done by who is signed in."""
    return open_todo(context["request"].user.has_perm)


register.simple_tag(picture_of)
