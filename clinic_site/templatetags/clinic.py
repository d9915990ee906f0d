"""Template tags that pages and the admin share."""

import functools
import re
from dataclasses import dataclass

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString

from clinic_site.clinic import picture_sizes
from clinic_site.markdown import render
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


@dataclass(frozen=True)
class Picture:
    """Where a document's picture is served, and its size in CSS pixels."""

    address: str
    width: int
    height: int


@functools.cache
def _drawing_size(name: str) -> tuple[int, int]:
    svg = (settings.BASE_DIR / "static" / "img" / f"{name}.svg").read_text(encoding="utf-8")
    view_box = re.search(r'viewBox="\S+ \S+ (\d+) (\d+)"', svg)
    if view_box is None:
        raise ValueError(f"static/img/{name}.svg has no viewBox in whole numbers.")
    return int(view_box[1]), int(view_box[2])


@register.simple_tag
def picture_of(source: str) -> Picture | None:
    """The picture that `drawing:NAME` or `picture:HASH` names; None for one that is gone."""
    kind, _colon, name = source.partition(":")
    if kind == "drawing":
        return Picture(static(f"img/{name}.svg"), *_drawing_size(name))
    size = picture_sizes().get(name)
    return Picture(reverse("picture", args=[name]), *size) if size else None
