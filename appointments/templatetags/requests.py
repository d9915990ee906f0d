"""What the admin's front page tells of requests."""

from django import template
from django.utils import timezone

from appointments.staff.figures import Week, counts, weeks

register = template.Library()


@register.simple_tag
def request_counts() -> list[tuple[str, str, int]]:
    """How many requests are new, contacting, suspected, scheduled."""
    return counts()


@register.simple_tag
def request_weeks() -> list[Week]:
    """Requests and time to the first answer, by week."""
    return weeks(timezone.now())


@register.filter
def hours_and_minutes(delta: object) -> str:
    """A stretch of time in words, to the minute or the hour: 3 h 20 min, 4 d 2 h."""
    minutes = int(delta.total_seconds() // 60)  # type: ignore[attr-defined]
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"
