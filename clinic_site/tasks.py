"""What is still to be done by the clinic: the list on the admin's front page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.models import Clinic, Notice, Physician


@dataclass(frozen=True)
class Task:
    """One thing for staff to do, and the admin page where it is done."""

    text: str
    address: str
    first: bool = False


_sources: list[Callable[[], Iterable[Task]]] = []


def adds_tasks(source: Callable[[], Iterable[Task]]) -> Callable[[], Iterable[Task]]:
    """Register a function that returns open tasks; an app's `tasks` module holds its own."""
    _sources.append(source)
    return source


def open_tasks() -> list[Task]:
    """Return every open task, read from the database now; what cannot wait comes first."""
    return sorted((task for source in _sources for task in source()), key=lambda t: not t.first)


@adds_tasks
def clinic_tasks() -> Iterable[Task]:
    """What the facts about the clinic and its physicians still lack."""
    clinic = Clinic.objects.first()
    if clinic is None:
        yield Task(_("Enter the clinic's name and phone."), reverse("admin:clinic_site_clinic_add"))
    else:
        change = reverse("admin:clinic_site_clinic_change", args=[clinic.pk])
        if not clinic.time_zone:
            yield Task(_("Confirm the clinic's time zone."), change)
        if not clinic.before_visit.strip():
            yield Task(_("Say what patients should know before a visit."), change)
    for physician in Physician.objects.active():
        if not physician.practice.strip():
            yield Task(
                _("Say what %s does for the conditions on this site.") % physician.name,
                reverse("admin:clinic_site_physician_change", args=[physician.pk]),
            )
    for notice in Notice.objects.prefetch_related("lines"):
        change = reverse("admin:clinic_site_notice_change", args=[notice.pk])
        if notice.is_missing:
            yield Task(_("Supply the notice “%s”: the law asks for it.") % notice.title, change)
        elif not notice.confirmed:
            yield Task(_("Have counsel confirm the notice “%s”.") % notice.title, change)
