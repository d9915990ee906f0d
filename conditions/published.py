"""What patients can see now, from memory: the list that menus and the request form offer."""

from clinic_site.clinic import Remembered
from conditions.models import Condition


def _read() -> list[tuple[str, str]]:
    return list(Condition.objects.published().values_list("slug", "live__title"))


# (slug, title) of each published condition, by title.
published_conditions: Remembered[list[tuple[str, str]]] = Remembered(_read, default=list)
