"""What the admin's front page lists: what is still to be done, and pages to open at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.crypto.key_check import keys_are_right
from clinic_site.mail.models import MailState, OutboxMessage, WorkerBeat
from clinic_site.models import Clinic, Notice, Physician


@dataclass(frozen=True)
class ToDo:
    """One thing for staff to do, and the admin page where it is done; "" where none is."""

    text: str
    address: str
    first: bool = False


@dataclass(frozen=True)
class Shortcut:
    """A page of the admin that is one click away from its front page."""

    text: str
    address: str


T = TypeVar("T")
# Tells of each permission, such as "clinic_site.change_clinic", whether the reader has it.
May = Callable[[str], bool]
Source = Callable[[May], Iterable[T]]


class _Sources(Generic[T]):
    def __init__(self) -> None:
        self.sources: list[tuple[tuple[str, ...], Source[T]]] = []

    def add(self, *permissions: str) -> Callable[[Source[T]], Source[T]]:
        """Register a function that gives entries, in order, to who has one of these permissions.

        It is told what the reader may do: an entry leads to no page that is not open to them.
        """

        def register(source: Source[T]) -> Source[T]:
            self.sources.append((permissions, source))
            return source

        return register

    def found(self, may: May) -> list[T]:
        """Return every entry for the reader, read from the database now."""
        sources = [source for permissions, source in self.sources if any(map(may, permissions))]
        return [each for source in sources for each in source(may)]


_todo = _Sources[ToDo]()
_shortcuts = _Sources[Shortcut]()
adds_todo, adds_shortcuts = _todo.add, _shortcuts.add
open_shortcuts = _shortcuts.found


def open_todo(may: May) -> list[ToDo]:
    """Return every open task for the reader; what cannot wait comes first."""
    return sorted(_todo.found(may), key=lambda task: not task.first)


@adds_todo("clinic_site.change_clinic")
def clinic_todo(may: May) -> Iterable[ToDo]:
    """What the facts about the clinic still lack."""
    clinic = Clinic.objects.first()
    if clinic is None:
        yield ToDo(_("Enter the clinic's name and phone."), reverse("admin:clinic_site_clinic_add"))
        return
    change = reverse("admin:clinic_site_clinic_change", args=[clinic.pk])
    if not clinic.time_zone:
        yield ToDo(_("Confirm the clinic's time zone."), change)
    if not clinic.before_visit.strip():
        yield ToDo(_("Say what patients should know before a visit."), change)


@adds_todo("clinic_site.change_physician")
def physician_todo(may: May) -> Iterable[ToDo]:
    """What the facts about its physicians still lack."""
    for physician in Physician.objects.active():
        if not physician.practice.strip():
            yield ToDo(
                _("Say what %s does for the conditions on this site.") % physician.name,
                reverse("admin:clinic_site_physician_change", args=[physician.pk]),
            )


@adds_todo("clinic_site.change_notice")
def notice_todo(may: May) -> Iterable[ToDo]:
    """Notices that the clinic has not supplied, or confirmed."""
    for notice in Notice.objects.prefetch_related("lines"):
        change = reverse("admin:clinic_site_notice_change", args=[notice.pk])
        if notice.is_missing:
            yield ToDo(_("Supply the notice “%s”: the law asks for it.") % notice.title, change)
        elif not notice.confirmed:
            yield ToDo(_("Have counsel confirm the notice “%s”.") % notice.title, change)


@adds_todo("clinic_site.view_outboxmessage")
def mail_todo(may: May) -> Iterable[ToDo]:
    """Mail that did not go out, and a worker that sends none."""
    mails = reverse("admin:clinic_site_outboxmessage_changelist")
    beat = WorkerBeat.objects.first()
    # While a key is wrong the worker waits for it, and that is a task of its own.
    if (beat is None or beat.is_silent) and keys_are_right():
        yield ToDo(
            _("No mail goes out: its worker does not run. Tell whoever runs this site."),
            mails,
            first=True,
        )
    if late := OutboxMessage.objects.late().count():
        text = ngettext("%d mail waits to be sent.", "%d mails wait to be sent.", late) % late
        yield ToDo(text, f"{mails}?state__exact={MailState.WAITING}", first=True)
    if dead := OutboxMessage.objects.dead().count():
        text = ngettext("%d mail could not be sent.", "%d mails could not be sent.", dead) % dead
        yield ToDo(text, f"{mails}?state__exact={MailState.DEAD}", first=True)
